"""Account holders for tests, made the way people become holders: by the real services and the mails they send."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy import select

from api.accounts.parts import AccountParts
from api.accounts.registration import SignUp, sign_up, verify_email
from api.accounts.sessions import SignedIn
from api.accounts.sign_in import SignIn, sign_in
from api.auth.passwords import Argon2Parameters, Passwords
from api.mail.outbox import SEALED_CONTEXT, MailContent
from api.models import DeliveryRow
from api.viewer import Origin, anonymous
from tests.integration.conftest import Platform

EMAIL = "holder@example.org"
PASSWORD = "eleven quiet herons by the weir"
ORIGIN = Origin("192.0.2.7", "Browser/1", "r-1")
FAST = Argon2Parameters(8, 1, 1)


@dataclass(frozen=True)
class QueuedMail:
    """A mail as its recipient would get it, before it is worded."""

    template: str
    recipient: str
    language: str
    values: dict[str, str]


def account_parts(platform: Platform, *, passwords: Passwords | None = None, minimum_age: int = 16) -> AccountParts:
    """Return the parts of account services, with hashing that costs next to nothing."""
    return AccountParts(
        works=platform.works,
        passwords=passwords or Passwords(FAST),
        throttle_secret=b"throttle secret of a test",
        site_name="Test site",
        minimum_age=minimum_age,
    )


async def mails(platform: Platform, *, to: str = "", template: str = "") -> list[QueuedMail]:
    """Return the queued mails, oldest first, perhaps only one recipient's or one template's."""
    async with platform.sessions.read() as session:
        rows = (await session.scalars(select(DeliveryRow).order_by(DeliveryRow.created_at))).all()
    queued = []
    for row in rows:
        assert row.content is not None
        opened = await platform.keys.unseal(row.data_subject_id, row.content, SEALED_CONTEXT)
        content = msgspec.json.decode(opened, type=MailContent)
        queued.append(QueuedMail(row.template, content.recipient, content.language, content.values))
    return [mail for mail in queued if to in {"", mail.recipient} and template in {"", mail.template}]


async def link_in(platform: Platform, template: str, to: str = EMAIL) -> str:
    """Return the secret of the link in the newest such mail."""
    return (await mails(platform, to=to, template=template))[-1].values["link_token"]


async def new_holder(platform: Platform, email: str = EMAIL, password: str = PASSWORD, origin: Origin = ORIGIN) -> None:
    """Sign somebody up; the address is not confirmed."""
    await sign_up(account_parts(platform), anonymous(origin), SignUp(email, password, age_statement=True))


async def signed_in(
    platform: Platform, email: str = EMAIL, password: str = PASSWORD, origin: Origin = ORIGIN
) -> SignedIn:
    """Sign a present holder in."""
    return await sign_in(account_parts(platform), anonymous(origin), SignIn(email, password))


async def verified_holder(
    platform: Platform, email: str = EMAIL, password: str = PASSWORD, origin: Origin = ORIGIN
) -> SignedIn:
    """Sign somebody up, confirm the address by the mailed link, and sign in."""
    await new_holder(platform, email, password, origin)
    link_token = await link_in(platform, "verify_email", email)
    async with platform.works.open(anonymous(origin)) as work:
        await verify_email(work, link_token)
    return await signed_in(platform, email, password, origin)
