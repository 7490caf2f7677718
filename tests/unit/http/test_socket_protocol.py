"""The state machine of graphql-transport-ws, message by message, without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http import socket_protocol as protocol
from api.http.socket_protocol import Close, Conversation, Initialise, Reply, Start, Stop, TooMany

QUERY = {"query": "{ me { id } }"}


def ready(operations: int = 3) -> Conversation:
    conversation = Conversation(operations)
    assert isinstance(conversation.read('{"type":"connection_init"}'), Initialise)
    assert json.loads(conversation.acknowledge()) == {"type": "connection_ack"}
    return conversation


def subscribe(conversation: Conversation, operation_id: str) -> protocol.Step:
    return conversation.read(json.dumps({"type": "subscribe", "id": operation_id, "payload": QUERY}))


def test_an_operation_from_start_to_end() -> None:
    conversation = ready()
    assert subscribe(conversation, "a") == Start("a", QUERY)
    conversation.ended("a")
    assert subscribe(conversation, "a") == Start("a", QUERY)
    assert conversation.read('{"type":"complete","id":"a"}') == Stop("a")
    assert conversation.read('{"type":"complete","id":"a"}') is None
    assert subscribe(conversation, "a") == Start("a", QUERY)


def test_what_closes() -> None:
    conversation = ready()
    assert conversation.read('{"type":"connection_init"}') == protocol.SECOND_INIT
    assert subscribe(Conversation(1), "a") == protocol.UNAUTHORIZED
    subscribe(conversation, "a")
    assert subscribe(conversation, "a") == Close(4409, "Subscriber for a already exists")


def test_one_too_many_is_refused_and_its_id_is_free() -> None:
    conversation = ready(1)
    subscribe(conversation, "a")
    assert subscribe(conversation, "b") == TooMany("b")
    conversation.ended("a")
    assert subscribe(conversation, "b") == Start("b", QUERY)


def test_pings_are_answered_at_any_time_and_pongs_are_not() -> None:
    for conversation in (Conversation(1), ready()):
        assert conversation.read('{"type":"ping","payload":{"a":"\\ud800"}}') == Reply('{"type":"pong"}')
        assert conversation.read('{"type":"pong","payload":null}') is None


@pytest.mark.parametrize("operation_id", ["x" * 5000, "ü" * 100, "€" * 60, "\x00"])
def test_a_reason_fits_a_close_frame(operation_id: str) -> None:
    conversation = ready()
    subscribe(conversation, operation_id)
    step = subscribe(conversation, operation_id)
    assert isinstance(step, Close)
    assert step.code == 4409
    assert len(step.reason.encode()) <= 123


def test_results_are_put_in_as_they_are() -> None:
    text = protocol.next_message("a", b'{"data":{"x":"\\u2028"}}')
    assert text == '{"id":"a","type":"next","payload":{"data":{"x":"\\u2028"}}}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["subscribe", "complete", "ping", "a"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["type", "id", "payload", "query", "x"]), inner),
    max_leaves=8,
)


@given(JSON | st.text())
def test_no_message_breaks_it(message: Any) -> None:
    """Whatever is sent, the answer is a step of the protocol; a close always has one of its codes."""
    text = message if isinstance(message, str) else json.dumps(message)
    for conversation in (Conversation(1), ready()):
        step = conversation.read(text)
        assert not isinstance(step, Close) or step.code in {4400, 4401, 4409, 4429}
        if isinstance(step, Close):
            step.reason.encode()
