"""`sslm partner`: enter an organisation in the register of recipients, approve it, give it a token, shut it out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.accounts.partners import (
    ListedPartner,
    NewPartner,
    add_partner,
    approve_partner,
    disable_partner,
    list_partners,
    mint_partner_token,
    replace_contact,
)
from api.accounts.recipients import NewRecipient
from api.accounts.staff import OPERATOR
from api.app import open_core
from api.command_line import run_to_the_end, settings

partner_app = typer.Typer(no_args_is_help=True, help="Partners: organisations that act for holders who granted it.")
Code = Annotated[str, typer.Argument(help="The partner's code in the register, such as acme-hosting.")]


@partner_app.command("add")
def add(
    code: Code,
    *,
    name: Annotated[str, typer.Option(help="What the organisation is called.")],
    description: Annotated[str, typer.Option(help="What it does for holders, in one sentence they will read.")],
    country: Annotated[str, typer.Option(help="Where it is: ISO 3166 code of two letters.")],
    purpose: Annotated[list[str], typer.Option(help="What it may use data for, such as issuance; repeat it.")],
    contact_name: Annotated[str, typer.Option(help="Who stands for it.")],
    contact_email: Annotated[str, typer.Option(help="Their address.")],
) -> None:
    """Enter a partner. It can do nothing until it is approved."""

    async def work() -> None:
        asked = NewPartner(NewRecipient(code, name, description, country, tuple(purpose)), contact_name, contact_email)
        async with open_core(settings()) as core, core.works.open(OPERATOR) as unit:
            made = await add_partner(unit, asked)
        typer.echo(f"Entered {made.recipient.code}, not approved yet. Next: sslm partner approve {code} --contract …")

    run_to_the_end(work())


@partner_app.command("approve")
def approve(
    code: Code,
    contract: Annotated[str, typer.Option(help="Which contract binds it, as your files name it.")],
    safeguard: Annotated[
        str | None, typer.Option(help="Outside of the EEA: the safeguard or adequacy decision (GDPR Art. 45, 46).")
    ] = None,
) -> None:
    """Approve a partner's entry in the register of recipients."""

    async def work() -> None:
        async with open_core(settings()) as core, core.works.open(OPERATOR) as unit:
            await approve_partner(unit, code, contract_reference=contract, safeguard=safeguard)
        typer.echo(f"Approved {code}. Holders can grant it access now. Next: sslm partner token {code} --name …")

    run_to_the_end(work())


@partner_app.command("token")
def token(
    code: Code,
    name: Annotated[str, typer.Option(help="Where it is used.")],
    days: Annotated[int, typer.Option(help="How long it lives, 1 to 365 days.")] = 90,
) -> None:
    """Make an API token for an approved partner; prints it this once."""

    async def work() -> None:
        async with open_core(settings()) as core, core.works.open(OPERATOR) as unit:
            minted = await mint_partner_token(unit, code, name, expires_in_days=days)
        typer.echo(f"Made a token for {code}, until {minted.row.expires_at:%Y-%m-%d}. Shown this once:")
        typer.echo(f"  {minted.text}")

    run_to_the_end(work())


@partner_app.command("contact")
def contact(
    code: Code,
    name: Annotated[str, typer.Option(help="Who stands for it from now on.")],
    email: Annotated[str, typer.Option(help="Their address.")],
) -> None:
    """Name another contact person; tokens of the former one end."""

    async def work() -> None:
        async with open_core(settings()) as core, core.works.open(OPERATOR) as unit:
            await replace_contact(unit, code, name=name, email=email)
        typer.echo(f"{code} has another contact. Its tokens have ended; make new ones with sslm partner token {code}.")

    run_to_the_end(work())


@partner_app.command("disable")
def disable(code: Code) -> None:
    """Shut a partner out at once: tokens, grants and its entry in the register end."""

    async def work() -> None:
        async with open_core(settings()) as core, core.works.open(OPERATOR) as unit:
            await disable_partner(unit, code)
        typer.echo(f"{code} can no longer act for anybody. What it was shown stays on record.")

    run_to_the_end(work())


@partner_app.command("list")
def list_all() -> None:
    """List partners with their state; nobody's personal data is shown."""

    async def work() -> None:
        async with open_core(settings()) as core, core.sessions.read() as session:
            found = await list_partners(session)
        _print(found)

    run_to_the_end(work())


def _print(found: Sequence[ListedPartner]) -> None:
    if not found:
        typer.echo("There are no partners. Enter one with sslm partner add.")
        return
    table = Table("code", "name", "country", "state", "contract", "tokens", "grants", title_justify="left")
    for one in found:
        recipient = one.partner.recipient
        cells = (recipient.code, recipient.name, recipient.country, _state(one), recipient.contract_reference or "none")
        table.add_row(*map(escape, cells), str(one.tokens), str(one.grants))
    Console().print(table)


def _state(one: ListedPartner) -> str:
    if one.partner.row.disabled_at is not None:
        return "disabled"
    return "approved" if one.partner.recipient.approved_at is not None else "waits for approval"
