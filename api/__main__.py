"""The command line, `sslm`: run the processes, look at schema and register, make staff, approve partners."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.accounts.staff import OPERATOR, NewStaff, create_staff, disable_staff
from api.app import open_core
from api.command_line import run_to_the_end as _run
from api.command_line import settings as _settings
from api.declared import declared_fields
from api.development.demo import demo as run_demo
from api.development.dev import dev as run_dev
from api.document_commands import load_documents, stored_documents
from api.models import CATALOG
from api.models.planned import planned_rows
from api.partner_commands import partner_app
from api.schema_commands import schema_app
from api.server import run
from api.viewer import Role
from governance.register import register_rows
from governance.register_formats import as_csv, as_json, as_table

app = typer.Typer(no_args_is_help=True, add_completion=False, help="SSL Certificate Manager: server and operations.")
register_app = typer.Typer(no_args_is_help=True, help="The data register.")
staff_app = typer.Typer(no_args_is_help=True, help="The operator's own people.")
documents_app = typer.Typer(no_args_is_help=True, help="Trusted documents: what programs ask by id.")
app.add_typer(schema_app, name="schema")
app.add_typer(register_app, name="register")
app.add_typer(staff_app, name="staff")
app.add_typer(partner_app, name="partner")
app.add_typer(documents_app, name="documents")

_COLUMNS = ("section", "name", "category", "purposes", "origin", "retention", "erasure", "access", "portable", "sealed")
_PLANNED_COLUMNS = ("section", "field", "type", "source", "purposes", "retention", "exported", "portable")


class Format(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class StaffRole(StrEnum):
    """Roles of staff, by least privilege."""

    COMPLIANCE_OFFICER = "compliance_officer"
    AUDITOR = "auditor"
    SUPPORT = "support"
    ADMINISTRATOR = "administrator"


@app.command(name="all")
def all_() -> None:
    """Run the API and the workers in one process."""
    _run(run(_settings(), api=True, worker=True))


@app.command()
def api() -> None:
    """Run the API alone."""
    _run(run(_settings(), api=True, worker=False))


@app.command()
def worker() -> None:
    """Run the workers alone: mails, orders, housekeeping."""
    _run(run(_settings(), api=False, worker=True))


@app.command()
def dev(*, tls: Annotated[bool, typer.Option(help="Serve https with a throw-away root.")] = False) -> None:
    """Run everything on this machine for use: demo account, API tokens, local certificate authority."""
    _run(run_dev(os.environ, tls=tls))


@app.command()
def demo() -> None:
    """Show the main job from sign-up to a page served with the new certificate."""
    _run(run_demo(os.environ))


@register_app.command("print")
def register_print(
    *,
    format: Annotated[Format, typer.Option(help="How.")] = Format.TABLE,  # noqa: A002 - the option's name
    planned: Annotated[bool, typer.Option("--planned", help="What was announced and is still to come.")] = False,
) -> None:
    """Print what is held about people, from the tags of the columns; it needs no database."""
    fields = declared_fields()
    rows: tuple[Any, ...] = planned_rows(CATALOG, fields) if planned else register_rows(CATALOG, fields)
    if format is Format.JSON:
        sys.stdout.write(as_json(rows).decode() + "\n")
    elif format is Format.CSV:
        sys.stdout.write(as_csv(rows))
    else:
        columns = _PLANNED_COLUMNS if planned else _COLUMNS
        table = Table(*columns, title="Still to come" if planned else "Data register", title_justify="left")
        for cells in as_table(rows, columns)[1:]:
            table.add_row(*cells)
        Console(width=None if sys.stdout.isatty() else 200).print(table)


@staff_app.command("create")
def staff_create(
    email: Annotated[str, typer.Argument(help="Where they sign in from.")],
    name: Annotated[str, typer.Option(help="What they are called.")],
    role: Annotated[StaffRole, typer.Option(help="What they may do.")],
) -> None:
    """Make a member of staff; prints the password and the one-time-code secret this once."""

    async def create() -> None:
        async with open_core(_settings()) as core:
            made = await create_staff(core.account_parts, OPERATOR, NewStaff(email, name, Role(role.value)))
        typer.echo(f"Made {role.value} {made.staff.email}. Shown this once:")
        typer.echo(f"  password       {made.password}\n  authenticator  {made.otpauth_uri}")

    _run(create())


@staff_app.command("disable")
def staff_disable(email: Annotated[str, typer.Argument(help="Their address.")]) -> None:
    """End a member of staff's sessions, tokens and right to sign in."""

    async def disable() -> None:
        async with open_core(_settings()) as core, core.works.open(OPERATOR) as work:
            row = await disable_staff(work, email)
        typer.echo(f"{row.email} can no longer sign in.")

    _run(disable())


@documents_app.command("load")
def documents_load(folder: Annotated[Path, typer.Argument(help="*.graphql, and maps from SHA-256 to text.")]) -> None:
    """Check every document of a folder against the schema, and store all or none; running processes find them."""

    async def load() -> None:
        there, new = await load_documents(_settings(), folder)
        typer.echo(f"{there} documents, {new} of them new.")

    _run(load())


@documents_app.command("list")
def documents_list() -> None:
    """List what was loaded: id, name, time."""

    async def list_all() -> None:
        for row in await stored_documents(_settings()):
            typer.echo(f"{row.id}  {row.loaded_at:%Y-%m-%d %H:%M}Z  {row.name}")

    _run(list_all())


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
