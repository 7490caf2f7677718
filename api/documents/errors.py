"""Why documents were not loaded."""

from __future__ import annotations

from collections.abc import Sequence

from api.kit.errors import CertificateManagerError


class DocumentsRefused(CertificateManagerError):
    """Some of the documents cannot be trusted; none was loaded. The message names each and what is wrong with it."""

    code = "DOCUMENTS_REFUSED"

    def __init__(self, problems: Sequence[str]) -> None:
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"No document was loaded, because these are wrong:\n{lines}")
