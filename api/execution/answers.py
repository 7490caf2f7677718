"""The one shape of an answer and of an error, and the text that leaves the process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from graphql import GraphQLError

from api.db.trouble import database_is_away
from api.execution.charges import CostReport
from api.execution.errors import DocumentRefused, VariablesInvalid
from api.execution.wording import is_about_an_argument, variables_message
from api.kit.errors import AccessDenied, InvalidInput, Unavailable
from governance.errors import CategoryNotGranted, SafeError

_SHOWN_ERRORS: Final = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """A GraphQL response: `ran` tells whether execution began (GraphQL over HTTP, status codes).

    `members` are the response's members; `data` is the JSON text of `data` where it came as text; `cost` is the bill,
    which stands in `extensions` too; `syntax` tells that the document could not be parsed.
    """

    members: dict[str, Any]
    ran: bool
    data: bytes | None = None
    cost: CostReport | None = None
    syntax: bool = False

    @property
    def body(self) -> dict[str, Any]:
        """Return the whole response as objects."""
        if self.data is None:
            return self.members
        return {"data": msgspec.json.decode(self.data), **self.members}

    @property
    def code(self) -> str:
        """Return the code of the first error; empty where there is none."""
        errors = self.members.get("errors")
        return str(errors[0]["extensions"]["code"]) if errors else ""

    @property
    def shows_nothing(self) -> bool:
        """Tell whether `data` is null or missing."""
        return self.members.get("data") is None if self.data is None else self.data == b"null"

    def with_extensions(self, **extensions: Any) -> Answer:
        """Return the answer with these members of `extensions` added."""
        present = self.members.get("extensions", {})
        return replace(self, members=self.members | {"extensions": present | extensions})

    def encode(self) -> bytes:
        """Return the response text."""
        if self.data is None:
            return msgspec.json.encode(self.members)
        if not self.members:
            return b'{"data":' + self.data + b"}"
        return b'{"data":' + self.data + b"," + msgspec.json.encode(self.members)[1:]


def refusal(error: SafeError, request_id: str) -> Answer:
    """Return the answer for a request that was refused before anything ran."""
    if isinstance(error, DocumentRefused) and error.problems:
        errors = [
            {
                "message": message,
                **({"locations": [{"line": line, "column": column} for line, column in places]} if places else {}),
                "extensions": {"code": error.code, "requestId": request_id},
            }
            for message, places in error.problems
        ]
        return Answer({"errors": errors}, ran=False, syntax=error.syntax)
    return Answer({"errors": [error_entry(error, request_id)]}, ran=False)


def error_entry(error: SafeError, request_id: str) -> dict[str, Any]:
    """Return one entry of `errors` for an error that may be shown."""
    extensions: dict[str, Any] = {"code": error.code, "requestId": request_id}
    if error.retry_at is not None:
        extensions["retryAt"] = error.retry_at.isoformat().replace("+00:00", "Z")
    if isinstance(error, AccessDenied | CategoryNotGranted) and error.missing:
        extensions["missing"] = list(error.missing)
    if isinstance(error, InvalidInput) and error.rule:
        extensions["rule"] = error.rule
    return {"message": error.message, "extensions": extensions}


def request_errors(errors: Sequence[GraphQLError], request_id: str) -> Answer:
    """Return the answer for variables that do not fit; nothing ran, and no value of theirs is repeated."""
    entries = []
    for error in errors[:_SHOWN_ERRORS]:
        entry = error_entry(VariablesInvalid(variables_message(error.message)), request_id)
        entries.append(_placed(entry, error))
    return Answer({"errors": entries}, ran=False)


def located_entry(error: GraphQLError, request_id: str) -> tuple[dict[str, Any], BaseException | None]:
    """Return one entry for an error met while executing, and the exception to log if it must not be shown."""
    original = error.original_error
    if isinstance(original, SafeError):
        return _placed(error_entry(original, request_id), error), None
    if is_about_an_argument(error.message) and isinstance(original, GraphQLError | None):
        return _placed(error_entry(VariablesInvalid(variables_message(error.message)), request_id), error), None
    if database_is_away(original):
        return _placed(error_entry(Unavailable(), request_id), error), original
    return _placed(internal_entry(request_id), error), original or error


def _placed(entry: dict[str, Any], error: GraphQLError) -> dict[str, Any]:
    if error.path:
        entry["path"] = list(error.path)
    if error.locations:
        entry["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    return entry


def internal_entry(request_id: str) -> dict[str, Any]:
    """Return the entry for a fault of ours; the request id finds it in the log."""
    return {
        "message": (
            "Something broke on our side. What you asked for may not have happened; look before you repeat it. "
            f"If it happens again, tell support this number: {request_id}"
        ),
        "extensions": {"code": "INTERNAL", "requestId": request_id},
    }
