"""Whether all servers answer alike: asked before anything is timed, for several viewers and every question.

Ids, cursors and moments of PostGraphile are its own; they are read and written in our form before they are compared.
`extensions` are left aside: what an answer cost is no part of it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bench.graphql import wire
from bench.graphql.data import Caller
from bench.graphql.questions import Question

_KINDS: Final = {"Account": wire.ACCOUNT, "Domain": wire.DOMAIN, "Certificate": wire.CERTIFICATE}
_MOMENTS: Final = frozenset({"createdAt", "notBefore", "notAfter", "revokedAt"})
_LONGEST_SHOWN: Final = 600
Ask = Callable[[str, dict[str, Any], str], Awaitable[tuple[int, bytes]]]
"""Sends a body to a server, by key, with an API token; returns status and answer."""


class Different(AssertionError):
    """Two servers do not answer alike, or one answers with errors; nothing was timed."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long the answers of a server to a question are, in octets."""

    least: int
    most: int


def document_for(key: str, question: Question) -> dict[str, Any]:
    """Return the body for a server: PostGraphile writes the name of one scalar in another way."""
    body = question.body()
    return body | {"query": dialect(key, body["query"])}


def dialect(key: str, text: str) -> str:
    """Write a document, or a request that holds it, as a server wants it."""
    return text.replace("DateTime!", "Datetime!") if key == "E" else text


async def compare(
    keys: Sequence[str], questions: Sequence[Question], callers: Sequence[Caller], ask: Ask
) -> dict[tuple[str, str], Sizes]:
    """Ask everybody everything; raise `Different` at the first difference, else return the sizes of the answers."""
    sizes: dict[tuple[str, str], Sizes] = {}
    for question in questions:
        for caller in callers:
            expected: Any = None
            for key in keys:
                status, text = await ask(key, document_for(key, question), caller.api_token)
                answer = read(key, question, status, text)
                if expected is None:
                    expected = answer
                if answer != expected:
                    raise Different(_difference(key, keys[0], question, answer, expected))
                known = sizes.get((key, question.key), Sizes(len(text), len(text)))
                sizes[key, question.key] = Sizes(min(known.least, len(text)), max(known.most, len(text)))
    return sizes


def read(key: str, question: Question, status: int, text: bytes) -> Any:
    """Return the data of an answer in our form; raise `Different` for an answer with errors."""
    answer = json.loads(text)
    if status != 200 or answer.get("errors") or not answer.get("data"):
        raise Different(f"{key} does not answer {question.key} (status {status}): {text[:_LONGEST_SHOWN].decode()}")
    return _ours(answer["data"]) if key == "E" else answer["data"]


def _ours(value: Any) -> Any:
    if isinstance(value, list):
        return [_ours(item) for item in value]
    if not isinstance(value, dict):
        return value
    written = {name: _field(name, item) for name, item in value.items()}
    page, edges = written.get("pageInfo"), written.get("edges")
    if page and edges and page.get("endCursor") is not None:
        last = base64.urlsafe_b64decode(edges[-1]["node"]["id"] + "==")
        page["endCursor"] = wire.encode_cursor(UUID(bytes=last[1:]))
    return written


def _field(name: str, value: Any) -> Any:
    if name == "id":
        kind, row_id = json.loads(base64.b64decode(value))
        return wire.encode_id(_KINDS[kind], UUID(row_id))
    if name in _MOMENTS and value is not None:
        return wire.encode_moment(datetime.fromisoformat(value))
    return _ours(value)


def _difference(key: str, other: str, question: Question, answer: Any, expected: Any) -> str:
    path, one, two = _first(answer, expected, question.key)
    return f"{key} and {other} differ at {path}: {str(one)[:_LONGEST_SHOWN]} against {str(two)[:_LONGEST_SHOWN]}"


def _first(one: Any, two: Any, path: str) -> tuple[str, Any, Any]:
    """Walk to the first place where two answers differ."""
    if isinstance(one, dict) and isinstance(two, dict) and one.keys() == two.keys():
        name = next(name for name in one if one[name] != two[name])
        return _first(one[name], two[name], f"{path}.{name}")
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        place = next(place for place in range(len(one)) if one[place] != two[place])
        return _first(one[place], two[place], f"{path}[{place}]")
    return path, one, two
