"""What was done, said on the page that follows: the address carries a word of this list, never a text."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from api.pages.languages import later

NOTICES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "verified": later("Your e-mail address is confirmed. You can order certificates now."),
        "verification-sent": later("A new link is on its way to your mailbox."),
        "email-changed": later("Your new e-mail address is confirmed. Sign in with it from now on."),
        "email-kept": later("The change of address was stopped. Set a new password by the link we mailed to you."),
        "email-change-sent": later("We sent a link to the new address. Nothing changes until it is opened."),
        "password-set": later("Your new password is set and every session was ended. Sign in with it."),
        "password-changed": later("Your password is changed. Every other session was ended."),
        "signed-out": later("You are signed out."),
        "settings-saved": later("Your settings are saved."),
        "session-ended": later("The session was ended."),
        "sessions-ended": later("Every other session was ended."),
        "token-revoked": later("The API token was revoked. It no longer works anywhere."),
        "access-granted": later("They may act for your account now. You can end it here at any time."),
        "access-invited": later("We mailed them a link. They may act for your account once they accept."),
        "access-ended": later("Their access was ended. Nothing more is done or shown under it."),
        "access-accepted": later("You may act for that account now. It is listed below."),
        "domain-added": later("The domain was added. It is proved when you order a certificate for it."),
        "domain-removed": later("The domain was removed. Its certificates stay as they are."),
        "agent-removed": later("The agent was removed and its API token ended."),
        "ordered": later("The order was placed."),
        "confirmed": later("Thank you. The certificate authority is looking now."),
        "revoked": later("The certificate was revoked."),
    }
)
