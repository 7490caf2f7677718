"""Options several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ENV_HOME = "SSLM_AGENT_HOME"
ENV_API_TOKEN = "SSLM_API_TOKEN"  # noqa: S105 - the name of a variable

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", envvar=ENV_HOME, help="Folder of the agent; default ~/.sslm-agent, for root /etc/sslm-agent."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


def chosen_home(of_command: Path | None, of_program: object) -> Path | None:
    """Return the folder named after the command, else before it."""
    if of_command is not None:
        return of_command
    return of_program if isinstance(of_program, Path) else None
