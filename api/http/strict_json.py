"""Strict JSON: one reading of a text, or a refusal. Duplicate members, NaN, huge numbers and deep nesting are refused.

The rule: the quick way answers only where it can prove that the strict way would answer the same; every doubt, and
every refusal with its words, is the strict way's. A property test compares the two.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

import msgspec

from api.http.errors import RequestRefused

_INTEGER_DIGITS: Final = 20
_NESTING: Final = 60
_CERTAIN_INTEGER: Final = 10**18
"""Whole numbers below this have fewer digits than are refused, however they are written."""
_UNPROVEN: Final = -1
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_decoder: Final = msgspec.json.Decoder()


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`; refuses duplicates, NaN, huge numbers, deep nesting, and anything else."""
    quick = _quick(body)
    return quick if quick is not None else parse_object_strictly(body)


def has_escaped_character(body: bytes) -> bool:
    """Tell whether the text may name a character by its number; only so can NUL or half of a pair come in."""
    return b"\\u" in body


def unstorable(value: Any) -> bool:
    """Tell whether any text in a JSON value holds what no database can keep: NUL, or half of a surrogate pair."""
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


def _quick(body: bytes) -> dict[str, Any] | None:
    """Return the object, or None where it is not certain that it reads the same strictly.

    No member is doubled if as many strings came out as the text has; that count needs unescaped quotes, so a text with
    escaped backslashes is left alone.
    """
    if b"\\\\" in body or body.count(b"{") + body.count(b"[") > _NESTING:
        return None
    try:
        value = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if type(value) is not dict:
        return None
    quotes = body.count(b'"') - body.count(b'\\"')
    return value if _strings(value) * 2 == quotes else None


def _strings(value: Any) -> int:
    """Count the strings in a value, names of members included; negative where a number makes it doubtful."""
    kind = type(value)
    if kind is str:
        return 1
    if kind is dict:
        found = len(value)
        items = value.values()
    elif kind is list:
        found, items = 0, value
    elif kind is bool or value is None or (kind is int and -_CERTAIN_INTEGER < value < _CERTAIN_INTEGER):
        return 0
    else:
        return _UNPROVEN
    for item in items:
        more = _strings(item)
        if more < 0:
            return _UNPROVEN
        found += more
    return found


def parse_object_strictly(body: bytes) -> dict[str, Any]:
    """Do the same with nothing taken for granted."""
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
