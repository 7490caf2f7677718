"""What may stand in a log record: plain values, what is known of an exception, and the crossing-out of secrets.

One rule: no text of an exception and no object is kept, because either may hold what somebody sent.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
import traceback
import uuid
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final

from governance.errors import SafeError

_LONGEST_TEXT: Final = 400
_MOST_FRAMES: Final = 12
_OUR_PACKAGES: Final = ("api", "governance", "agent", "migrations")
_REDACTED: Final = "[redacted]"
_SECRETS: Final = re.compile(
    r"sslm_\w{6,}"
    r"|-----BEGIN [A-Z0-9 ]+-----.*"
    r"|(?i:bearer|basic)\s+[\w.~+/=-]{6,}"
    r"|eyJ[\w-]{10,}"
    r"|[^\s\"'<>@]+@[^\s\"'<>@]+\.[^\s\"'<>@]+"
    r"|://[^/\s@]+@",
    re.DOTALL,
)


class NotPlain(ValueError):
    """The value is an object, which the log does not keep."""


def plain_value(value: Any) -> Any:
    """Return a value as the log keeps it: text (cut if long), numbers, ids, times, enums, and lists of them.

    Raise `NotPlain` for anything else.
    """
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str | uuid.UUID | dt.datetime):
        return str(value)[:_LONGEST_TEXT]
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, tuple | list | frozenset | set):
        return [plain_value(item) for item in value]
    raise NotPlain


def exception_of(given: Any) -> BaseException | None:
    """Return the exception that `exc_info` stands for, in any of its forms."""
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        found = given[1]
        return found if isinstance(found, BaseException) else None
    return sys.exc_info()[1] if given else None


def exception_fields(error: BaseException) -> dict[str, Any]:
    """Return what the log may know of an exception. Its text is kept only where the error is made to be shown."""
    fields: dict[str, Any] = {"error": _type_name(error), "frames": tuple(_our_frames(error))}
    if isinstance(error, SafeError):
        fields |= {"code": error.code, "message": error.message}
    causes = tuple(_type_name(cause) for cause in _causes(error))
    if causes:
        fields["causes"] = causes
    return fields


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen = {id(error)}
    behind = list(_behind(error))
    while behind and len(seen) <= _MOST_FRAMES:
        cause = behind.pop(0)
        if id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            behind += _behind(cause)


def _behind(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        yield from error.exceptions
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield cause


def _type_name(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")


def _our_frames(error: BaseException) -> list[str]:
    places = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = frame.f_globals.get("__name__", "")
        if module.partition(".")[0] in _OUR_PACKAGES:
            places.append(f"{module}:{frame.f_code.co_name}:{line}")
    return places[-_MOST_FRAMES:]


def redacted(text: str) -> str:
    """Return the text with what looks like a credential, a key or an e-mail address crossed out."""
    return _SECRETS.sub(_REDACTED, text)
