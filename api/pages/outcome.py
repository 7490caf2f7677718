"""What came of an operation: its data, and the refusals that a page shows to a person.

A refusal is shown with the words of the typed error; one that stops the whole page leaves as `PageStopped`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_STATUS: Final = {
    "InvalidInput": 422,
    "NotFound": 404,
    "AccessDenied": 403,
    "Conflict": 409,
    "RateLimited": 429,
    "IssuanceFailure": 502,
}
_STATUS_BY_CODE: Final = {
    "AUDIT_UNAVAILABLE": 503,
    "INTERNAL": 500,
    "SIGN_IN_REQUIRED": 401,
    "PRIVATE_KEY_REFUSED": 422,
    "REQUEST_FORGED": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "BODY_TOO_LARGE": 413,
    "COST_EXCEEDED": 429,
}
_WORDS: Final = {"COST_EXCEEDED": "Too much was asked for at once, here or by your programs, so nothing was done."}
"""What a person is told where the words of the answer are for programs."""
STOPPING: Final = frozenset({"AUDIT_UNAVAILABLE", "INTERNAL", "SIGN_IN_REQUIRED"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not done, in words for a person."""

    code: str
    message: str
    field: str = ""
    retry_at: str | None = None
    kind: str = "OtherError"

    @property
    def status(self) -> int:
        """Return the HTTP status of a page that says no more than this."""
        return _STATUS_BY_CODE.get(self.code) or _STATUS.get(self.kind, 400)


class PageStopped(Exception):
    """The page cannot be shown; the refusal says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Outcome:
    """Data by root field, and every refusal of the operation."""

    data: Mapping[str, Any]
    refusals: tuple[Refusal, ...] = ()

    @property
    def status(self) -> int:
        """Return 200, or the status of the first refusal."""
        return self.refusals[0].status if self.refusals else 200

    def refused_with(self, code: str) -> bool:
        """Tell whether one of the refusals has this code."""
        return any(refusal.code == code for refusal in self.refusals)


def read_outcome(body: Mapping[str, Any]) -> Outcome:
    """Read a GraphQL response; raise `PageStopped` for a fault that no form can mend."""
    data = body.get("data") or {}
    refusals = [_of_answer(entry) for entry in body.get("errors") or ()]
    for payload in data.values():
        if isinstance(payload, Mapping):
            refusals += [_of_payload(entry) for entry in payload.get("errors") or ()]
    for refusal in refusals:
        if refusal.code in STOPPING:
            raise PageStopped(refusal)
    return Outcome(data, tuple(refusals))


def _of_answer(entry: Mapping[str, Any]) -> Refusal:
    extensions = entry.get("extensions") or {}
    code = str(extensions.get("code") or "INTERNAL")
    return Refusal(
        code=code,
        message=_WORDS.get(code) or str(entry.get("message") or ""),
        retry_at=extensions.get("retryAt"),
        kind="AccessDenied" if "missing" in extensions else "OtherError",
    )


def _of_payload(entry: Mapping[str, Any]) -> Refusal:
    path = entry.get("field") or ()
    return Refusal(
        code=str(entry["code"]),
        message=str(entry["message"]),
        field=str(path[0]) if path else "",
        retry_at=entry.get("retryAt"),
        kind=str(entry.get("__typename") or "OtherError"),
    )
