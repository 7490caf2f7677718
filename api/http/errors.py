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


class RequestMalformed(RequestRefused):
    """The request is JSON, and not a GraphQL request (GraphQL over HTTP, "Invalid parameters")."""


class PreflightRequired(RequestRefused):
    """A request by GET shows neither an API token nor that a browser asked before it was sent."""

    code = "PREFLIGHT_REQUIRED"
    status = 403
