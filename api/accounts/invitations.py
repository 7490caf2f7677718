"""Teammates: invited by mail, accepted by whoever has that mailbox and an account of that address.

The rule: an invitation is the same work and the same answer whether or not the address has an account, and what it
knows of a stranger is a person of its own that goes when it is settled.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import select

from api.accounts.access import require_own_session, require_scopes, require_verified
from api.accounts.attempts import admit_or_refuse
from api.accounts.errors import InvitationRefused, SettingRefused
from api.accounts.grants import GRANTED, Terms, forget_invited, granting_holder, new_grant, own_grant
from api.accounts.holders import Holder, holder_of, new_person
from api.accounts.idempotency import KeyUse, claim_key
from api.accounts.mails import mail_access_granted, mail_invitation
from api.accounts.security_log import SecurityEvent, log_security
from api.accounts.values import MailAddress, parse_address
from api.auth.throttle import mail_buckets
from api.kit.secrets import hash_secret
from api.models import AccessGrantId, AccessGrantRow, InvitationId, InvitationRow
from api.work import Work
from governance.audit.event import EventKind
from governance.ids import new_id

LIFE: Final = timedelta(days=7)
_WRITTEN: Final = (*GRANTED, InvitationRow.email, InvitationRow.email_key, InvitationRow.secret_hash)


async def grant_teammate_access(
    work: Work, throttle_secret: bytes, email: str, asked: Terms, idempotency_key: str
) -> AccessGrantRow:
    """Invite somebody to act for the viewer's account; it holds once accepted. A repetition invites once."""
    address = parse_address(email)
    holder = await granting_holder(work)
    if address.key == holder.account.email_key:
        raise SettingRefused(
            "This is your own address; you may act for your account already. Nobody was invited.",
            rule="own-address",
            field=("email",),
        )
    made = AccessGrantId(new_id(work.clock))
    use = KeyUse("grantTeammateAccess", idempotency_key)
    grant_id = await claim_key(work, use, asked.fingerprint(address.key), made)
    if grant_id == made:
        source = work.viewer.origin.address
        await admit_or_refuse(work, mail_buckets(throttle_secret, "invitation", email_key=address.key, address=source))
        await _invite(work, holder, address, await new_grant(work, holder, made, asked))
    return await own_grant(work, grant_id)


async def accept_invitation(work: Work, link_token: str) -> AccessGrantRow:
    """Take what an invitation offers; raise `InvitationRefused` unless it was mailed to the viewer's own address."""
    account_id, _ = require_own_session(work.viewer)
    require_scopes(work.viewer, "access:write")
    teammate = await require_verified(work)
    grant = await _waiting_grant(work, teammate, link_token)
    holder = await holder_of(work.session, grant.account_id)
    if holder is None or holder.account.id == account_id:
        raise InvitationRefused
    grant.grantee_account_id, grant.accepted_at = account_id, work.clock.now()
    await work.session.flush()
    await forget_invited(work, grant.id)
    await mail_access_granted(work, holder, teammate.account.email, grant)
    await work.record(
        EventKind.SECURITY,
        "acceptAccessGrant",
        AccessGrantRow.accepted_at,
        about=[holder.person, teammate.person],
        rows={"access_grant": 1},
    )
    return grant


async def _invite(work: Work, holder: Holder, address: MailAddress, grant: AccessGrantRow) -> None:
    await work.session.flush()
    invited = await new_person(work, "invited")
    secret = await mail_invitation(work, invited, address.text, holder, grant)
    now = work.clock.now()
    work.session.add(
        InvitationRow(
            id=InvitationId(new_id(work.clock)),
            access_grant_id=grant.id,
            data_subject_id=invited.id,
            email=address.text,
            email_key=address.key,
            secret_hash=hash_secret(secret),
            created_at=now,
            expires_at=min(now + LIFE, grant.until),
        )
    )
    await work.session.flush()
    await log_security(work, holder.person, SecurityEvent.ACCESS_GRANTED, "grantTeammateAccess", *GRANTED)
    await work.record(EventKind.CHANGE, "inviteTeammate", *_WRITTEN, about=[holder.person, invited])


async def _waiting_grant(work: Work, teammate: Holder, link_token: str) -> AccessGrantRow:
    """Return the grant of the invitation, locked; whoever withdraws or accepts it at the same moment comes after."""
    if not link_token.isascii():
        raise InvitationRefused
    now = work.clock.now()
    found = (
        await work.session.scalars(
            select(AccessGrantRow)
            .join(InvitationRow, InvitationRow.access_grant_id == AccessGrantRow.id)
            .where(
                InvitationRow.secret_hash == hash_secret(link_token),
                InvitationRow.email_key == teammate.account.email_key,
                InvitationRow.expires_at > now,
                AccessGrantRow.accepted_at.is_(None),
                AccessGrantRow.revoked_at.is_(None),
                AccessGrantRow.until > now,
            )
            .with_for_update(of=AccessGrantRow)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if found is None:
        raise InvitationRefused
    return found
