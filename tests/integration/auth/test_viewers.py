"""From a session cookie or an API token to a viewer: one statement, and one answer for all that does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select

from api.auth.errors import CredentialRefused
from api.auth.scopes import AGENT_SCOPES, HOLDER_SCOPES
from api.auth.viewers import touch, viewer_of_api_token, viewer_of_session
from api.kit.secrets import random_url_token
from api.models import AgentId, AgentRow, ApiTokenRow, SessionRow
from api.viewer import Role, Viewer
from governance.access import Grants
from governance.ids import new_id
from tests.integration.auth.people import ORIGIN, Someone, api_token_of, holder, session_of, staff
from tests.integration.conftest import Platform


@contextmanager
def counted(platform: Platform) -> Iterator[list[str]]:
    """Collect the statements that read tables."""
    statements: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.upper().startswith("SELECT"):
            statements.append(statement)

    event.listen(platform.engine.sync_engine, "before_cursor_execute", note)
    yield statements
    event.remove(platform.engine.sync_engine, "before_cursor_execute", note)


async def signed_in(platform: Platform, secret: str) -> Viewer | None:
    async with platform.sessions.read() as session:
        return await viewer_of_session(session, secret, ORIGIN, platform.clock)


async def by_api_token(platform: Platform, text: str) -> Viewer:
    async with platform.sessions.read() as session:
        return await viewer_of_api_token(session, text, ORIGIN, platform.clock)


async def test_a_session_is_its_holder(platform: Platform) -> None:
    sara = await holder(platform)
    session_id, secret = await session_of(platform, sara)
    with counted(platform) as statements:
        viewer = await signed_in(platform, secret)
    assert viewer == Viewer(
        Role.HOLDER,
        ORIGIN,
        person=sara.person,
        account_id=sara.account_id,
        session_id=session_id,
        grants=Grants(HOLDER_SCOPES, frozenset({"user"})),
    )
    assert len(statements) == 1


async def test_sessions_that_do_not_hold(platform: Platform) -> None:
    now = platform.clock.now()
    sara = await holder(platform)
    closed = await holder(platform, "closed@example.com", closed_at=now)
    dismissed = await staff(platform, Role.AUDITOR, disabled_at=now)
    for someone, columns in (
        (sara, {"revoked_at": now}),
        (sara, {"expires_at": now}),
        (closed, {}),
        (dismissed, {}),
    ):
        _, secret = await session_of(platform, someone, **columns)
        assert await signed_in(platform, secret) is None
    for secret in (random_url_token(), "", "\ud800", "x" * 10_000):
        assert await signed_in(platform, secret) is None


async def test_a_session_ends_by_the_clock(platform: Platform) -> None:
    _, secret = await session_of(platform, await holder(platform))
    platform.clock.advance(timedelta(hours=23, minutes=59))
    assert await signed_in(platform, secret) is not None
    platform.clock.advance(timedelta(minutes=1))
    assert await signed_in(platform, secret) is None


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        (Role.COMPLIANCE_OFFICER, {"audit:read", "schema:read"}),
        (Role.AUDITOR, {"audit:read", "schema:read"}),
        (Role.SUPPORT, {"schema:read"}),
        (Role.ADMINISTRATOR, {"schema:read"}),
    ],
)
async def test_no_staff_role_reads_personal_data(platform: Platform, role: Role, scopes: set[str]) -> None:
    officer = await staff(platform, role)
    _, secret = await session_of(platform, officer)
    viewer = await signed_in(platform, secret)
    assert viewer is not None
    assert (viewer.role, viewer.staff_id, viewer.account_id) == (role, officer.staff_id, None)
    pseudonyms = {"user.unique_id.pseudonymous"} if "audit:read" in scopes else set()
    assert viewer.grants == Grants(frozenset(scopes), frozenset(pseudonyms))


async def test_an_api_token_is_its_holder_within_its_scopes(platform: Platform) -> None:
    sara = await holder(platform)
    row_id, api_token = await api_token_of(
        platform, sara, scopes=["domains:read", "audit:read"], categories=["user.contact"]
    )
    with counted(platform) as statements:
        viewer = await by_api_token(platform, api_token.text)
    assert len(statements) == 1
    assert (viewer.role, viewer.account_id, viewer.api_token_id, viewer.session_id) == (
        Role.HOLDER,
        sara.account_id,
        row_id,
        None,
    )
    assert viewer.grants == Grants(frozenset({"domains:read"}), frozenset({"user.contact"}))


async def test_a_token_of_an_agent(platform: Platform) -> None:
    sara, agent_id, now = await holder(platform), AgentId(new_id(platform.clock)), platform.clock.now()
    async with platform.works.open(sara.viewer) as work:
        await work.session.execute(
            insert(AgentRow).values(
                id=agent_id,
                account_id=sara.account_id,
                label="web 1",
                host_name="web1",
                operating_system="Debian 12",
                agent_version="0.1.0",
                created_at=now,
            )
        )
    _, api_token = await api_token_of(platform, sara, agent_id=agent_id, scopes=sorted(AGENT_SCOPES))
    viewer = await by_api_token(platform, api_token.text)
    assert (viewer.role, viewer.agent_id, viewer.grants.scopes) == (Role.AGENT, agent_id, AGENT_SCOPES)


async def test_a_token_of_staff_never_outgrows_its_role(platform: Platform) -> None:
    demoted = await staff(platform, Role.SUPPORT)
    _, api_token = await api_token_of(platform, demoted, scopes=["audit:read", "schema:read", "account:read"])
    viewer = await by_api_token(platform, api_token.text)
    assert viewer.grants == Grants(frozenset({"schema:read"}), frozenset())


async def test_tokens_that_do_not_hold_are_answered_alike(platform: Platform) -> None:
    now = platform.clock.now()
    sara = await holder(platform)
    closed = await holder(platform, "closed@example.com", closed_at=now)
    someones: list[tuple[Someone, dict[str, Any]]] = [
        (sara, {"revoked_at": now}),
        (sara, {"expires_at": now}),
        (closed, {}),
    ]
    answers = set()
    for someone, columns in someones:
        _, api_token = await api_token_of(platform, someone, **columns)
        with pytest.raises(CredentialRefused) as refused:
            await by_api_token(platform, api_token.text)
        answers.add((refused.value.message, refused.value.code))
    assert answers == {(CredentialRefused().message, "CREDENTIAL_REFUSED")}


async def test_a_wrong_checksum_asks_no_database(platform: Platform) -> None:
    _, api_token = await api_token_of(platform, await holder(platform))
    wrong = api_token.text[:-1] + ("a" if api_token.text[-1] != "a" else "b")
    with counted(platform) as statements, pytest.raises(CredentialRefused):
        await by_api_token(platform, wrong)
    assert statements == []


async def test_last_use_is_written_once_a_minute(platform: Platform) -> None:
    sara = await holder(platform)
    session_id, _ = await session_of(platform, sara)
    row_id, _ = await api_token_of(platform, sara)
    start, seen = platform.clock.now(), []
    for _ in range(3):
        platform.clock.advance(timedelta(seconds=40))
        async with platform.works.open(sara.viewer) as work:
            await touch(work.session, SessionRow, [session_id], platform.clock)
            await touch(work.session, ApiTokenRow, [row_id], platform.clock)
            used = await work.session.scalar(select(SessionRow.last_used_at).where(SessionRow.id == session_id))
            token_used = await work.session.scalar(select(ApiTokenRow.last_used_at).where(ApiTokenRow.id == row_id))
        assert used is not None
        assert token_used is not None
        seen.append((int((used - start).total_seconds()), int((token_used - start).total_seconds())))
    assert seen == [(0, 40), (80, 40), (80, 120)]
