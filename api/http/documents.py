"""From what a request names to the text that runs: sent whole, or a trusted document by its id.

The rule: an id we do not know is looked for once more, in what other processes may have loaded, and then refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from api.execution.errors import DocumentNotFound, DocumentNotTrusted, PersistedQueryNotFound
from api.execution.run import Request
from api.execution.trusted import TrustedDocuments
from api.http.requests import Asked
from api.viewer import Viewer


async def _nothing_more() -> None:
    """Know of no other place where documents could be."""


@dataclass(frozen=True, slots=True)
class Documents:
    """Trusted documents as requests use them. `only` refuses all others from callers without an API token."""

    trusted: TrustedDocuments = field(default_factory=TrustedDocuments)
    look_again: Callable[[], Awaitable[None]] = _nothing_more
    only: bool = False

    async def request(self, asked: Asked, viewer: Viewer, *, queries_only: bool = False) -> Request:
        """Return the request to run; raises `DocumentNotFound` or `DocumentNotTrusted`."""
        text, trusted = asked.document, False
        if asked.document_id is not None:
            text, trusted = await self._text(asked.document_id, apollo=asked.apollo), True
        elif self.only and viewer.api_token_id is None:
            await self._require(text)
            trusted = True
        return Request(
            text, asked.operation_name, asked.variables, asked.explain, trusted=trusted, queries_only=queries_only
        )

    async def _text(self, wanted: str, *, apollo: bool) -> str:
        text = self.trusted.text_of(wanted)
        if text is None:
            await self.look_again()
            text = self.trusted.text_of(wanted)
        if text is None:
            kind = PersistedQueryNotFound if apollo else DocumentNotFound
            raise kind("No document is known by this id, so nothing ran. Load it, or send its text as `query`.")
        return text

    async def _require(self, text: str) -> None:
        if not self.trusted.holds(text):
            await self.look_again()
        if not self.trusted.holds(text):
            raise DocumentNotTrusted(
                "This installation runs documents that were loaded beforehand alone, and this is none of them, so "
                "nothing ran. Have it loaded, or use an API token."
            )
