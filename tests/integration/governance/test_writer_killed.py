"""A process that is killed at any moment has acknowledged nothing that is not in the table."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from uuid import UUID

import pytest

from api.db.engine import open_engine
from api.models import CONTENT_KEY_TABLE
from governance.clock import SystemClock
from governance.ids import DataSubjectId, new_id
from governance.keys import ContentKeys, KeyEncryptionKeys
from tests.integration.conftest import Platform
from tests.integration.governance.support import stored_ids

CHILD = "tests.integration.governance.appending_child"


@pytest.mark.clause("X-3")
@pytest.mark.parametrize("acknowledgements", [1, 40, 75])
async def test_every_acknowledged_event_survives_kill_9(
    fresh_platform: Platform, tmp_path: Path, acknowledgements: int
) -> None:
    data_subject = await _key_in(fresh_platform, tmp_path)
    urls = fresh_platform.urls
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        CHILD,
        urls.audit_writer.plain,
        urls.keys.plain,
        str(tmp_path),
        str(data_subject),
        stdout=PIPE,
    )
    assert child.stdout is not None
    lines = [await child.stdout.readline() for _ in range(acknowledgements)]
    os.kill(child.pid, signal.SIGKILL)
    lines += (await child.stdout.read()).splitlines(keepends=True)
    assert await child.wait() == -signal.SIGKILL
    acknowledged = {UUID(line.decode().strip()) for line in lines if line.endswith(b"\n")}
    assert len(acknowledged) >= acknowledgements
    assert acknowledged <= await stored_ids(fresh_platform)


async def _key_in(platform: Platform, folder: Path) -> DataSubjectId:
    """Make a person's content key under an epoch in `folder`."""
    KeyEncryptionKeys.create_epoch(folder, 1)
    data_subject = DataSubjectId(new_id(SystemClock()))
    engine = open_engine(platform.urls.keys.sqlalchemy, pool_size=1)
    await ContentKeys(engine, CONTENT_KEY_TABLE, KeyEncryptionKeys.load(folder), SystemClock()).create(data_subject)
    await engine.dispose()
    return data_subject
