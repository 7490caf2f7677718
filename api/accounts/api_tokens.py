"""API tokens: made, shown once, revoked.

The rule: nobody hands out what they do not hold; and a token made by a token holds less, ends no later, and makes none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select

from api.accounts.access import require_account, require_scopes, require_verified
from api.accounts.errors import SettingRefused
from api.accounts.holders import locked_holder
from api.accounts.mails import mail_api_token
from api.accounts.restriction_errors import TooManyApiTokens
from api.accounts.security_log import SecurityEvent, log_security
from api.accounts.values import parse_line
from api.auth.api_tokens import mint
from api.auth.categories import category_entries, split_grants
from api.auth.scopes import AGENT_SCOPES, check_scopes, lacking
from api.kit.errors import AccessDenied, NotFound
from api.models import AccountId, AgentId, ApiTokenId, ApiTokenRow, PartnerId, StaffId
from api.models.access import NULL, REFUSE
from api.viewer import ALL_OWN_DATA
from api.work import Work
from governance.audit.event import Person
from governance.ids import new_id

MOST_API_TOKENS: Final = 100
LONGEST_LIFE_DAYS: Final = 365
_MAKES_TOKENS: Final = "tokens:write"
_WRITTEN = (
    ApiTokenRow.secret_hash,
    ApiTokenRow.name,
    ApiTokenRow.hint,
    ApiTokenRow.scopes,
    ApiTokenRow.categories,
    ApiTokenRow.on_missing_category,
    ApiTokenRow.created_at,
    ApiTokenRow.expires_at,
)


@dataclass(frozen=True, slots=True)
class NewApiToken:
    """What is asked for. `scopes` may name data categories too (`data:user.contact`); none: those of whoever asks.

    No days: it ends when it is revoked. `missing_as_null`: see `Grants`.
    """

    name: str
    scopes: tuple[str, ...]
    expires_in_days: int | None = None
    missing_as_null: bool = False


@dataclass(frozen=True, slots=True)
class TokenGrants:
    """What a token may do and show."""

    scopes: tuple[str, ...]
    categories: tuple[str, ...]
    missing_as_null: bool = False


@dataclass(frozen=True, slots=True)
class MintedApiToken:
    """A new token; `text` is shown once and cannot be had again."""

    row: ApiTokenRow
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """Whose token it is: an account's, perhaps of one of its agents, staff's, or a partner's."""

    person: Person
    account_id: AccountId | None = None
    agent_id: AgentId | None = None
    staff_id: StaffId | None = None
    partner_id: PartnerId | None = None


async def create_api_token(work: Work, asked: NewApiToken) -> MintedApiToken:
    """Make a token for the viewer's account; it may do at most what the viewer may. The holder is told by mail."""
    require_scopes(work.viewer, _MAKES_TOKENS)
    grants = _granted(work, asked)
    name, expires_at = _name(asked.name), _expiry(work, asked.expires_in_days)
    holder = await require_verified(work)
    await locked_holder(work.session, holder.account.id)
    await _refuse_surplus(work, holder.account.id)
    expires_at = await _no_later_than_own(work, expires_at)
    owner = TokenOwner(holder.person, holder.account.id)
    minted = await add_api_token(work, owner, grants, name=name, expires_at=expires_at)
    await mail_api_token(work, holder, name, ", ".join((*grants.scopes, *_limits(work, grants))))
    await log_security(work, holder.person, SecurityEvent.API_TOKEN_CREATED, "createApiToken", *_WRITTEN)
    return minted


async def mint_agent_token(work: Work, agent_id: AgentId, name: str) -> MintedApiToken:
    """Make the token of an agent that was just enrolled: what agents need, not what its enroller holds."""
    require_scopes(work.viewer, "agents:enrol")
    holder = await require_verified(work)
    owner = TokenOwner(holder.person, holder.account.id, agent_id)
    grants = TokenGrants(tuple(sorted(AGENT_SCOPES)), tuple(sorted(ALL_OWN_DATA)))
    minted = await add_api_token(work, owner, grants, name=name)
    await log_security(work, holder.person, SecurityEvent.API_TOKEN_CREATED, "enrolAgent", *_WRITTEN)
    return minted


async def add_api_token(
    work: Work,
    owner: TokenOwner,
    grants: TokenGrants,
    *,
    name: str,
    expires_at: datetime | None = None,
) -> MintedApiToken:
    """Store a token with the grants given. It checks and records nothing: that is its callers' part."""
    secret = mint()
    row = ApiTokenRow(
        id=ApiTokenId(new_id(work.clock)),
        data_subject_id=owner.person.id,
        account_id=owner.account_id,
        staff_id=owner.staff_id,
        agent_id=owner.agent_id,
        partner_id=owner.partner_id,
        secret_hash=secret.secret_hash,
        name=name,
        hint=secret.hint,
        scopes=list(grants.scopes),
        categories=list(grants.categories),
        on_missing_category=NULL if grants.missing_as_null else REFUSE,
        created_at=work.clock.now(),
        expires_at=expires_at,
    )
    work.session.add(row)
    await work.session.flush()
    return MintedApiToken(row, secret.text)


async def revoke_api_token(work: Work, api_token_id: ApiTokenId) -> ApiTokenRow:
    """Make a token of the viewer's account worthless at once; raise `NotFound` if it is not theirs. Safe to repeat."""
    account_id = require_account(work.viewer)
    require_scopes(work.viewer, _MAKES_TOKENS)
    statement = select(ApiTokenRow).where(ApiTokenRow.id == api_token_id, ApiTokenRow.account_id == account_id)
    row = await work.session.scalar(statement.with_for_update())
    holder = work.viewer.holder
    if row is None or holder is None:
        raise NotFound("There is no such API token. Nothing was changed. List your tokens to see which there are.")
    if row.revoked_at is None:
        row.revoked_at = work.clock.now()
        await work.session.flush()
        await log_security(work, holder, SecurityEvent.API_TOKEN_REVOKED, "revokeApiToken", ApiTokenRow.revoked_at)
    return row


def working_tokens(account_id: AccountId, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the condition on tokens of an account that still open something."""
    return (
        ApiTokenRow.account_id == account_id,
        ApiTokenRow.revoked_at.is_(None),
        or_(ApiTokenRow.expires_at.is_(None), ApiTokenRow.expires_at > now),
    )


def _granted(work: Work, asked: NewApiToken) -> TokenGrants:
    """Return what the new token may do and show; raise `AccessDenied` naming what the viewer does not hold."""
    held = work.viewer.grants
    named_scopes, named_categories = split_grants(asked.scopes)
    scopes = check_scopes(named_scopes)
    categories = tuple(sorted(held.categories)) if named_categories is None else named_categories
    missing = list(lacking(held.scopes, scopes))
    missing += [f"data:{name}" for name in lacking(held.categories, categories)]
    if work.viewer.session_id is None and _MAKES_TOKENS in scopes:
        missing.append("session")
    if missing:
        raise AccessDenied(
            "A token cannot be given more than whoever makes it holds, and a token that makes tokens is made by the "
            "holder in a browser. No token was made.",
            missing=tuple(missing),
        )
    return TokenGrants(scopes, categories, asked.missing_as_null)


def _limits(work: Work, grants: TokenGrants) -> tuple[str, ...]:
    """Return the categories as the holder is told of them: only where they are fewer than all of the maker's."""
    return () if set(grants.categories) == work.viewer.grants.categories else category_entries(grants.categories)


def _name(typed: str) -> str:
    name = parse_line(typed, field="name")
    if name is None:
        raise SettingRefused(
            "Give the token a name, such as where it is used. No token was made.", rule="required", field=("name",)
        )
    return name


def _expiry(work: Work, days: int | None) -> datetime | None:
    if days is None:
        return None
    if not 1 <= days <= LONGEST_LIFE_DAYS:
        raise SettingRefused(
            f"A token lives 1 to {LONGEST_LIFE_DAYS} days, or until it is revoked. No token was made.",
            rule="token-life",
            field=("expiresInDays",),
        )
    return work.clock.now() + timedelta(days=days)


async def _no_later_than_own(work: Work, expires_at: datetime | None) -> datetime | None:
    """Return the earlier of what was asked for and the end of the token that asks."""
    if work.viewer.api_token_id is None:
        return expires_at
    own = await work.session.scalar(select(ApiTokenRow.expires_at).where(ApiTokenRow.id == work.viewer.api_token_id))
    return min((end for end in (expires_at, own) if end is not None), default=None)


async def _refuse_surplus(work: Work, account_id: AccountId) -> None:
    """Raise `TooManyApiTokens` at the limit; agents' tokens do not count. The account is locked already."""
    counted = select(func.count()).where(*working_tokens(account_id, work.clock.now()), ApiTokenRow.agent_id.is_(None))
    if (await work.session.scalar(counted) or 0) >= MOST_API_TOKENS:
        raise TooManyApiTokens(MOST_API_TOKENS)
