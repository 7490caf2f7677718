"""Entry point of `sslm-agent` and `python -m sslm_agent`.

SIGTERM ends the agent as an interruption does, so challenges are taken away; what was begun is resumed by a next run.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

from sslm_agent.cli import app

_TERMINATED = 128 + signal.SIGTERM


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(_TERMINATED)


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _terminate)
    app()


if __name__ == "__main__":
    main()
