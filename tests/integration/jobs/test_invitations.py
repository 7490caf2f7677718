"""An invitation that nobody accepted goes with the person it stood for; what was settled or waits is left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from api.jobs.maintenance import Maintenance
from api.kit.metrics import Metrics
from api.models import GOVERNANCE, AccessGrantRow, DeliveryRow, InvitationRow
from governance.errors import DataSubjectErased
from tests.factories.partners import invited, teammate_of
from tests.integration.accounts.evidence import census, events
from tests.integration.auth.people import holder
from tests.integration.conftest import Platform

DAY = timedelta(days=1)


@pytest.mark.clause("6.1-a")
async def test_an_invitation_too_old_goes_with_whom_it_stood_for(fresh_platform: Platform, metrics: Metrics) -> None:
    platform = fresh_platform
    maintenance = Maintenance(works=platform.works, keys_engine=platform.keys._engine, metrics=metrics, batch=2)
    sara, mate = await holder(platform), await holder(platform, "mate@example.com")
    await teammate_of(platform, sara, mate, "mate@example.com", key="0")
    for number in range(3):
        await invited(platform, sara, f"stranger{number}@example.net", f"old-{number}")
    async with platform.sessions.read() as session:
        stranger = await session.scalar(select(InvitationRow.data_subject_id).limit(1))
    assert stranger is not None
    platform.clock.advance(6 * DAY)
    await invited(platform, sara, "late@example.net", "late")
    assert (await maintenance.run())["removeExpiredInvitations"] == 0
    platform.clock.advance(DAY)
    assert (await maintenance.run())["removeExpiredInvitations"] == 3
    async with platform.sessions.read() as session:
        (left,) = (await session.scalars(select(InvitationRow.email))).all()
        kinds = (await session.execute(select(GOVERNANCE.data_subject.c.kind))).scalars().all()
        mails = (await session.scalars(select(DeliveryRow.template))).all()
        grants = (await session.scalars(select(AccessGrantRow))).all()
    assert left == "late@example.net"
    assert sorted(kinds) == ["holder", "holder", "invited"]
    assert sorted(mails) == ["access_granted", "access_invitation"]
    assert (len(grants), sum(one.accepted_at is not None for one in grants)) == (5, 1)
    assert [event["rows"]["invitation"] for event in await events(platform, "removeExpiredInvitations")] in (
        [2, 1], [1, 2]
    )  # fmt: skip
    with pytest.raises(DataSubjectErased):
        await platform.keys.seal(stranger, b"x", "c")
    before = await census(platform)
    assert (await maintenance.run())["removeExpiredInvitations"] == 0
    assert await census(platform) == before
