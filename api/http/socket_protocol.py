"""The protocol graphql-transport-ws as a state machine: text in, what is to be done out. It waits for nothing.

The rule: a message of any other form than the protocol's closes the socket, with the code that the protocol names for
it (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md). Server messages are made here, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from api.http.errors import RequestRefused
from api.http.strict_json import parse_object

SUBPROTOCOL: Final = "graphql-transport-ws"
_REASON_OCTETS: Final = 123
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Close:
    """Close the socket."""

    code: int
    reason: str

    @classmethod
    def about(cls, code: int, reason: str) -> Close:
        """Cut the reason to what a close frame holds."""
        return cls(code, reason.encode()[:_REASON_OCTETS].decode(errors="ignore"))


@dataclass(frozen=True, slots=True)
class Initialise:
    """Find out who is there, then acknowledge or close."""

    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """Send a message."""

    text: str


@dataclass(frozen=True, slots=True)
class Start:
    """Run an operation; its id is taken until `Conversation.ended`."""

    id: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TooMany:
    """Refuse an operation, because as many are open as may be."""

    id: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop an operation; nothing more is sent for it."""

    id: str


Step = Close | Initialise | Reply | Start | TooMany | Stop | None

NORMAL: Final = Close(1000, "")
TOO_LARGE: Final = Close(1009, "Message too large")
RESTARTING: Final = Close(1012, "Service restart")
TRY_LATER: Final = Close(1013, "Try again later")
TOO_MANY_MESSAGES: Final = Close(1008, "Too many messages")
TEXT_ONLY: Final = Close(4400, "Messages are text, not binary")
UNAUTHORIZED: Final = Close(4401, "Unauthorized")
FORBIDDEN: Final = Close(4403, "Forbidden")
NO_SUBPROTOCOL: Final = Close(4406, "Subprotocol not acceptable")
INIT_TIMEOUT: Final = Close(4408, "Connection initialisation timeout")
SECOND_INIT: Final = Close(4429, "Too many initialisation requests")
BROKEN: Final = Close(4500, "Internal server error")


class Conversation:
    """One socket's state: whether it was initialised, and which operations are open."""

    def __init__(self, operations: int) -> None:
        self._limit = operations
        self._asked = False
        self._acknowledged = False
        self._open: set[str] = set()

    def read(self, text: str) -> Step:
        """Return what a message asks for; None for a message that asks for nothing."""
        try:
            message = parse_object(text.encode("utf-8", "surrogatepass"))
            return self._read(message)
        except RequestRefused as error:
            return Close.about(4400, error.message.replace("The body", "The message"))
        except _Malformed as error:
            return Close.about(4400, f"Invalid message: {error}")

    def acknowledge(self) -> str:
        """Return the acknowledgement; operations may be started from now on."""
        self._acknowledged = True
        return _text({"type": "connection_ack"})

    def ended(self, operation_id: str) -> None:
        """Free the id of an operation."""
        self._open.discard(operation_id)

    def _read(self, message: Mapping[str, Any]) -> Step:
        kind = message.get("type")
        payload = message.get("payload")
        if not isinstance(kind, str):
            raise _Malformed("type is not a text")
        if kind in {"connection_init", "ping", "pong"}:
            if payload is not None and not isinstance(payload, dict):
                raise _Malformed("payload is not an object")
            if kind == "connection_init":
                return self._initialise(payload or {})
            return Reply(_text({"type": "pong"})) if kind == "ping" else None
        if kind == "subscribe":
            return self._start(_operation_id(message), _checked_request(payload))
        if kind == "complete":
            operation_id = _operation_id(message)
            known = operation_id in self._open
            self._open.discard(operation_id)
            return Stop(operation_id) if known else None
        raise _Malformed("its type is not one that a client sends")

    def _initialise(self, payload: Mapping[str, Any]) -> Step:
        if self._asked:
            return SECOND_INIT
        self._asked = True
        return Initialise(payload)

    def _start(self, operation_id: str, payload: Mapping[str, Any]) -> Step:
        if not self._acknowledged:
            return UNAUTHORIZED
        if operation_id in self._open:
            return Close.about(4409, f"Subscriber for {operation_id} already exists")
        if len(self._open) >= self._limit:
            return TooMany(operation_id)
        self._open.add(operation_id)
        return Start(operation_id, payload)


def next_message(operation_id: str, result: bytes) -> str:
    """Return a message with a result, which is JSON already."""
    return _text({"id": operation_id, "type": "next", "payload": msgspec.Raw(result)})


def error_message(operation_id: str, errors: Sequence[Any]) -> str:
    """Return the message that ends an operation with errors."""
    return _text({"id": operation_id, "type": "error", "payload": errors})


def complete_message(operation_id: str) -> str:
    """Return the message that ends an operation."""
    return _text({"id": operation_id, "type": "complete"})


class _Malformed(Exception):
    """A message that is not of the protocol's form; the text is fit for a close frame and repeats no input."""


def _text(message: Mapping[str, Any]) -> str:
    return msgspec.json.encode(message).decode()


def _operation_id(message: Mapping[str, Any]) -> str:
    found = message.get("id")
    if not isinstance(found, str) or not found or _SURROGATE.search(found):
        raise _Malformed("id is not a text")
    return found


def _checked_request(payload: object) -> Mapping[str, Any]:
    if not isinstance(payload, dict):
        raise _Malformed("payload is not an object")
    if not isinstance(payload.get("query"), str):
        raise _Malformed("payload.query is not a text")
    if not isinstance(payload.get("operationName"), str | None):
        raise _Malformed("payload.operationName is not a text")
    for name in ("variables", "extensions"):
        if not isinstance(payload.get(name), dict | None):
            raise _Malformed(f"payload.{name} is not an object")
    return payload
