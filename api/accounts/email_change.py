"""Changing the e-mail address: confirmed from the new one, told to the present one, which can stop it (8.2-b).

The rule: until the new mailbox confirms, nothing changes; a taken address gets the same answer as a free one; the old
address is kept nowhere once the change is made.
"""

from __future__ import annotations

from api.accounts.attempts import admit_or_refuse
from api.accounts.credentials import mail_reset_link
from api.accounts.devices import forget_devices
from api.accounts.errors import AlreadyDone, LinkRefused
from api.accounts.holders import Holder, acting_as_holder, holder_at, lock_address
from api.accounts.links import LinkKind, drop_links, make_link, use_link
from api.accounts.mails import mail_account_exists, mail_email_changed, mail_link
from api.accounts.parts import AccountParts
from api.accounts.security_log import SecurityEvent, log_security
from api.accounts.sessions import SessionOwner, end_sessions
from api.accounts.sign_in import prove_password, spend_proof
from api.accounts.values import MailAddress, parse_address
from api.auth.throttle import mail_buckets
from api.models import AccountRow, OneTimeLinkRow, SessionRow
from api.viewer import Viewer
from api.work import Work
from governance.audit.event import EventKind

_CHANGE = (LinkKind.CHANGE_EMAIL, LinkKind.KEEP_EMAIL)


async def request_email_change(parts: AccountParts, viewer: Viewer, new_email: str, current_password: str) -> None:
    """Mail a link to the new address, and one that stops the change to the present address."""
    address = parse_address(new_email, field="newEmail")
    proved = await prove_password(parts, viewer, current_password, "requestEmailChange")
    if address.text == proved.holder.account.email:
        raise AlreadyDone("This is the address of your account already, so nothing was changed.")
    buckets = mail_buckets(parts.throttle_secret, "change-email", email_key=address.key, address=viewer.origin.address)
    async with parts.works.open(viewer) as work:
        await admit_or_refuse(work, buckets)
        holder = await spend_proof(work, proved)
        await _ask_both(work, holder, address)
        await work.record(
            EventKind.CHANGE,
            "requestEmailChange",
            OneTimeLinkRow.secret_hash,
            OneTimeLinkRow.new_email,
            about=[holder.person],
            clauses=["8.2-b"],
        )


async def confirm_email_change(work: Work, link_token: str) -> None:
    """Make the address that the link was sent to the account's; raise `LinkRefused` if it has an account by now."""
    used = await use_link(work, LinkKind.CHANGE_EMAIL, link_token)
    address = parse_address(used.new_email or "")
    account = used.holder.account
    taken = await lock_address(work.session, address.key)
    if taken and address.key != account.email_key:
        raise LinkRefused
    former_address = account.email
    account.email, account.email_key = address.text, address.key
    account.email_verified_at = work.clock.now()
    await drop_links(work, account.id, *LinkKind)
    work = acting_as_holder(work, used.holder)
    await mail_email_changed(work, used.holder, former_address)
    await log_security(work, used.holder.person, SecurityEvent.EMAIL_CHANGED, "confirmEmailChange")
    await work.record(
        EventKind.CHANGE,
        "confirmEmailChange",
        AccountRow.email,
        AccountRow.email_key,
        AccountRow.email_verified_at,
        OneTimeLinkRow.used_at,
        about=[used.holder.person],
        clauses=["8.2-b"],
    )


async def keep_email(work: Work, link_token: str) -> None:
    """Stop a change that the holder did not ask for: whoever asked knows the password, so every session ends."""
    used = await use_link(work, LinkKind.KEEP_EMAIL, link_token)
    holder, account = used.holder, used.holder.account
    await drop_links(work, account.id, *_CHANGE)
    await forget_devices(work, account.id)
    await end_sessions(work, SessionOwner(holder.person, account.id))
    await mail_reset_link(work, holder)
    await log_security(
        acting_as_holder(work, holder),
        holder.person,
        SecurityEvent.EMAIL_KEPT,
        "keepEmail",
        SessionRow.revoked_at,
        OneTimeLinkRow.used_at,
    )


async def _ask_both(work: Work, holder: Holder, address: MailAddress) -> None:
    account = holder.account
    await drop_links(work, account.id, *_CHANGE)
    present = await holder_at(work.session, address.key)
    if present is None or present.account.id == account.id:
        secret = await make_link(work, account.id, LinkKind.CHANGE_EMAIL, new_email=address.text)
        await mail_link(work, holder, "change_email", secret, recipient=address.text)
    else:
        await mail_account_exists(work, present)
    secret = await make_link(work, account.id, LinkKind.KEEP_EMAIL)
    await mail_link(work, holder, "email_change_requested", secret)
