"""What every test run needs: clause markers are kept for the coverage list, and servers nobody uses are removed."""

from __future__ import annotations

import pytest

from tests.support.database import sweep


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the database servers of this run and of runs that were killed."""
    if not hasattr(config, "workerinput"):
        sweep()
