"""Signing in with address and password, and proving the password again (clauses 2.4-a, 5.1-a, 5.1-d).

The rule: an unknown address, a wrong password and a closed account are answered alike, for the same work.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from api.accounts.access import require_own_session
from api.accounts.attempts import Attempt, Claimed, count, password_matches, record_failure, take_back
from api.accounts.devices import recognised, remember_device
from api.accounts.errors import ReauthenticationRequired, SignInRefused, SignInRequired
from api.accounts.holders import Holder, acting_as_holder, holder_at, holder_of, locked_holder
from api.accounts.mails import mail_new_device
from api.accounts.parts import AccountParts
from api.accounts.security_log import SecurityEvent, log_security
from api.accounts.sessions import STAYING, SessionOwner, SignedIn, begin_session, renew_session
from api.accounts.values import parse_address
from api.auth.throttle import sign_in_buckets
from api.auth.viewers import session_grants
from api.models import AccountRow, RecognisedDeviceRow, SessionId, SessionRow
from api.viewer import Role, Viewer
from api.work import Work

_SESSION = (
    SessionRow.secret_hash,
    SessionRow.user_agent,
    SessionRow.address,
    SessionRow.created_at,
    SessionRow.expires_at,
    AccountRow.last_sign_in_at,
    RecognisedDeviceRow.created_at,
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a person types to get in."""

    email: str
    password: str = field(repr=False)
    stay_signed_in: bool = False


@dataclass(frozen=True, slots=True)
class ProvedPassword:
    """The password of `holder` as it was when it was proved; `attempt` is still counted."""

    holder: Holder
    session_id: SessionId
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class _Arrival:
    """Somebody whose password matched that of `seen`."""

    seen: Holder
    attempt: Attempt
    asked: SignIn
    device_secret: str | None = field(repr=False)


async def sign_in(parts: AccountParts, viewer: Viewer, asked: SignIn, *, device_secret: str | None = None) -> SignedIn:
    """Start a session, or raise `SignInRefused` or `TooManyAttempts` after the failure was committed.

    An address that is not confirmed may sign in; `require_verified` keeps it from ordering.
    """
    address = parse_address(asked.email)
    async with parts.works.open(viewer) as work:
        holder = await holder_at(work.session, address.key)
        device = holder and await recognised(work.session, holder.account.id, device_secret, work.clock)
        buckets = sign_in_buckets(
            parts.throttle_secret,
            email_key=address.key,
            address=viewer.origin.address,
            device_secret=device_secret if device else None,
        )
        attempt = await count(work, "signIn", SecurityEvent.SIGN_IN, _claimed(holder), buckets)
    matches = await password_matches(parts, attempt, asked.password)
    arrival = _Arrival(holder, attempt, asked, device_secret) if holder and matches else None
    signed_in = await _let_in(parts, viewer, arrival) if arrival else None
    if signed_in is None:
        await record_failure(parts, viewer, attempt)
        raise SignInRefused
    return signed_in


async def reauthenticate(parts: AccountParts, viewer: Viewer, password: str) -> SignedIn:
    """Note on the session that the password was just proved, and give it a new secret."""
    proved = await prove_password(parts, viewer, password, "reauthenticate")
    async with parts.works.open(viewer) as work:
        holder = await spend_proof(work, proved)
        session, secret = await renew_session(work, proved.session_id)
        await log_security(
            work, holder.person, SecurityEvent.REAUTHENTICATION, "reauthenticate", SessionRow.reauthenticated_at
        )
        return renewed(work, session, secret)


async def prove_password(parts: AccountParts, viewer: Viewer, password: str, operation: str) -> ProvedPassword:
    """Check the password of the holder who is signed in; raise `ReauthenticationRequired`, with the failure committed.

    Failures are counted for this session alone, so strangers who guess elsewhere do not shut the holder out.
    """
    account_id, session_id = require_own_session(viewer)
    async with parts.works.open(viewer) as work:
        holder = await holder_of(work.session, account_id)
        if holder is None:
            raise SignInRequired
        buckets = sign_in_buckets(
            parts.throttle_secret, email_key=holder.account.email_key, address="", device_secret=str(session_id)
        )
        attempt = await count(work, operation, SecurityEvent.REAUTHENTICATION, _claimed(holder), buckets)
    if not await password_matches(parts, attempt, password):
        await record_failure(parts, viewer, attempt)
        raise ReauthenticationRequired
    return ProvedPassword(holder, session_id, attempt)


async def spend_proof(work: Work, proved: ProvedPassword) -> Holder:
    """Lock the account for the change that the password was proved for; refuse if the password changed since."""
    holder = await locked_holder(work.session, proved.holder.account.id)
    if holder is None or not _same_password(holder, proved.holder):
        raise ReauthenticationRequired
    await take_back(work, proved.attempt)
    return holder


def renewed(work: Work, session: SessionRow, secret: str) -> SignedIn:
    """Return what a browser gets whose session was given a new secret."""
    life = session.expires_at - work.clock.now() if session.stay_signed_in else None
    return SignedIn(secret, session, work.viewer, cookie_life=life)


async def _let_in(parts: AccountParts, viewer: Viewer, arrival: _Arrival) -> SignedIn | None:
    """Begin the session; None if the password changed or the account closed since it was compared."""
    seen, asked = arrival.seen, arrival.asked
    stale = parts.passwords.needs_rehash(seen.account.password_hash)
    better_hash = await parts.passwords.hash(asked.password) if stale else None
    async with parts.works.open(viewer) as work:
        holder = await locked_holder(work.session, seen.account.id)
        if holder is None or not _same_password(holder, seen):
            return None
        await take_back(work, arrival.attempt)
        if better_hash is not None:
            holder.account.password_hash = better_hash
        return await _begin(acting_as_holder(work, holder), holder, asked.stay_signed_in, arrival.device_secret)


async def _begin(work: Work, holder: Holder, stay_signed_in: bool, device_secret: str | None) -> SignedIn:
    account, person = holder.account, holder.person
    known, new_device_secret = await remember_device(work, account.id, device_secret)
    if not known and account.last_sign_in_at is not None:
        await mail_new_device(work, holder)
        await log_security(work, person, SecurityEvent.NEW_DEVICE, "signIn")
    account.last_sign_in_at = work.clock.now()
    session, secret = await begin_session(work, SessionOwner(person, account.id), stay_signed_in=stay_signed_in)
    await log_security(work, person, SecurityEvent.SIGN_IN, "signIn", *_SESSION)
    viewer = Viewer(
        Role.HOLDER,
        work.viewer.origin,
        person=person,
        account_id=account.id,
        session_id=session.id,
        grants=session_grants(Role.HOLDER),
    )
    return SignedIn(secret, session, viewer, new_device_secret, STAYING if stay_signed_in else None)


def _same_password(now: Holder, then: Holder) -> bool:
    """Compare when it was set, not its hash: another sign-in may have hashed the same password anew."""
    return now.account.password_changed_at == then.account.password_changed_at


def _claimed(holder: Holder | None) -> Claimed | None:
    if holder is None:
        return None
    account = holder.account
    return Claimed(holder.person, account.password_hash, account.email, account.language)
