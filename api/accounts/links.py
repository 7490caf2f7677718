"""Links in mails: made, used once, gone. Only the hash of a link's secret is stored.

The rule: used, expired, replaced and unknown links are answered alike, and of two uses at once exactly one counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from sqlalchemy import ColumnElement, delete, select, update

from api.accounts.errors import LinkRefused
from api.accounts.holders import Holder, locked_holder
from api.db.sessions import ReadSession
from api.kit.secrets import hash_secret, random_url_token
from api.models import AccountId, OneTimeLinkRow
from api.work import Work


class LinkKind(StrEnum):
    """What a link is for; it works for nothing else."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a kind
    CHANGE_EMAIL = "change_email"
    KEEP_EMAIL = "keep_email"


LIFE: Final = MappingProxyType(
    {
        LinkKind.VERIFY_EMAIL: timedelta(hours=24),
        LinkKind.RESET_PASSWORD: timedelta(hours=1),
        LinkKind.CHANGE_EMAIL: timedelta(hours=24),
        LinkKind.KEEP_EMAIL: timedelta(hours=24),
    }
)


@dataclass(frozen=True, slots=True)
class UsedLink:
    """A link that was just used: whose it was, locked, and the address it carried, if any."""

    holder: Holder
    new_email: str | None


async def make_link(work: Work, account_id: AccountId, kind: LinkKind, *, new_email: str | None = None) -> str:
    """Return the secret of a new link; it goes into one mail and nowhere else."""
    secret, now = random_url_token(), work.clock.now()
    work.session.add(
        OneTimeLinkRow(
            secret_hash=hash_secret(secret),
            account_id=account_id,
            kind=kind.value,
            new_email=new_email,
            created_at=now,
            expires_at=now + LIFE[kind],
        )
    )
    await work.session.flush()
    return secret


async def use_link(work: Work, kind: LinkKind, secret: str) -> UsedLink:
    """Spend a link and lock its account; raise `LinkRefused` when there is nothing to spend."""
    account_id = await link_owner(work.session, kind, secret, work.clock.now())
    holder = await locked_holder(work.session, account_id)
    spent = await work.session.execute(
        update(OneTimeLinkRow)
        .where(*_usable(kind, secret, work.clock.now()))
        .values(used_at=work.clock.now())
        .returning(OneTimeLinkRow.new_email)
    )
    found = spent.one_or_none()
    if holder is None or found is None:
        raise LinkRefused
    return UsedLink(holder, found.new_email)


async def link_owner(session: ReadSession, kind: LinkKind, secret: str, now: datetime) -> AccountId:
    """Return whose link this is without using it; raise `LinkRefused` if it would not work."""
    if not secret.isascii():
        raise LinkRefused
    account_id = await session.scalar(select(OneTimeLinkRow.account_id).where(*_usable(kind, secret, now)))
    if account_id is None:
        raise LinkRefused
    return account_id


async def drop_links(work: Work, account_id: AccountId, *kinds: LinkKind) -> None:
    """Make the unused links of these kinds worthless; the account's row is locked already."""
    await work.session.execute(
        delete(OneTimeLinkRow).where(
            OneTimeLinkRow.account_id == account_id,
            OneTimeLinkRow.kind.in_([kind.value for kind in kinds]),
            OneTimeLinkRow.used_at.is_(None),
        )
    )


def _usable(kind: LinkKind, secret: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        OneTimeLinkRow.secret_hash == hash_secret(secret),
        OneTimeLinkRow.kind == kind.value,
        OneTimeLinkRow.used_at.is_(None),
        OneTimeLinkRow.expires_at > now,
    )
