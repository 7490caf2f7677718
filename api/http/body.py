"""Read a body: bounded before it is parsed, then strict JSON. Whatever the bytes are, the answer is a typed refusal."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from api.execution.run import Request
from api.http.errors import BodyTooLarge, RequestRefused, RequestTooSlow

Receive = Callable[[], Awaitable[Any]]
_INTEGER_DIGITS: Final = 20
_NESTING: Final = 60
_READ_SECONDS: Final = 20.0
_DIGITS: Final = re.compile(r"[0-9]+")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class ClientLeft(Exception):
    """The caller closed the connection while sending; there is nobody to answer."""


async def read_body(receive: Receive, declared: str, limit: int) -> bytes:
    """Return at most `limit` bytes; more, declared or chunked, raises `BodyTooLarge` without being kept."""
    if _DIGITS.fullmatch(declared) and (len(declared) > _INTEGER_DIGITS or int(declared) > limit):
        raise too_large(limit)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_READ_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientLeft
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > limit:
                    raise too_large(limit)
                chunks.append(chunk)
                if not message.get("more_body"):
                    return b"".join(chunks)
    except TimeoutError:
        raise RequestTooSlow("The body did not arrive in time, so nothing ran. Send it again.") from None


def parse_request(body: bytes) -> Request:
    """Return the request in a JSON body; unknown members are ignored as the specification asks."""
    return request_of(parse_object(body))


def request_of(members: Mapping[str, Any]) -> Request:
    """Return the request that the members of a JSON object make, in a body or in a message of a socket."""
    document = members.get("query")
    name = members.get("operationName")
    variables = members.get("variables")
    if not isinstance(document, str) or not document.strip():
        raise RequestRefused("The body has no `query` with a GraphQL document, so nothing ran.")
    if name is not None and not isinstance(name, str):
        raise RequestRefused("`operationName` is not a string, so nothing ran.")
    if variables is not None and not isinstance(variables, dict):
        raise RequestRefused("`variables` is not a JSON object, so nothing ran.")
    if not isinstance(members.get("extensions") or {}, dict):
        raise RequestRefused("`extensions` is not a JSON object, so nothing ran.")
    explained = (members.get("extensions") or {}).get("explain") is True
    request = Request(document, name or None, variables or {}, explain=explained)
    if _unstorable(members):
        raise RequestRefused(
            "The request holds a character that no text can keep (NUL or half of a surrogate pair), so nothing ran."
        )
    return request


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`; refuses duplicates, NaN, huge numbers, deep nesting, and anything else."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise RequestRefused("The body is not UTF-8, so nothing ran.") from None
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_constant
        )
    except RequestRefused:
        raise
    except RecursionError:
        raise RequestRefused("The body is nested too deeply, so nothing ran.") from None
    except ValueError:
        raise RequestRefused("The body is not JSON, so nothing ran.") from None
    if isinstance(value, list):
        raise RequestRefused("Several requests in one body are not taken; send one object each. Nothing ran.")
    if not isinstance(value, dict):
        raise RequestRefused("The body is not a JSON object, so nothing ran.")
    if _depth(value) > _NESTING:
        raise RequestRefused("The body is nested too deeply, so nothing ran.")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise RequestRefused("The body names a member twice, so nothing ran.")
    return value


def _integer(digits: str) -> int:
    if len(digits) > _INTEGER_DIGITS:
        raise RequestRefused("The body holds a number with too many digits, so nothing ran.")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _constant(digits)


def _constant(_name: str) -> float:
    raise RequestRefused("The body holds a number that is not finite, so nothing ran.")


def _depth(value: Any) -> int:
    deepest = 0
    waiting = [(value, 1)]
    while waiting:
        item, level = waiting.pop()
        deepest = max(deepest, level)
        children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        waiting += [(child, level + 1) for child in children]
    return deepest


def _unstorable(value: Any) -> bool:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if "\x00" in item or _SURROGATE.search(item):
                return True
        elif isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
    return False


def too_large(limit: int) -> BodyTooLarge:
    """Return the refusal that names the limit."""
    return BodyTooLarge(f"The body is larger than {limit} bytes, so nothing ran. Send less.")
