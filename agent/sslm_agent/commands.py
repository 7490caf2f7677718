"""Commands the user named (reload, DNS hook): run without a shell, in bounded time, without our API token.

What they print is shown, bounded and without secrets, only when they fail.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sslm_agent.errors import InvalidChoice
from sslm_agent.safe_text import safe_text

COMMAND_SECONDS = 120.0
_SHOWN_OUTPUT = 2000
_WITHHELD = ("SSLM_API_TOKEN",)


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended; `said` is the end of what it printed."""

    succeeded: bool
    ending: str
    said: str


def split_command(command: str, option: str) -> tuple[str, ...]:
    """Split as a shell would, without one."""
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        words = ()
    if not words:
        raise InvalidChoice(f"{option} is not a command. Nothing was done. Check its quotes.")
    return words


def run_command(
    words: Sequence[str], *, extra: Mapping[str, str] | None = None, seconds: float = COMMAND_SECONDS
) -> CommandResult:
    """Run it to its end; a command that takes too long is killed with everything it started."""
    environment = {name: value for name, value in os.environ.items() if name not in _WITHHELD} | dict(extra or {})
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own command, no shell
                words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
            )
        except OSError as error:
            return CommandResult(succeeded=False, ending=f"could not be started: {error.strerror}", said="")
        with process:
            ending = _ending(process, seconds)
        size = output.seek(0, os.SEEK_END)
        output.seek(max(0, size - _SHOWN_OUTPUT))
        said = safe_text(output.read().decode("utf-8", errors="replace").strip())
    return CommandResult(process.returncode == 0, ending, said)


def _ending(process: subprocess.Popen[bytes], seconds: float) -> str:
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"took longer than {seconds:.0f} seconds and was killed"
    return f"ended with status {status}"
