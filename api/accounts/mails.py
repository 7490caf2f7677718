"""The mails that account services send, each with the values its template names.

The rule: a mail is queued in the transaction of the change it tells of, and no value but a link's secret can change
anything when somebody else reads it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.accounts.holders import Holder, moment
from api.kit.secrets import random_url_token
from api.mail.outbox import queue_mail
from api.models import AccessGrantRow
from api.work import Work
from governance.audit.event import Person

_LONGEST_DEVICE: Final = 120


async def mail_link(work: Work, holder: Holder, template: str, secret: str, *, recipient: str | None = None) -> None:
    """Send a link: to the account's address, or to the one that is to be confirmed."""
    await _send(work, holder, template, {"link_token": secret}, recipient=recipient)


async def mail_account_exists(work: Work, holder: Holder) -> None:
    """Tell the holder that somebody gave their address at sign-up or as a new address."""
    await _send(work, holder, "account_exists", {})


async def mail_password_changed(work: Work, holder: Holder, api_tokens: int) -> None:
    """Tell the holder that the password changed, and how many API tokens still work."""
    await _send(work, holder, "password_changed", {"at": moment(work.clock.now()), "api_tokens": str(api_tokens)})


async def mail_email_changed(work: Work, holder: Holder, former_address: str) -> None:
    """Tell the address that was given up; it is kept nowhere else."""
    await _send(work, holder, "email_changed", {"at": moment(work.clock.now())}, recipient=former_address)


async def mail_new_device(work: Work, holder: Holder) -> None:
    """Tell the holder that a browser signed in which had not done so before."""
    origin = work.viewer.origin
    values = {"at": moment(work.clock.now()), "address": origin.address, "device": origin.user_agent[:_LONGEST_DEVICE]}
    await _send(work, holder, "new_device_sign_in", values)


async def mail_api_token(work: Work, holder: Holder, name: str, scopes: str) -> None:
    """Tell the holder that a program can act for the account from now on."""
    values = {"at": moment(work.clock.now()), "name": name, "scopes": scopes}
    await _send(work, holder, "api_token_created", values)


async def mail_access_granted(work: Work, holder: Holder, who: str, grant: AccessGrantRow) -> None:
    """Tell the holder that somebody else may act for the account from now on."""
    values = {
        "at": moment(work.clock.now()),
        "who": who,
        "scopes": ", ".join(grant.scopes),
        "categories": ", ".join(grant.categories),
        "until": moment(grant.until),
    }
    await _send(work, holder, "access_granted", values)


async def mail_invitation(work: Work, invited: Person, recipient: str, holder: Holder, grant: AccessGrantRow) -> str:
    """Invite somebody, who may have no account, to act for the holder's; return the link's secret."""
    secret = random_url_token()
    values = {
        "link_token": secret,
        "holder": holder.account.email,
        "scopes": ", ".join(grant.scopes),
        "until": moment(grant.until),
    }
    await queue_mail(
        work, invited, "access_invitation", recipient=recipient, language=holder.account.language, values=values
    )
    return secret


async def mail_throttled(work: Work, person: Person, recipient: str, language: str, until: datetime) -> None:
    """Tell a holder or staff that sign-in was slowed down after wrong passwords (clause 2.4-a)."""
    values = {"at": moment(work.clock.now()), "until": moment(until), "address": work.viewer.origin.address}
    await queue_mail(work, person, "sign_in_throttled", recipient=recipient, language=language, values=values)


async def _send(
    work: Work, holder: Holder, template: str, values: dict[str, str], *, recipient: str | None = None
) -> None:
    account = holder.account
    await queue_mail(
        work, holder.person, template, recipient=recipient or account.email, language=account.language, values=values
    )
