"""What a test looks at afterwards: every row there is, and what the audit log says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import func, select

from api.kit.errors import CertificateManagerError
from api.models import GOVERNANCE, AccountRow, Base, SecurityEventRow
from tests.factories.accounts import EMAIL
from tests.integration.conftest import Platform


async def census(platform: Platform, *, without: frozenset[str] = frozenset()) -> dict[str, int]:
    """Count the rows of every table."""
    async with platform.sessions.read() as session:
        return {
            table.name: await session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table.name not in without
        }


async def events(platform: Platform, operation: str = "") -> list[dict[str, Any]]:
    """Return the audit events, perhaps only those of one operation."""
    async with platform.sessions.read() as session:
        headers = (await session.scalars(select(GOVERNANCE.audit_event.c.header))).all()
    found = [json.loads(header) for header in headers]
    return [event for event in found if operation in {"", event["operation"]["name"]}]


async def account(platform: Platform, email: str = EMAIL) -> AccountRow:
    """Return the account with an address."""
    async with platform.sessions.read() as session:
        return (await session.scalars(select(AccountRow).where(AccountRow.email_key == email.lower()))).one()


async def security_log(platform: Platform, kind: str = "") -> list[SecurityEventRow]:
    """Return the security log, perhaps only one kind of entry."""
    async with platform.sessions.read() as session:
        rows = (await session.scalars(select(SecurityEventRow).order_by(SecurityEventRow.at))).all()
    return [row for row in rows if kind in {"", row.kind}]


@contextmanager
def refused(code: str) -> Iterator[pytest.ExceptionInfo[CertificateManagerError]]:
    """Expect a refusal with this code."""
    with pytest.raises(CertificateManagerError) as caught:
        yield caught
    assert caught.value.code == code
