"""The bytes of a request: the document as shipped in `documents/`, and the variables.

One function makes every body, so what `report --dry-run` prints is what `report` sends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def document(operation: str) -> str:
    """Return the text of the operation's own file, unchanged."""
    return (files("sslm_agent") / "documents" / f"{operation}.graphql").read_text(encoding="utf-8")


def encode_body(operation: str, variables: Mapping[str, object]) -> bytes:
    """Return the HTTP body; the same input gives the same bytes."""
    content = {"query": document(operation), "operationName": operation, "variables": variables}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
