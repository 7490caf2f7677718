"""Signing up and confirming the address (clauses 1.1-a, 9-a, 9-b).

The rule: without the statement about age nothing is stored or logged; with it, a known and a new address get the same
answer for the same work, and only the mailbox learns which it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from api.accounts.access import require_holder, require_own_session
from api.accounts.attempts import admit_or_refuse
from api.accounts.errors import AgeStatementRequired, AlreadyDone
from api.accounts.holders import Holder, acting_as_holder, holder_at, lock_address, new_person
from api.accounts.links import LinkKind, drop_links, make_link, use_link
from api.accounts.mails import mail_account_exists, mail_link
from api.accounts.parts import AccountParts
from api.accounts.security_log import SecurityEvent, log_security
from api.accounts.values import MailAddress, parse_address, parse_language
from api.auth.passwords import check_new_password
from api.auth.throttle import Bucket, mail_buckets
from api.models import AccountId, AccountRow, OneTimeLinkRow
from api.viewer import Viewer
from api.work import Work
from governance.audit.event import EventKind
from governance.ids import new_id

_WRITTEN = (
    AccountRow.email,
    AccountRow.email_key,
    AccountRow.password_hash,
    AccountRow.password_changed_at,
    AccountRow.language,
    AccountRow.time_zone,
    AccountRow.display_mode,
    AccountRow.notify_expiry,
    AccountRow.notify_failure,
    AccountRow.notify_installation,
    AccountRow.age_statement_at,
    AccountRow.age_statement_version,
    AccountRow.plan,
    AccountRow.created_at,
    OneTimeLinkRow.secret_hash,
)


@dataclass(frozen=True, slots=True)
class SignUp:
    """All that is asked at sign-up; there is no field for anything else."""

    email: str
    password: str = field(repr=False)
    age_statement: bool | None
    language: str = "en"


async def sign_up(parts: AccountParts, viewer: Viewer, asked: SignUp) -> None:
    """Open an account and mail a link, or tell the present holder of the address; the caller cannot see which.

    Raise `AgeStatementRequired` before anything is counted, stored or logged.
    """
    if asked.age_statement is not True:
        raise AgeStatementRequired(parts.minimum_age)
    address, language = parse_address(asked.email), parse_language(asked.language)
    password = check_new_password(asked.password, email=address.text)
    async with parts.works.open(viewer) as work:
        await admit_or_refuse(work, _buckets(parts, viewer, "sign-up", address.key))
    password_hash = await parts.passwords.hash(password)
    async with parts.works.open(viewer) as work:
        if await lock_address(work.session, address.key):
            await _tell_present_holder(work, address.key)
        else:
            await _open_account(work, address, language, password_hash, parts.minimum_age)


async def verify_email(work: Work, link_token: str) -> None:
    """Confirm the address whose mailbox the link came from; raise `LinkRefused` when the link does not work."""
    used = await use_link(work, LinkKind.VERIFY_EMAIL, link_token)
    account = used.holder.account
    if account.email_verified_at is None:
        account.email_verified_at = work.clock.now()
    await drop_links(work, account.id, LinkKind.VERIFY_EMAIL)
    await acting_as_holder(work, used.holder).record(
        EventKind.CHANGE,
        "verifyEmail",
        AccountRow.email_verified_at,
        OneTimeLinkRow.used_at,
        about=[used.holder.person],
        clauses=["1.1-a"],
    )


async def resend_verification(parts: AccountParts, viewer: Viewer) -> None:
    """Mail another link to the address of the account that is signed in; earlier links keep working until used."""
    require_own_session(viewer)
    async with parts.works.open(viewer) as work:
        holder = await require_holder(work)
        if holder.account.email_verified_at is not None:
            raise AlreadyDone("Your e-mail address is confirmed already, so no mail was sent.")
        await admit_or_refuse(work, _buckets(parts, viewer, "verify", holder.account.email_key))
        await _mail_verification(work, holder)
        await work.record(EventKind.CHANGE, "resendVerification", OneTimeLinkRow.secret_hash, about=[holder.person])


async def _tell_present_holder(work: Work, email_key: str) -> None:
    holder = await holder_at(work.session, email_key)
    if holder is not None:
        await mail_account_exists(work, holder)
        await log_security(work, holder.person, SecurityEvent.ADDRESS_TRIED, "signUp", succeeded=False)


async def _open_account(work: Work, address: MailAddress, language: str, password_hash: str, minimum_age: int) -> None:
    person = await new_person(work, "holder")
    now = work.clock.now()
    account = AccountRow(
        id=AccountId(new_id(work.clock)),
        data_subject_id=person.id,
        email=address.text,
        email_key=address.key,
        password_hash=password_hash,
        password_changed_at=now,
        language=language,
        time_zone="UTC",
        display_mode="system",
        notify_expiry=True,
        notify_failure=True,
        notify_installation=True,
        age_statement_at=now,
        age_statement_version=f"{minimum_age}-or-older/1",
        plan="free",
        created_at=now,
    )
    work.session.add(account)
    await work.session.flush()
    holder = Holder(account, person)
    await _mail_verification(work, holder)
    await acting_as_holder(work, holder).record(
        EventKind.CHANGE, "signUp", *_WRITTEN, about=[person], clauses=["1.1-a", "9-b"], rows={"account": 1}
    )


async def _mail_verification(work: Work, holder: Holder) -> None:
    secret = await make_link(work, holder.account.id, LinkKind.VERIFY_EMAIL)
    await mail_link(work, holder, "verify_email", secret)


def _buckets(parts: AccountParts, viewer: Viewer, purpose: str, email_key: str) -> tuple[Bucket, ...]:
    return mail_buckets(parts.throttle_secret, purpose, email_key=email_key, address=viewer.origin.address)
