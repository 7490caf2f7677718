"""The HTTP status of an answer, in one of two modes (GraphQL over HTTP, "Status Codes").

`audited` is what published audits want: 400 for whatever was refused, 200 for whatever ran. `draft` follows the newest
draft of the specification, whose codes contradict those audits: 422, and 294 for data beside errors.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from api.execution.answers import Answer
from api.http.errors import RequestMalformed, RequestRefused
from api.http.media import GRAPHQL_JSON, JSON

OK: Final = 200
PARTIAL: Final = 294
BAD_REQUEST: Final = 400
FORBIDDEN: Final = 403
UNPROCESSABLE: Final = 422
_FIRST_REFUSAL: Final = 300
_ALWAYS: Final = {"COST_EXCEEDED": 429, "METHOD_NOT_ALLOWED": 405, "SUBSCRIPTION_NEEDS_STREAM": 406}
_NOT_PERMITTED: Final = frozenset({"ACCESS_DENIED", "DOCUMENT_NOT_TRUSTED"})


class Statuses(StrEnum):
    """Which codes are answered."""

    AUDITED = "audited"
    DRAFT = "draft"


def status_of_answer(answer: Answer, media: str, mode: Statuses) -> int:
    """Return the status of what the runner answered."""
    if answer.ran and "errors" not in answer.members:
        return OK
    always = _ALWAYS.get(answer.code)
    if always is not None:
        return always
    if mode is Statuses.DRAFT:
        return _draft(answer)
    return OK if answer.ran or media == JSON else BAD_REQUEST


def _draft(answer: Answer) -> int:
    if answer.ran:
        return PARTIAL
    if answer.syntax:
        return BAD_REQUEST
    return FORBIDDEN if answer.code in _NOT_PERMITTED else UNPROCESSABLE


def status_of_refusal(error: RequestRefused, mode: Statuses) -> int:
    """Return the status of a request that was not taken."""
    if mode is Statuses.DRAFT and isinstance(error, RequestMalformed):
        return UNPROCESSABLE
    return error.status


def media_of(media: str, status: int, mode: Statuses) -> str:
    """Return the media type of an answer: the draft has no `application/json` beside a refusal."""
    return GRAPHQL_JSON if mode is Statuses.DRAFT and media == JSON and status >= _FIRST_REFUSAL else media
