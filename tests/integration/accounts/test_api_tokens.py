"""API tokens: shown once, never more than whoever made them, gone at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert

from api.accounts import api_tokens
from api.accounts.access import require_own_session
from api.accounts.api_tokens import (
    MOST_API_TOKENS,
    MintedApiToken,
    NewApiToken,
    create_api_token,
    mint_agent_token,
    revoke_api_token,
)
from api.accounts.queries import api_tokens_of, security_events_of
from api.auth.scopes import AGENT_SCOPES
from api.auth.viewers import viewer_of_api_token
from api.models import AgentId, AgentRow, ApiTokenRow
from api.viewer import Role, Viewer, anonymous
from governance.ids import new_id
from tests.factories.accounts import ORIGIN, mails, new_holder, signed_in, verified_holder
from tests.integration.accounts.evidence import account, census, events, refused, security_log
from tests.integration.conftest import Platform

READ = NewApiToken("CI", ("domains:read",))


async def made(platform: Platform, viewer: Viewer, asked: NewApiToken = READ) -> MintedApiToken:
    async with platform.works.open(viewer) as work:
        return await create_api_token(work, asked)


async def used(platform: Platform, token: MintedApiToken) -> Viewer:
    async with platform.sessions.read() as session:
        return await viewer_of_api_token(session, token.text, ORIGIN, platform.clock)


async def test_a_token_opens_what_it_was_made_for(platform: Platform) -> None:
    holder = await verified_holder(platform)
    token = await made(platform, holder.viewer, NewApiToken("  CI  ", ("domains", "certificates:read"), 30))
    viewer = await used(platform, token)
    assert viewer.grants.scopes == {"domains:read", "domains:write", "certificates:read"}
    assert (viewer.account_id, viewer.role) == (holder.viewer.account_id, Role.HOLDER)
    assert token.row.name == "CI"
    assert token.row.expires_at == platform.clock.now() + timedelta(days=30)


async def test_the_text_is_kept_nowhere_and_the_holder_is_told(platform: Platform) -> None:
    holder = await verified_holder(platform)
    token = await made(platform, holder.viewer)
    assert token.text not in repr(token)
    assert token.text.encode() not in token.row.secret_hash
    (mail,) = await mails(platform, template="api_token_created")
    assert token.text not in str(mail)
    assert mail.values["scopes"] == "domains:read"
    (event,) = await events(platform, "createApiToken")
    assert "api_token.scopes" in event["coordinates"]
    assert len(await security_log(platform, "api_token_created")) == 1


async def test_an_expired_or_revoked_token_opens_nothing(platform: Platform) -> None:
    holder = await verified_holder(platform)
    expired = await made(platform, holder.viewer, NewApiToken("short", ("domains:read",), 1))
    revoked = await made(platform, holder.viewer)
    for _ in range(2):
        async with platform.works.open(holder.viewer) as work:
            await revoke_api_token(work, revoked.row.id)
    platform.clock.advance(timedelta(days=1))
    for token in (expired, revoked):
        with refused("CREDENTIAL_REFUSED"):
            await used(platform, token)
    assert len(await events(platform, "revokeApiToken")) == 1


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (NewApiToken("", ("domains:read",)), "SETTING_REFUSED"),
        (NewApiToken("CI", ()), "SCOPE_REFUSED"),
        (NewApiToken("CI", ("everything",)), "SCOPE_REFUSED"),
        (NewApiToken("CI", ("audit:read",)), "SCOPE_REFUSED"),
        (NewApiToken("CI", ("domains:read",), 0), "SETTING_REFUSED"),
        (NewApiToken("CI", ("domains:read",), 366), "SETTING_REFUSED"),
        (NewApiToken("CI", ("domains:read", "data:user.made_up")), "SCOPE_REFUSED"),
        (NewApiToken("CI", ("domains:read", "data:user.contact.email.work")), "SCOPE_REFUSED"),
        (NewApiToken("CI", ("domains:read", "data:")), "SCOPE_REFUSED"),
        (NewApiToken("CI", ("domains:read", "data:\x00")), "SCOPE_REFUSED"),
        (NewApiToken("CI", ("domains:read", "data:none", "data:user.name")), "SCOPE_REFUSED"),
        (NewApiToken("CI", ("data:user",)), "SCOPE_REFUSED"),
    ],
)
async def test_a_refused_token_leaves_nothing(platform: Platform, asked: NewApiToken, code: str) -> None:
    holder = await verified_holder(platform)
    before = await census(platform)
    with refused(code):
        await made(platform, holder.viewer, asked)
    assert await census(platform) == before


async def test_a_token_makes_only_narrower_tokens(platform: Platform) -> None:
    holder = await verified_holder(platform)
    asked = NewApiToken("maker", ("tokens:write", "domains:read", "domains:write", "data:user.contact"), 10)
    maker = await used(platform, await made(platform, holder.viewer, asked))
    narrower = await made(platform, maker, NewApiToken("reader", ("domains:read",)))
    assert narrower.row.expires_at == platform.clock.now() + timedelta(days=10)
    assert narrower.row.categories == ["user.contact"]
    before = await census(platform)
    for wider in (
        NewApiToken("wider", ("certificates:order",)),
        NewApiToken("again", ("tokens:write",)),
        NewApiToken("wider", ("domains:read", "data:user")),
        NewApiToken("wider", ("domains:read", "data:user.name")),
    ):
        with refused("ACCESS_DENIED"):
            await made(platform, maker, wider)
    assert await census(platform) == before


async def test_categories_stand_among_the_scopes(platform: Platform) -> None:
    holder = await verified_holder(platform)
    asked = ("data:user.name", "domains:read", "data:user.contact.email", "data:user.contact", "data:user.name")
    limited = await made(platform, holder.viewer, NewApiToken("CI", asked, missing_as_null=True))
    grants = (await used(platform, limited)).grants
    assert (grants.scopes, grants.categories) == ({"domains:read"}, {"user.contact", "user.name"})
    assert grants.missing_as_null
    nothing = await made(platform, holder.viewer, NewApiToken("CI", ("domains:read", "data:none")))
    grants = (await used(platform, nothing)).grants
    assert (grants.categories, grants.missing_as_null) == (frozenset(), False)
    everything = await made(platform, holder.viewer)
    assert (await used(platform, everything)).grants.categories == {"user"}
    told = [mail.values["scopes"] for mail in await mails(platform, template="api_token_created")]
    assert set(told) == {
        "domains:read, data:user.contact, data:user.name",
        "domains:read, data:none",
        "domains:read",
    }


async def test_an_unknown_category_is_told_those_there_are(platform: Platform) -> None:
    holder = await verified_holder(platform)
    with refused("SCOPE_REFUSED") as caught:
        await made(platform, holder.viewer, NewApiToken("CI", ("domains:read", "data:user.made_up")))
    assert "data:user.contact.email, data:user.contact.organization" in str(caught.value)
    assert "made_up" not in str(caught.value)
    assert caught.value.rule == "unknown-category"  # type: ignore[attr-defined]


async def test_a_token_without_the_scope_makes_none(platform: Platform) -> None:
    holder = await verified_holder(platform)
    reader = await used(platform, await made(platform, holder.viewer))
    with refused("ACCESS_DENIED") as caught:
        await made(platform, reader)
    assert caught.value.missing == ("tokens:write",)  # type: ignore[attr-defined]
    with refused("ACCESS_DENIED"):
        await made(platform, anonymous(ORIGIN))


async def test_an_unconfirmed_address_makes_no_tokens(platform: Platform) -> None:
    await new_holder(platform)
    holder = await signed_in(platform)
    with refused("EMAIL_NOT_VERIFIED"):
        await made(platform, holder.viewer)


async def test_the_number_of_tokens_is_bounded_under_concurrency(
    fresh_platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_tokens, "MOST_API_TOKENS", 3)
    assert MOST_API_TOKENS == 100
    holder = await verified_holder(fresh_platform)
    outcomes = await asyncio.gather(*(made(fresh_platform, holder.viewer) for _ in range(6)), return_exceptions=True)
    codes = sorted(str(getattr(one, "code", "made")) for one in outcomes)
    assert codes == ["TOO_MANY_API_TOKENS"] * 3 + ["made"] * 3


async def test_a_token_of_somebody_else_does_not_exist(platform: Platform) -> None:
    holder = await verified_holder(platform)
    stranger = await verified_holder(platform, "stranger@example.org")
    token = await made(platform, holder.viewer)
    with refused("NOT_FOUND"):
        async with platform.works.open(stranger.viewer) as work:
            await revoke_api_token(work, token.row.id)
    assert await used(platform, token)


async def test_an_agent_gets_what_agents_need(platform: Platform) -> None:
    holder = await verified_holder(platform)
    enroller = await used(platform, await made(platform, holder.viewer, NewApiToken("enrol", ("agents:enrol",))))
    agent_id = AgentId(new_id(platform.clock))
    async with platform.works.open(enroller) as work:
        row = {
            "id": agent_id, "account_id": holder.viewer.account_id, "label": "web1", "host_name": "web1",
            "operating_system": "Debian", "agent_version": "1", "created_at": platform.clock.now(),
        }  # fmt: skip
        await work.session.execute(insert(AgentRow).values(row))
        token = await mint_agent_token(work, agent_id, "web1")
    viewer = await used(platform, token)
    assert (viewer.role, viewer.agent_id, viewer.grants.scopes) == (Role.AGENT, agent_id, AGENT_SCOPES)
    with refused("OWN_SESSION_REQUIRED"):
        require_own_session(viewer)


async def test_tokens_and_security_log_are_read_by_keyset_of_the_own_account(platform: Platform) -> None:
    holder = await verified_holder(platform)
    stranger = await verified_holder(platform, "stranger@example.org")
    made_rows: list[ApiTokenRow] = []
    for _ in range(3):
        platform.clock.advance(timedelta(seconds=1))
        made_rows.append((await made(platform, holder.viewer)).row)
    async with platform.sessions.read() as session:
        page = await api_tokens_of(session, holder.viewer, first=2)
        rest = await api_tokens_of(session, holder.viewer, first=2, after=page.rows[-1].id)
        foreign = await api_tokens_of(session, stranger.viewer, first=2)
        log = await security_events_of(session, holder.viewer, first=50)
        foreign_log = await security_events_of(session, stranger.viewer, first=50)
    assert [row.id for row in page.rows + rest.rows] == [row.id for row in reversed(made_rows)]
    assert (page.total, page.has_next, rest.has_next, foreign.total) == (3, True, False, 0)
    own = (await account(platform)).data_subject_id
    assert {row.data_subject_id for row in log.rows} == {own}
    assert own not in {row.data_subject_id for row in foreign_log.rows}
