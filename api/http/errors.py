"""What is wrong with a request as HTTP, each with the status it answers."""

from __future__ import annotations

from api.kit.errors import CertificateManagerError


class RequestRefused(CertificateManagerError):
    """The request is not one that this endpoint takes; nothing ran."""

    code = "BAD_REQUEST"
    status = 400

    def __init__(self, message: str, *, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.headers = headers


class BodyTooLarge(RequestRefused):
    """More bytes than are read; the rest was not."""

    code = "BODY_TOO_LARGE"
    status = 413


class MethodNotAllowed(RequestRefused):
    """Another method is needed; `Allow` says which."""

    code = "METHOD_NOT_ALLOWED"
    status = 405


class MediaTypeNotSupported(RequestRefused):
    """The body's media type is not `application/json`."""

    code = "MEDIA_TYPE_NOT_SUPPORTED"
    status = 415


class NotAcceptable(RequestRefused):
    """The caller accepts no media type that is offered here."""

    code = "NOT_ACCEPTABLE"
    status = 406


class RequestTooSlow(RequestRefused):
    """The body did not arrive in time."""

    code = "REQUEST_TIMEOUT"
    status = 408


class PlainRequestNeeded(CertificateManagerError):
    """A mutation that sets cookies was sent where no answer can carry them; it did not run."""

    code = "PLAIN_REQUEST_NEEDED"

    def __init__(self) -> None:
        super().__init__(
            "This changes cookies, which only the answer to an ordinary request can do, so nothing ran. "
            "Send it by POST, without asking for an event stream."
        )


class TooManyOperations(CertificateManagerError):
    """As many operations as a socket may carry are open on this one; the new one did not run."""

    code = "TOO_MANY_OPERATIONS"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"This connection carries {limit} operations, the most it may, so this one did not run. "
            "Complete another first."
        )


class RequestMalformed(RequestRefused):
    """The request is JSON, and not a GraphQL request (GraphQL over HTTP, "Invalid parameters")."""


class PreflightRequired(RequestRefused):
    """A request by GET shows neither an API token nor that a browser asked before it was sent."""

    code = "PREFLIGHT_REQUIRED"
    status = 403
