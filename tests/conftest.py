"""What every test run needs: the strict log wall, and the removal of servers nobody uses."""

from __future__ import annotations

import pytest

from api.kit.logging import configure_logging
from governance.clock import SystemClock
from tests.support.database import sweep


def pytest_configure(config: pytest.Config) -> None:
    """Run everything behind the strict wall: an undeclared log field fails the test that wrote it (rule X-1)."""
    del config
    configure_logging(SystemClock(), console=True, strict=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the database servers of this run and of runs that were killed."""
    if not hasattr(config, "workerinput"):
        sweep()
