"""The pauses between attempts, and what a source of due rows must be."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.jobs.deliveries import FIRST_PAUSE, LONGEST_PAUSE, pause
from api.jobs.due import DueSource
from api.jobs.queue import Task
from api.models import Base


def test_pauses_double_up_to_six_hours() -> None:
    assert [pause(n, 0.5) for n in (1, 2, 3)] == [timedelta(minutes=m) for m in (1, 2, 4)]
    assert pause(100, 0.5) == timedelta(hours=6)


@given(attempts=st.integers(1, 10_000), chance=st.floats(0, 1))
def test_pauses_are_bounded_and_spread(attempts: int, chance: float) -> None:
    assert FIRST_PAUSE * 0.8 <= pause(attempts, chance) <= LONGEST_PAUSE


async def _nothing(_row_id: UUID, _generation: int) -> None:
    return None


def test_a_lease_outlasts_its_job() -> None:
    table = Base.metadata.tables["delivery"]
    with pytest.raises(ValueError, match="longer than the time limit"):
        DueSource(table, Task("x", _nothing, timedelta(minutes=5)), lease=timedelta(minutes=5))
