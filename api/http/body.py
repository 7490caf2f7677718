"""Read a body: bounded before it is parsed. Whatever the bytes are, the answer is a typed refusal."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from api.http.errors import BodyTooLarge

Receive = Callable[[], Awaitable[Any]]
_LENGTH_DIGITS: Final = 20
_DIGITS: Final = re.compile(r"[0-9]+")


class ClientLeft(Exception):
    """The caller closed the connection; there is nobody to answer."""


async def read_body(receive: Receive, declared: str, limit: int) -> bytes:
    """Return at most `limit` bytes; more, declared or chunked, raises `BodyTooLarge` without being kept.

    It waits as long as its caller lets it.
    """
    if _DIGITS.fullmatch(declared) and (len(declared) > _LENGTH_DIGITS or int(declared) > limit):
        raise too_large(limit)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        if not message.get("more_body"):
            return b"".join([*chunks, chunk]) if chunks else chunk
        chunks.append(chunk)


def too_large(limit: int) -> BodyTooLarge:
    """Return the refusal that names the limit."""
    return BodyTooLarge(f"The request is larger than {limit} bytes, so nothing ran. Send less.")
