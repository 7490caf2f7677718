"""How a message leaves: by SMTP, or into a folder that a person reads or a mail server collects from.

One rule: it goes to the one configured server and nowhere else, and never in the clear beyond this machine. Whether
trying again can help is the type of the error.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from api.kit.errors import CertificateManagerError

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SUBMISSION_PORT: Final = 587
_SUBMISSION_TLS_PORT: Final = 465
_GOODBYE_SECONDS: Final = 2.0
_PERMANENT: Final = 500
_NOT_OUR_MAIL: Final = frozenset({530, 534, 535, 538, 454})
"""Replies about our own login: the mail itself is fine and must wait until the operator has put the login right."""


class MailNotSent(CertificateManagerError):
    """A mail did not leave. `reply_code` is the server's three digits, 0 where it said nothing."""

    code = "MAIL_NOT_SENT"

    def __init__(self, message: str, *, reply_code: int = 0) -> None:
        super().__init__(message)
        self.reply_code = reply_code


class MailDeferred(MailNotSent):
    """It may work later. Where the server's answer was lost, the mail may even have arrived."""


class MailRefused(MailNotSent):
    """The server will never take this mail."""


class MailTransport(Protocol):
    """Sends one message."""

    async def send(self, message: EmailMessage) -> None:
        """Return once the other side has taken responsibility. Raise `MailDeferred` or `MailRefused`."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class SmtpServer:
    """Where to and how. `encryption` is `tls` (from the first byte), `starttls` (required) or `none` (loopback)."""

    host: str
    port: int
    encryption: str
    user: str | None = None
    password: str | None = None


class SmtpTransport:
    """One connection for each message: at our rates that is cheap, and no connection is ever found dead."""

    def __init__(self, server: SmtpServer, *, timeout: float, trust: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._timeout = timeout
        self._trust = trust

    async def send(self, message: EmailMessage) -> None:
        """Hand the message to the server within the time limit, which covers the whole conversation."""
        client = self._client()
        try:
            await self._deliver(client, message)
            await _part(client)
        finally:
            client.close()

    async def _deliver(self, client: aiosmtplib.SMTP, message: EmailMessage) -> None:
        """Converse until the server has taken the message; drop the library's texts, which may repeat addresses."""
        try:
            async with asyncio.timeout(self._timeout):
                await client.connect()
                await client.send_message(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refusal(error.recipients[0].code if error.recipients else 0) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error.code) from None
        except aiosmtplib.SMTPNotSupported:
            raise MailRefused("The mail server does not support what this mail needs, so it was not sent.") from None
        except (aiosmtplib.SMTPException, OSError, ValueError):
            raise MailDeferred("The mail server could not be reached or did not answer in time.") from None

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.encryption == "tls",
            start_tls=server.encryption == "starttls",
            tls_context=self._trust,
            timeout=self._timeout,
        )


async def _part(client: aiosmtplib.SMTP) -> None:
    """Say goodbye (RFC 5321 section 4.1.1.10). The mail is sent, whatever becomes of this."""
    with suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=_GOODBYE_SECONDS)


class FolderTransport:
    """Writes `<delivery>.eml`; a repeated mail replaces itself. Files and folder are readable by their owner alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage) -> None:
        """Write the message; it is on disk under its final name, whole, when this returns."""
        try:
            await asyncio.to_thread(self._write, message)
        except OSError:
            raise MailDeferred("The mail folder could not be written.") from None

    def _write(self, message: EmailMessage) -> None:
        name = re.sub(r"[^A-Za-z0-9-]", "", str(message["Message-ID"]).partition("@")[0])
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._folder / f".{name}.{os.getpid()}"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._folder / f"{name}.eml")


def open_transport(url: str, *, timeout: float = 30.0, trust: ssl.SSLContext | None = None) -> MailTransport:
    """Return the transport of an address: `smtp://user:password@host:587`, `smtps://host`, `folder:///path`.

    `smtp://` beyond this machine requires STARTTLS; on loopback it is plain. Raise ValueError, without repeating the
    address, for anything else. `trust` replaces the system's roots.
    """
    parts = urlsplit(url)
    if parts.scheme == "folder" and parts.path.startswith("/") and not parts.netloc:
        return FolderTransport(Path(unquote(parts.path)))
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("a mail address begins with smtp://host, smtps://host or folder:///path")
    implicit = parts.scheme == "smtps"
    plain = parts.hostname in _LOOPBACK and not implicit
    server = SmtpServer(
        host=parts.hostname,
        port=parts.port or (_SUBMISSION_TLS_PORT if implicit else _SUBMISSION_PORT),
        encryption="tls" if implicit else "none" if plain else "starttls",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
    return SmtpTransport(server, timeout=timeout, trust=trust)


def _refusal(reply_code: int) -> MailNotSent:
    """Tell permanent from temporary by the reply's first digit (RFC 5321 section 4.2.1)."""
    if reply_code >= _PERMANENT and reply_code not in _NOT_OUR_MAIL:
        return MailRefused("The mail server refused this mail for good.", reply_code=reply_code)
    return MailDeferred("The mail server cannot take this mail now.", reply_code=reply_code)
