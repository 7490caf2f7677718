"""How a command ends: every error is said once, safely, and becomes its exit status."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from sslm_agent.errors import AgentError, Exit, HomeUnsafe
from sslm_agent.output import Terminal


class Unforeseen(AgentError):
    """A fault of the agent itself."""

    code = "INTERNAL"
    exit_status = Exit.INTERNAL


@contextmanager
def ending(terminal: Terminal) -> Iterator[None]:
    """Turn errors into what the user reads; of a fault only its place is told, never a value."""
    try:
        yield
    except AgentError as error:
        _end(terminal, error)
    except OSError as error:
        where = f" ({error.filename})" if isinstance(error.filename, str) else ""
        _end(
            terminal,
            HomeUnsafe(
                f"The disk refused{where}: {error.strerror}. The step was not completed; what was in use still is. "
                "Correct the cause, then run the same command again."
            ),
        )
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:  # noqa: BLE001 - the last place that can keep values out of what is shown
        _end(terminal, _unforeseen(error))
    finally:
        terminal.quiet()


def _end(terminal: Terminal, error: AgentError) -> None:
    terminal.error(error)
    raise typer.Exit(int(error.exit_status))


def _unforeseen(error: Exception) -> Unforeseen:
    frames = traceback.extract_tb(error.__traceback__)
    return Unforeseen(
        "The agent met a fault of its own. The step was not completed; what was in use still is. "
        "Run the same command again; if it fails again, report the lines below, which hold no data of yours.",
        detail=[type(error).__name__, *(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-5:])],
    )
