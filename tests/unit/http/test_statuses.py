"""Statuses in both modes: as published audits want them, and as the newest draft of GraphQL over HTTP does."""

from __future__ import annotations

from typing import Any

import pytest

from api.execution.answers import Answer
from api.http.errors import BodyTooLarge, RequestMalformed, RequestRefused
from api.http.media import GRAPHQL_JSON, JSON
from api.http.statuses import Statuses, media_of, status_of_answer, status_of_refusal

AUDITED, DRAFT = Statuses


def answer(code: str = "", *, ran: bool = True, data: Any = None, syntax: bool = False) -> Answer:
    members: dict[str, Any] = {"errors": [{"message": "", "extensions": {"code": code}}]} if code else {}
    return Answer(members | ({"data": data} if ran else {}), ran=ran, syntax=syntax)


@pytest.mark.parametrize(
    ("given", "audited", "audited_json", "draft"),
    [
        (answer(data={"me": None}), 200, 200, 200),
        (answer("NOT_FOUND", data={"me": None}), 200, 200, 294),
        (answer("OPERATION_TIMEOUT"), 200, 200, 294),
        (answer("DOCUMENT_INVALID", ran=False, syntax=True), 400, 200, 400),
        (answer("DOCUMENT_INVALID", ran=False), 400, 200, 422),
        (answer("DOCUMENT_TOO_LARGE", ran=False), 400, 200, 422),
        (answer("OPERATION_NOT_FOUND", ran=False), 400, 200, 422),
        (answer("VARIABLES_INVALID", ran=False), 400, 200, 422),
        (answer("ACCESS_DENIED", ran=False), 400, 200, 403),
        (answer("DOCUMENT_NOT_TRUSTED", ran=False), 400, 200, 403),
        (answer("COST_EXCEEDED", ran=False), 429, 429, 429),
        (answer("METHOD_NOT_ALLOWED", ran=False), 405, 405, 405),
    ],
)
def test_an_answer_has_its_status(given: Answer, audited: int, audited_json: int, draft: int) -> None:
    assert status_of_answer(given, GRAPHQL_JSON, AUDITED) == audited
    assert status_of_answer(given, JSON, AUDITED) == audited_json
    assert status_of_answer(given, GRAPHQL_JSON, DRAFT) == status_of_answer(given, JSON, DRAFT) == draft


@pytest.mark.parametrize(
    ("error", "audited", "draft"),
    [(RequestRefused("no JSON"), 400, 400), (RequestMalformed("no query"), 400, 422), (BodyTooLarge("long"), 413, 413)],
)
def test_a_request_that_is_not_taken_has_its_status(error: RequestRefused, audited: int, draft: int) -> None:
    assert (status_of_refusal(error, AUDITED), status_of_refusal(error, DRAFT)) == (audited, draft)


def test_the_draft_refuses_in_its_own_media_type() -> None:
    assert media_of(JSON, 422, DRAFT) == GRAPHQL_JSON
    assert media_of(JSON, 294, DRAFT) == JSON
    assert media_of(JSON, 400, AUDITED) == JSON
