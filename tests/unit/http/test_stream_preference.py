"""Who gets an event stream: whoever prefers it, and nobody else."""

from __future__ import annotations

import pytest

from api.http.stream import wants_stream


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream;charset=utf-8", True),
        ("text/event-stream, application/json", True),
        ("text/event-stream, multipart/mixed", True),
        ("application/json;q=0.5, text/event-stream", True),
        ("application/json, text/event-stream", False),
        ("application/graphql-response+json, application/json, text/event-stream, multipart/mixed", False),
        ("text/event-stream;q=0.9, application/json", False),
        ("text/event-stream;q=0", False),
        ("text/event-stream;q=nothing", False),
        ("text/*", False),
        ("*/*", False),
        ("", False),
        (",,", False),
    ],
)
def test_preference(accept: str, *, wanted: bool) -> None:
    scope = {"method": "POST", "headers": [(b"accept", accept.encode())]}
    assert wants_stream(scope) is wanted
    assert not wants_stream(scope | {"method": "GET"})
