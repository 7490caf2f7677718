"""A real SMTP server inside the test process, which answers as it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Mailbox:
    """Keeps what arrives. `replies` are given to the next messages, `hang` answers none until `release` is set."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.replies: list[str] = []
        self.recipient_replies: list[str] = []
        self.hang = False
        self.reached = asyncio.Event()
        self.release = asyncio.Event()
        self.port = 0

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_replies:
            return self.recipient_replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.reached.set()
        if self.hang:
            await self.release.wait()
        if self.replies and not self.replies[0].startswith("2"):
            return self.replies.pop(0)
        self.envelopes.append(envelope)
        return self.replies.pop(0) if self.replies else "250 OK"

    @property
    def messages(self) -> list[EmailMessage]:
        return [
            message_from_bytes(bytes(envelope.content or b""), policy=SMTP_POLICY)  # type: ignore[misc]
            for envelope in self.envelopes
        ]


def _login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"platform", b"p@ss/word")
    return AuthResult(success=right, handled=False)


@asynccontextmanager
async def smtp_server(
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    login: bool = False,
    host: str = "127.0.0.1",
) -> AsyncIterator[Mailbox]:
    """Run a server on a free port of this machine."""
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    connections: list[SMTP] = []

    def accept() -> SMTP:
        connection = SMTP(
            mailbox,
            loop=loop,
            hostname="mx.example.test",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=_login if login else None,
            auth_required=login,
            enable_SMTPUTF8=True,
        )
        connections.append(connection)
        return connection

    server = await loop.create_server(accept, host, 0, ssl=tls)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        for connection in connections:
            if connection.transport is not None:
                connection.transport.abort()
            if connection._handler_coroutine is not None:
                connection._handler_coroutine.cancel()
                await asyncio.wait([connection._handler_coroutine])
        await server.wait_closed()
        await asyncio.sleep(0)  # aborted transports close their sockets in the loop's next turn
