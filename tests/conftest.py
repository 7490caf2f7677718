"""What every test run needs: the strict log wall, properties without a clock, the removal of servers nobody uses."""

from __future__ import annotations

import pytest
from hypothesis import settings

from api.kit.logging import configure_logging
from governance.clock import SystemClock
from tests.support.database import sweep


def pytest_configure(config: pytest.Config) -> None:
    """Run everything behind the strict wall: an undeclared log field fails the test that wrote it (rule X-1)."""
    del config
    settings.register_profile("house", deadline=None)  # no test depends on time
    settings.load_profile("house")
    configure_logging(SystemClock(), console=True, strict=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the database servers of this run and of runs that were killed."""
    if not hasattr(config, "workerinput"):
        sweep()
