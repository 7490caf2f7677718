"""`sslm schema`: the GraphQL schema as text, for all or for one caller, and the tags of this version and the last."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from api.auth.categories import PREFIX
from api.graphql.schema import print_schema_text
from api.graphql.visible import visible_schema
from api.released_tags import changes_since_release, present_tags, privacy_fragments, write_release
from governance.access import Grants
from governance.tag_changes import TagChange, untold, write_tags

schema_app = typer.Typer(no_args_is_help=True, help="The GraphQL schema.")
SCHEMA_FILE: Final = Path(__file__).resolve().parents[1] / "schema.graphql"
_COLOURS: Final = {"+": "green", "-": "red", "~": "yellow"}
_Listed = Annotated[str | None, typer.Option(help="Separated by commas; print what a caller with these may use.")]


@schema_app.command("print")
def schema_print(
    *,
    check: Annotated[bool, typer.Option("--check", help="Compare with schema.graphql, change nothing.")] = False,
    scopes: _Listed = None,
    categories: _Listed = None,
) -> None:
    """Write schema.graphql, or with --check tell whether it is what the code says.

    With --scopes or --categories, write nothing: print the part of it that such a caller may use.
    """
    if scopes is not None or categories is not None:
        named = (entry.removeprefix(PREFIX) for entry in _entries(categories))
        sys.stdout.write(visible_schema().text(Grants(frozenset(_entries(scopes)), frozenset(named))))
        return
    text = print_schema_text()
    if not check:
        SCHEMA_FILE.write_text(text)
        return
    if not SCHEMA_FILE.exists() or SCHEMA_FILE.read_text() != text:
        sys.stderr.write("schema.graphql is not what the code says. Run: sslm schema print\n")
        raise typer.Exit(1)


@schema_app.command("tags")
def schema_tags(
    *, release: Annotated[bool, typer.Option("--release", help="Write them as those of the last release.")] = False
) -> None:
    """Print what is tagged and how, as JSON; with --release keep it as what later changes are compared with."""
    if release:
        write_release()
    else:
        sys.stdout.write(write_tags(present_tags()))


@schema_app.command("diff")
def schema_diff(
    *, check: Annotated[bool, typer.Option("--check", help="Fail where people were not told of a change.")] = False
) -> None:
    """Print what changed in the tags since the last release, and which fragment of the changelog tells of it."""
    changes, fragments = changes_since_release(), privacy_fragments()
    missing = untold(changes, fragments.values())
    if check and not missing:
        return
    console = Console(stderr=check, width=None if sys.stdout.isatty() else 160, highlight=False)
    for change in missing if check else changes:
        console.print(_shown(change, fragments), soft_wrap=True)
    if not check:
        console.print(f"{len(changes)} changes since the last release, {len(missing)} of them not told of.")
        return
    console.print(
        f"\n{len(missing)} tags changed since the last release and no changelog.d/*.privacy.md tells of it. "
        "Say there, in words for the people concerned, what is held or shown now that was not before, and name:\n"
    )
    console.print("  " + ", ".join(f"`{change.name}`" for change in missing), soft_wrap=True)
    raise typer.Exit(1)


def _entries(text: str | None) -> tuple[str, ...]:
    return tuple(entry.strip() for entry in (text or "").split(",") if entry.strip())


def _shown(change: TagChange, fragments: Mapping[str, str]) -> Text:
    """Return one change as it is read: the place, where it is told, and each part that differs."""
    told = next((name for name, text in fragments.items() if change.is_named_in(text)), "")
    line = Text()
    line.append(f"{change.sign} {change.name}", style=f"bold {_COLOURS[change.sign]}")
    line.append(f"  ({change.kind.replace('_', ' ')})", style="dim")
    line.append(f"  {told}" if told else "  not told of", style="dim" if told else "bold red")
    for part, before, after in change.differences():
        if change.before is None or change.after is None:
            line.append(f"\n    {part:<17} {after or before}")
        else:
            line.append(f"\n    {part:<17} {before or 'nothing'} → {after or 'nothing'}")
    return line
