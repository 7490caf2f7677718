"""Refusals of a document or of an operation, before anything ran."""

from __future__ import annotations

from api.kit.errors import CertificateManagerError, InvalidInput, RateLimited


class DocumentRefused(CertificateManagerError):
    """The document is not valid GraphQL, or not for this schema; `problems` says where, at most five of them.

    `syntax` tells that it is no GraphQL at all.
    """

    code = "DOCUMENT_INVALID"

    def __init__(
        self, message: str, problems: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = (), *, syntax: bool = False
    ) -> None:
        super().__init__(message)
        self.problems = problems
        self.syntax = syntax


class DocumentTooLarge(CertificateManagerError):
    """The document exceeds a limit on length, tokens, depth, aliases or repeats; it was not run."""

    code = "DOCUMENT_TOO_LARGE"


class OperationNotFound(CertificateManagerError):
    """The document does not hold exactly the operation that was asked for."""

    code = "OPERATION_NOT_FOUND"


class VariablesInvalid(CertificateManagerError):
    """The variables do not fit the operation's declarations; nothing ran."""

    code = "VARIABLES_INVALID"


class RepeatedField(CertificateManagerError):
    """A field that may stand once in an operation stands there under several names; nothing ran."""

    code = "REPEATED_FIELD"


class ChangeNotShown(CertificateManagerError):
    """The change was saved; the row it left could not be read for the answer."""

    code = "CHANGE_NOT_SHOWN"

    def __init__(self) -> None:
        super().__init__(
            "Your change was saved, but what it left could not be read, so it is not shown. "
            "Do not repeat the change; read the result in a minute."
        )


class OperationTimeout(CertificateManagerError):
    """The operation took longer than it may and was stopped; a change may have been saved before that."""

    code = "OPERATION_TIMEOUT"


class CostExceeded(RateLimited):
    """The caller's bucket holds too few points for the operation; nothing ran. `retry_at` says when it will fit."""

    code = "COST_EXCEEDED"


class CostTooHigh(InvalidInput):
    """The operation may cost more than any one operation may; nothing ran, and waiting does not help."""

    code = "COST_TOO_HIGH"


class SubscriptionNeedsStream(CertificateManagerError):
    """A subscription was sent as a plain request; it needs a connection that stays open."""

    code = "SUBSCRIPTION_NEEDS_STREAM"

    def __init__(self) -> None:
        super().__init__(
            "A subscription needs an answer that stays open, so nothing ran. Prefer `text/event-stream` in `Accept`, "
            "or use the WebSocket protocol graphql-transport-ws at the same address."
        )


class QueryRequired(CertificateManagerError):
    """The request came by GET, which may only read; the operation is no query, and nothing ran."""

    code = "METHOD_NOT_ALLOWED"


class DocumentNotFound(CertificateManagerError):
    """No trusted document has this id; nothing ran."""

    code = "DOCUMENT_NOT_FOUND"


class PersistedQueryNotFound(DocumentNotFound):
    """The same, told to a client of Apollo in the word that makes it send the text."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class DocumentNotTrusted(CertificateManagerError):
    """This installation runs trusted documents alone for callers without an API token; nothing ran."""

    code = "DOCUMENT_NOT_TRUSTED"
