"""Everything the agent prints: results on standard output, all else on standard error, no secret on either.

With `--json` standard output holds one JSON object and nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.status import Status
from rich.text import Text

from sslm_agent.clock import stamp
from sslm_agent.errors import AgentError, ServerFailed, ServerRefused
from sslm_agent.safe_text import safe_text


class Terminal:
    """Prints for a reader; implements `Progress`."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._console = Console(stderr=True, highlight=False)
        self._spinner: Status | None = None
        self._last = ""

    def step(self, text: str) -> None:
        """Tell one step on a line of its own."""
        self._console.print(Text("• " + safe_text(text)), soft_wrap=True)

    def waiting(self, text: str) -> None:
        """Tell what is waited for: a moving line on a terminal, one line elsewhere."""
        if text == self._last:
            return
        self._last = text
        if not self._console.is_terminal:
            self.step(text)
        elif self._spinner is None:
            self._spinner = self._console.status(Text(safe_text(text)))
            self._spinner.start()
        else:
            self._spinner.update(Text(safe_text(text)))

    def lines(self, lines: Iterable[str]) -> None:
        """Tell something beside the result."""
        self.quiet()
        for line in lines:
            self._console.print(Text(safe_text(line)), soft_wrap=True)

    def ask(self, question: str) -> str | None:
        """Ask the user; None where nobody can answer."""
        self.quiet()
        if not sys.stdin.isatty():
            return None
        self._console.print(Text(question + " "), end="")
        try:
            return input()
        except EOFError:
            return None

    def result(self, values: Mapping[str, object], lines: Iterable[str]) -> None:
        """Print the result: the values as JSON when asked for, else the lines."""
        self.quiet()
        if self.as_json:
            sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
        else:
            sys.stdout.write("".join(safe_text(line) + "\n" for line in lines))
        sys.stdout.flush()

    def error(self, error: AgentError) -> None:
        """Print what happened, what did not, and what to do next; with `--json` as the one object."""
        if self.as_json:
            sys.stdout.write(json.dumps({"error": describe(error)}, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        self.warning(error)

    def warning(self, error: AgentError) -> None:
        """Print an error beside the result."""
        self.quiet()
        title = Text(f"{describe(error)['code']}: ", style="bold red")
        self._console.print(title + Text(safe_text(error.message)), soft_wrap=True)
        for line in error.detail:
            self._console.print(Text("  " + safe_text(line)), soft_wrap=True)
        if error.retry_at is not None:
            self._console.print(Text(f"  Next try: {stamp(error.retry_at)}"))

    def quiet(self) -> None:
        """Stop the moving line."""
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None
        self._last = ""


def describe(error: AgentError) -> dict[str, object]:
    """Return an error as values; the platform's own code comes first where there is one."""
    code = error.server_code if isinstance(error, (ServerFailed, ServerRefused)) else error.code
    return {
        "code": code,
        "agentCode": error.code,
        "message": safe_text(error.message),
        "detail": [safe_text(line) for line in error.detail],
        "retryAt": stamp(error.retry_at) if error.retry_at else None,
        "exitStatus": int(error.exit_status),
    }
