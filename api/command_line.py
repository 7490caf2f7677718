"""What every command of `sslm` stands on: settings that are safe, and an end that tells why in its own words."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Iterator
from typing import Any, Final

import typer
import uvloop
from rich.console import Console
from rich.markup import escape

from api.db.placement import DatabaseUnavailable
from api.db.safety import UnsafeDatabase
from api.development.demo import DemoFailed
from api.development.frontend import FrontendError
from api.development.mailbox import MailDidNotArrive
from api.issuance.pebble import PebbleUnavailable
from api.kit.logging import configure_logging
from api.server import PortTaken
from api.settings import Settings, SettingsRefused, load
from governance.clock import SystemClock
from governance.errors import SafeError

_NOT_STARTED: Final = (PebbleUnavailable, SettingsRefused, PortTaken, DatabaseUnavailable, UnsafeDatabase)
_ENDED_EARLY: Final = (SafeError, DemoFailed, FrontendError, MailDidNotArrive)


def settings() -> Settings:
    """Read and check the settings, and begin to log; end with status 2 where they are not safe."""
    try:
        found = load(os.environ)
    except SettingsRefused as error:
        Console(stderr=True).print(f"[bold red]Not started.[/] The settings are not safe:\n{error}", highlight=False)
        raise typer.Exit(2) from None
    console = found["SSLM_LOG_FORMAT"] == "console"
    configure_logging(SystemClock(), console=console, strict=not found.production)
    return found


def run_to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end; what may be told is told in its own words, with status 1 (ended early) or 2 (not started)."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
    except Exception as error:
        told = next((leaf for leaf in _leaves(error) if isinstance(leaf, _NOT_STARTED + _ENDED_EARLY)), None)
        if told is None:
            raise
        started = isinstance(told, _ENDED_EARLY)
        words = "It ended early." if started else "Not started."
        code = f"{told.code}: " if isinstance(told, SafeError) else ""
        Console(stderr=True).print(f"[bold red]{words}[/] {escape(code + str(told))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1 if started else 2) from None


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors inside groups; a group is what tasks that ran together raise."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
