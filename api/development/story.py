"""How the demo speaks: short steps with their time, facts under them, and other programs' words set apart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.text import Text

_WIDTHS: Final = (10, 15, 20, 24, 18)


class Story:
    """Prints one; readable on a terminal and in a file alike."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def title(self, text: str) -> None:
        """Begin a part."""
        self._console.print(f"\n[bold]{escape(text)}[/]")

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show a step while it runs, then how long it took; a failing one is marked."""
        began = time.monotonic()
        try:
            if self._console.is_terminal:
                with self._console.status(f"{escape(text)} …"):
                    yield
            else:
                yield
        except BaseException:
            self._console.print(f"  [red]✗[/] {escape(text)}", highlight=False, soft_wrap=True)
            raise
        took = time.monotonic() - began
        self._console.print(f"  [green]✓[/] {escape(text)}  [dim]{took:.1f} s[/]", highlight=False, soft_wrap=True)

    def fact(self, label: str, text: str) -> None:
        """Show one thing that is so."""
        line = Text(f"      {label + '  ':<22}", style="dim")
        line.append(text, style="default not dim")
        self._console.print(line, highlight=False, soft_wrap=True)

    def command(self, text: str) -> None:
        """Show a command that is run."""
        self._console.print(f"  [cyan]$[/] {escape(text)}", highlight=False, soft_wrap=True)

    def said(self, text: str) -> None:
        """Show a line that another program printed."""
        self._console.print(Text(f"    │ {text}", style="dim"), highlight=False, soft_wrap=True)

    def row(self, *cells: str) -> None:
        """Show a row of a list; the last cell is cut where the terminal ends."""
        text = "      " + "".join(f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=False)) + cells[-1]
        self._console.print(Text(text), highlight=False, no_wrap=True, overflow="ellipsis")

    def end(self, text: str) -> None:
        """Close the story."""
        self._console.print(f"\n[bold green]{escape(text)}[/]", highlight=False, soft_wrap=True)
