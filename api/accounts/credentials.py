"""Changing and resetting the password.

The rule: whoever sets a new password ends every other way in that somebody else might hold: sessions, links in mails
and, by reset, recognised devices. API tokens go on, because servers depend on them, and the mail says so.
"""

from __future__ import annotations

from sqlalchemy import func, select, update

from api.accounts.api_tokens import working_tokens
from api.accounts.attempts import admit_or_refuse
from api.accounts.devices import forget_devices
from api.accounts.errors import LinkRefused
from api.accounts.holders import Holder, acting_as_holder, holder_at, holder_of
from api.accounts.links import LinkKind, drop_links, link_owner, make_link, use_link
from api.accounts.mails import mail_link, mail_password_changed
from api.accounts.parts import AccountParts
from api.accounts.security_log import SecurityEvent, log_security
from api.accounts.sessions import SessionOwner, SignedIn, end_sessions, renew_session
from api.accounts.sign_in import prove_password, renewed, spend_proof
from api.accounts.values import parse_address
from api.auth.passwords import check_new_password
from api.auth.throttle import mail_buckets, sign_in_buckets
from api.auth.throttle_store import forgive
from api.models import AccountRow, ApiTokenRow, OneTimeLinkRow, SessionRow
from api.viewer import Viewer
from api.work import Work
from governance.audit.event import EventKind

_WRITTEN = (AccountRow.password_hash, AccountRow.password_changed_at, SessionRow.revoked_at)
_ALL_BUT_VERIFICATION = (LinkKind.RESET_PASSWORD, LinkKind.CHANGE_EMAIL, LinkKind.KEEP_EMAIL)


async def change_password(parts: AccountParts, viewer: Viewer, current_password: str, new_password: str) -> SignedIn:
    """Set another password; other sessions end and this one gets a new secret."""
    proved = await prove_password(parts, viewer, current_password, "changePassword")
    password = check_new_password(new_password, email=proved.holder.account.email, field="newPassword")
    password_hash = await parts.passwords.hash(password)
    async with parts.works.open(viewer) as work:
        holder = await spend_proof(work, proved)
        await _set_password(work, holder, password_hash)
        await end_sessions(work, SessionOwner(holder.person, holder.account.id), keep=proved.session_id)
        session, secret = await renew_session(work, proved.session_id)
        await log_security(work, holder.person, SecurityEvent.PASSWORD_CHANGED, "changePassword", *_WRITTEN)
        return renewed(work, session, secret)


async def request_password_reset(parts: AccountParts, viewer: Viewer, email: str) -> None:
    """Mail a link if the address has an account; the caller cannot see whether.

    Both cases are counted alike, so the few milliseconds that a mail takes cannot be measured by repetition.
    """
    address = parse_address(email)
    buckets = mail_buckets(parts.throttle_secret, "reset", email_key=address.key, address=viewer.origin.address)
    async with parts.works.open(viewer) as work:
        await admit_or_refuse(work, buckets)
        holder = await holder_at(work.session, address.key)
        if holder is not None:
            await mail_reset_link(work, holder)
            await work.record(
                EventKind.CHANGE, "requestPasswordReset", OneTimeLinkRow.secret_hash, about=[holder.person]
            )


async def reset_password(parts: AccountParts, viewer: Viewer, link_token: str, new_password: str) -> None:
    """Set a password by a link; nobody is signed in afterwards. Raise `LinkRefused` when the link does not work."""
    async with parts.works.open(viewer) as work:
        account_id = await link_owner(work.session, LinkKind.RESET_PASSWORD, link_token, work.clock.now())
        holder = await holder_of(work.session, account_id)
    if holder is None:
        raise LinkRefused
    password = check_new_password(new_password, email=holder.account.email, field="newPassword")
    password_hash = await parts.passwords.hash(password)
    async with parts.works.open(viewer) as work:
        used = await use_link(work, LinkKind.RESET_PASSWORD, link_token)
        await _reopen_sign_in(parts, work, used.holder)
        await _take_over(acting_as_holder(work, used.holder), used.holder, password_hash)


async def mail_reset_link(work: Work, holder: Holder) -> None:
    """Send a link that sets a new password, to the address of the account."""
    secret = await make_link(work, holder.account.id, LinkKind.RESET_PASSWORD)
    await mail_link(work, holder, "reset_password", secret)


async def _reopen_sign_in(parts: AccountParts, work: Work, holder: Holder) -> None:
    """Forget the account's wrong passwords: whoever was shut out by strangers gets in by a link."""
    buckets = sign_in_buckets(
        parts.throttle_secret,
        email_key=holder.account.email_key,
        address=work.viewer.origin.address,
        device_secret=None,
    )
    await forgive(work.session, buckets)


async def _take_over(work: Work, holder: Holder, password_hash: str) -> None:
    """Give the account to whoever reads its mailbox."""
    account = holder.account
    if account.email_verified_at is None:
        await _confirm_by_reset(work, holder)
    await forget_devices(work, account.id)
    await end_sessions(work, SessionOwner(holder.person, account.id))
    await _set_password(work, holder, password_hash)
    await log_security(
        work, holder.person, SecurityEvent.PASSWORD_RESET, "resetPassword", *_WRITTEN, OneTimeLinkRow.used_at
    )


async def _confirm_by_reset(work: Work, holder: Holder) -> None:
    """Confirm the address, and revoke what was made before: an account may be opened with somebody else's address."""
    now = work.clock.now()
    holder.account.email_verified_at = now
    await drop_links(work, holder.account.id, LinkKind.VERIFY_EMAIL)
    await work.session.execute(
        update(ApiTokenRow).where(*working_tokens(holder.account.id, now)).values(revoked_at=now)
    )
    await work.record(
        EventKind.CHANGE, "resetPassword", AccountRow.email_verified_at, ApiTokenRow.revoked_at, about=[holder.person]
    )


async def _set_password(work: Work, holder: Holder, password_hash: str) -> None:
    account, now = holder.account, work.clock.now()
    account.password_hash, account.password_changed_at = password_hash, now
    await drop_links(work, account.id, *_ALL_BUT_VERIFICATION)
    working = select(func.count()).where(*working_tokens(account.id, now))
    await mail_password_changed(work, holder, await work.session.scalar(working) or 0)
