"""Nothing a caller sends can be found in the log, whoever writes the record and however the work ends."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from api.kit.errors import NotFound
from api.kit.log_fields import LOG_FIELD_NAMES, LOG_FIELDS
from api.kit.log_safety import redacted
from api.kit.logging import UnknownLogField, configure_logging
from api.models import VOCABULARY, Retention
from governance.clock import ManualClock

MARKER = "marker@example.test"
API_TOKEN = "sslm_0123456789abcdefghijABCDEFGHIJ012345"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Sink:
    """What the pipeline wrote, as records."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture(autouse=True)
def undone() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    configured = structlog.get_config()
    yield
    root.handlers[:], root.level = before[0], before[1]
    sys.excepthook, threading.excepthook = before[2], before[3]
    logging.captureWarnings(capture=False)
    structlog.configure(**configured)
    structlog.contextvars.clear_contextvars()


def pipeline(*, strict: bool = False, console: bool = False) -> Sink:
    sink = Sink()
    configure_logging(ManualClock(NOON), console=console, strict=strict, stream=sink.stream)
    return sink


def fail(error: Exception) -> None:
    raise error


def log() -> Any:
    return structlog.get_logger("api.http")


def test_a_record_is_one_json_line_with_the_clocks_time() -> None:
    sink = pipeline()
    log().info("request_answered", status=200, route="/graphql", milliseconds=1.5)
    assert sink.records() == [
        {
            "event": "request_answered",
            "status": 200,
            "route": "/graphql",
            "milliseconds": 1.5,
            "logger": "api.http",
            "level": "info",
            "at": "2026-11-23T12:00:00.000Z",
        }
    ]


@pytest.mark.clause("1.4-a")
def test_an_unlisted_field_is_dropped_in_production_and_an_error_elsewhere() -> None:
    sink = pipeline()
    log().info("request_answered", status=200, query=f"email={MARKER}")
    assert "query" not in sink.records()[0]
    pipeline(strict=True)
    with pytest.raises(UnknownLogField, match="query"):
        log().info("request_answered", query="x")


@pytest.mark.clause("1.4-a")
def test_an_event_is_a_static_name() -> None:
    sink = pipeline()
    log().info(f"sign in of {MARKER}")
    assert sink.records()[0]["event"] == "event_name_refused"
    pipeline(strict=True)
    with pytest.raises(UnknownLogField):
        log().info("Sign in")


@pytest.mark.clause("1.4-a")
def test_an_address_is_cut_to_its_network() -> None:
    sink = pipeline(strict=True)
    for address in ("192.0.2.77", "2001:db8:1:2::3", "::ffff:192.0.2.77", "192.0.2.0/24", MARKER):
        log().info("request_answered", address=address)
    assert [record["address"] for record in sink.records()] == [
        "192.0.2.0/24",
        "2001:db8:1::/48",
        "192.0.2.0/24",
        "192.0.2.0/24",
        "",
    ]


@pytest.mark.clause("1.4-a")
@pytest.mark.parametrize(
    "secret",
    [
        API_TOKEN,
        MARKER,
        f"Authorization: Bearer {'x' * 20}",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.e30.abc",
        "postgresql://someone:secret@host/db",
    ],
)
def test_a_secret_in_a_listed_field_is_crossed_out(secret: str) -> None:
    sink = pipeline(strict=True)
    log().info("request_answered", reason=f"x {secret} y", frames=(secret,))
    for part in (API_TOKEN, MARKER, "x" * 20, "MIIEvQ", "eyJhbG", "secret"):
        assert part not in sink.text
    assert redacted(f"before {secret}").startswith("before ")


@pytest.mark.clause("1.4-a")
def test_a_crash_shows_types_and_our_frames_only() -> None:
    sink = pipeline(strict=True)
    try:
        try:
            {}[MARKER]
        except KeyError as cause:
            raise ValueError(f"GET /?email={MARKER} Bearer {API_TOKEN}") from cause
    except ValueError:
        log().exception("request_failed", request_id="r-1")
    record = sink.records()[0]
    assert record["error"] == "ValueError"
    assert record["causes"] == ["KeyError"]
    assert MARKER not in sink.text
    assert API_TOKEN not in sink.text


def test_a_safe_error_keeps_its_words() -> None:
    sink = pipeline(strict=True)
    try:
        fail(NotFound("No such domain. Nothing was changed. Check the name."))
    except NotFound:
        log().exception("request_failed")
    assert sink.records()[0]["code"] == "NOT_FOUND"
    assert sink.records()[0]["message"].startswith("No such domain")


def test_members_of_a_group_are_named() -> None:
    sink = pipeline(strict=True)
    try:
        fail(ExceptionGroup(MARKER, [ValueError(MARKER), OSError(MARKER)]))
    except ExceptionGroup:
        log().exception("worker_part_failed")
    assert sink.records()[0]["causes"] == ["ValueError", "OSError"]
    assert MARKER not in sink.text


@pytest.mark.clause("1.4-a")
def test_a_librarys_record_keeps_its_place_and_its_template() -> None:
    sink = pipeline(strict=True)
    library = logging.getLogger("uvicorn.error")
    library.warning("%s refused %s", MARKER, API_TOKEN)
    library.warning(f"put together with {MARKER}")
    library.warning("no values", extra={"action": "start_worker", "email": MARKER})
    try:
        fail(ValueError(MARKER))
    except ValueError:
        library.exception("failed: %s", MARKER, stack_info=True)
    first, second, third, fourth = sink.records()
    assert first["template"] == "%s refused %s"
    assert "template" not in second
    assert third["action"] == "start_worker"
    assert fourth["error"] == "ValueError"
    assert all(record["event"] == "library_record" for record in sink.records())
    assert first["source"].startswith("kit/test_logging.py:")
    assert MARKER not in sink.text
    assert API_TOKEN not in sink.text


@pytest.mark.clause("1.4-a")
def test_access_logs_of_libraries_are_silent() -> None:
    sink = pipeline()
    logging.getLogger("uvicorn.access").info('%s - "%s"', "192.0.2.77", f"GET /?email={MARKER}")
    logging.getLogger("aiohttp.access").info("%s", MARKER)
    assert sink.text == ""


@pytest.mark.clause("1.4-a")
async def test_a_forgotten_task_does_not_tell_its_error() -> None:
    sink = pipeline()
    asyncio.get_running_loop().call_exception_handler(
        {"message": f"Task exception was never retrieved {MARKER}", "exception": ValueError(MARKER)}
    )
    assert sink.records()[0]["error"] == "ValueError"
    assert MARKER not in sink.text


@pytest.mark.clause("1.4-a")
def test_the_end_of_the_process_is_told_without_values(capsys: pytest.CaptureFixture[str]) -> None:
    sink = pipeline()
    error = ValueError(MARKER)
    sys.excepthook(ValueError, error, None)
    threading.excepthook(threading.ExceptHookArgs((ValueError, error, None, None)))
    assert [record["event"] for record in sink.records()] == ["process_crashed", "thread_crashed"]
    assert MARKER not in sink.text + capsys.readouterr().err


def test_objects_become_their_type() -> None:
    sink = pipeline()
    log().info("request_answered", reason={"email": MARKER}, row_id=uuid.UUID(int=1), retry_at=NOON, status=None)
    assert sink.records()[0]["reason"] == "dict"
    assert sink.records()[0]["row_id"] == "00000000-0000-0000-0000-000000000001"
    pipeline(strict=True)
    with pytest.raises(UnknownLogField, match="dict"):
        log().info("request_answered", reason={})


def test_the_context_of_a_request_joins_every_record() -> None:
    sink = pipeline(strict=True)
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        log().info("request_answered")
    assert sink.records()[0]["request_id"] == "r-1"


@pytest.mark.clause("1.4-a")
def test_the_console_has_the_same_walls() -> None:
    sink = pipeline(console=True)
    try:
        fail(ValueError(MARKER))
    except ValueError:
        log().exception("request_failed", reason=API_TOKEN)
    assert "request_failed" in sink.text
    assert MARKER not in sink.text
    assert API_TOKEN not in sink.text


def test_every_personal_field_can_be_registered() -> None:
    classes = {retention.value for retention in VOCABULARY.retention} & {item.value for item in Retention}
    assert len(LOG_FIELD_NAMES) == len(LOG_FIELDS)
    for field in LOG_FIELDS:
        assert field.meaning
        assert bool(field.retention) == field.personal
        assert not field.personal or (field.retention in classes and field.category.startswith("user."))
