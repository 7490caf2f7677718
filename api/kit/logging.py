"""The log pipeline: one for our records and for libraries', JSON lines for machines or a console for people.

One rule: a record holds a static event name and fields of the allow-list; no text that could hold input gets in. Of an
exception that means its type and our own frames, of a library's record the place it was written at. A last step
redacts what looks like a credential or an address of a person, should the first wall ever have a hole.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from api.kit.addresses import truncate_address
from api.kit.log_fields import LOG_FIELD_NAMES
from api.kit.log_safety import NotPlain, exception_fields, exception_of, plain_value, redacted
from governance.clock import Clock

_EVENT_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,63}")
_LONGEST_TEXT: Final = 400


_QUIET: Final = {
    "procrastinate": logging.WARNING,  # two records for each job
    "psycopg.pool": logging.CRITICAL,  # one record for each attempt while the database restarts
    "alembic": logging.WARNING,
    "aiohttp.access": logging.CRITICAL,  # whole addresses and paths
    "uvicorn.access": logging.CRITICAL,
    "mail.log": logging.WARNING,
}


CLOSED: Final = "closed_fields"
"""Where a record made by `api.kit.request_record` keeps its fields."""


class UnknownLogField(ValueError):
    """A record of ours names a field, or has an event, that the log schema does not allow."""


def configure_logging(
    clock: Clock, *, console: bool, strict: bool, level: str = "INFO", stream: TextIO | None = None
) -> None:
    """Send every record of this process through the pipeline, to `stream` or else standard error.

    `strict` (tests, development) raises `UnknownLogField` where production drops the field. Call it once, first of
    all; give uvicorn `log_config=None, access_log=False`, because its access log holds whole addresses and paths.
    """
    add_time = _TimeOf(clock)
    formatter = _Formatter(
        foreign_pre_chain=[_describe_library_record, structlog.stdlib.add_log_level, add_time],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _drop_unlisted, redact, _last(console)],
        keep_exc_info=False,
        use_get_message=False,
        pass_foreign_args=True,
    )
    formatter.last = _last(console)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            describe_exception,
            _FieldWall(strict=strict),
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            add_time,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _log_crash
    threading.excepthook = _log_thread_crash


def _last(console: bool) -> Processor:
    if console:
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), timestamp_key="at")
    return _as_json_line


def _as_json_line(_logger: Any, _name: str, record: EventDict) -> str:
    return msgspec.json.encode(record).decode()


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Formats records; one whose values are all from closed sets or made by us needs no wall, only the last step."""

    last: Processor

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        closed = record.__dict__.get(CLOSED)
        return str(self.last(None, record.levelname, dict(closed))) if closed else super().format(record)


class _TimeOf:
    """Puts the clock's time into a record."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, _logger: Any, _name: str, record: EventDict) -> EventDict:
        record["at"] = log_time(self._clock)
        return record


def log_time(clock: Clock) -> str:
    """Return the time as records hold it."""
    return clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _FieldWall:
    """Lets static event names, listed fields and plain values through."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def __call__(self, _logger: Any, _name: str, record: EventDict) -> EventDict:
        if not _EVENT_NAME.fullmatch(str(record.get("event", ""))):
            self._refuse("an event is a static name in lower-case words joined by underscores")
            record["event"] = "event_name_refused"
        for name in [name for name in record if name not in LOG_FIELD_NAMES]:
            self._refuse(f"{name} is no field of the log; add it to LOG_FIELDS with its meaning, or leave it out")
            del record[name]
        for name, value in record.items():
            record[name] = self._plain(name, value)
        return record

    def _plain(self, name: str, value: Any) -> Any:
        if name == "address":
            return truncate_address(str(value).partition("/")[0])
        try:
            return plain_value(value)
        except NotPlain:
            self._refuse(f"{name} is a {type(value).__name__}; log ids, numbers, times and words, not objects")
            return type(value).__name__

    def _refuse(self, why: str) -> None:
        if self._strict:
            raise UnknownLogField(why)


def describe_exception(_logger: Any, _name: str, record: EventDict) -> EventDict:
    """Replace an exception by its type, our own frames, the types behind it, and the words of a `SafeError`."""
    given = record.pop("exc_info", None)
    record.pop("stack_info", None)
    error = exception_of(given)
    if error is not None:
        record.update(exception_fields(error))
    return record


def _describe_library_record(_logger: Any, _name: str, record: EventDict) -> EventDict:
    """Make a library's record safe: keep who wrote it and where; a format string only if its values are apart.

    A message without arguments may have been put together with values, so its text is dropped.
    """
    written: logging.LogRecord = record["_record"]
    described: EventDict = {
        "event": "library_record",
        "logger": written.name,
        "source": _place(written),
        "_record": written,
        "_from_structlog": False,
    }
    if record["positional_args"] and isinstance(written.msg, str):
        described["template"] = written.msg[:_LONGEST_TEXT]
    action = written.__dict__.get("action")
    if isinstance(action, str) and _EVENT_NAME.fullmatch(action):
        described["action"] = action
    error = exception_of(written.exc_info)
    if error is not None:
        described.update(exception_fields(error))
    return described


def _place(written: logging.LogRecord) -> str:
    path = Path(written.pathname)
    return f"{path.parent.name}/{path.name}:{written.lineno}"


def _drop_unlisted(_logger: Any, _name: str, record: EventDict) -> EventDict:
    for name in [name for name in record if name not in LOG_FIELD_NAMES]:
        del record[name]
    return record


def redact(_logger: Any, _name: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cross out whatever looks like a credential, a key or an e-mail address, in any field, as the second wall."""
    for name, value in record.items():
        if isinstance(value, str):
            record[name] = redacted(value)
        elif isinstance(value, list | tuple):
            record[name] = [redacted(item) if isinstance(item, str) else item for item in value]
    return record


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say how the process ended, without the values that Python's own report would show."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger("api").critical("process_crashed", exc_info=error)


def _log_thread_crash(given: threading.ExceptHookArgs) -> None:
    if given.exc_value is not None:
        structlog.get_logger("api").critical("thread_crashed", exc_info=given.exc_value)
