"""Read the mail folder as a person reads a mailbox: wait for a mail, find the link in it."""

from __future__ import annotations

import asyncio
import email
import re
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Final

_POLL_SECONDS: Final = 0.05
_LINK: Final = re.compile(r"https?://\S+\?token=([A-Za-z0-9_-]+)")


class MailDidNotArrive(RuntimeError):
    """No mail with such a subject came in time."""


def mails_to(folder: Path, recipient: str) -> list[EmailMessage]:
    """Return the mails to an address, oldest first."""
    files = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    mails = [email.message_from_bytes(path.read_bytes(), policy=default) for path in files]
    return [mail for mail in mails if isinstance(mail, EmailMessage) and recipient in str(mail["To"])]


async def wait_for_link(folder: Path, recipient: str, path: str, *, seconds: float = 20.0) -> tuple[str, str]:
    """Return subject and link token of the newest mail to `recipient` whose link leads to `path`."""
    for _ in range(int(seconds / _POLL_SECONDS)):
        for mail in reversed(mails_to(folder, recipient)):
            body = mail.get_body(("plain",))
            text = str(body.get_content()) if body is not None else ""
            for found in _LINK.finditer(text):
                if f"{path}?" in found.group(0):
                    return str(mail["Subject"]), found.group(1)
        await asyncio.sleep(_POLL_SECONDS)
    raise MailDidNotArrive(f"No mail to {recipient} with a link to {path} arrived within {seconds:.0f} seconds.")
