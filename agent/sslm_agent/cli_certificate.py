"""The command `certificate`: options, the question about the notices, and the result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from sslm_agent.answers import OrderNotices
from sslm_agent.challenges import Placement
from sslm_agent.clock import SystemClock
from sslm_agent.commands import split_command
from sslm_agent.dns_records import DnsByHand, DnsHook
from sslm_agent.ending import ending
from sslm_agent.enrolment import load_enrolment
from sslm_agent.errors import InvalidChoice
from sslm_agent.home import Home, default_home
from sslm_agent.install import InstallPlan
from sslm_agent.keys import KeyType
from sslm_agent.listener import Listener, read_address
from sslm_agent.names import normalise
from sslm_agent.notices import order_notice_lines
from sslm_agent.obtain import obtain
from sslm_agent.options import HomeOption, JsonOption, chosen_home
from sslm_agent.output import Terminal, describe
from sslm_agent.request import ORDER_SECONDS, Acknowledge, CertificateRequest, Outcome
from sslm_agent.safe_text import checked_value
from sslm_agent.status import installation_lines, installation_values
from sslm_agent.webroot import Webroot


def certificate(
    *,
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(help="Domain names; the first one names the folder under live/.")],
    webroot: Annotated[Path | None, typer.Option(help="http-01: folder a running web server serves.")] = None,
    listen: Annotated[str | None, typer.Option(help="http-01: ADDRESS:PORT for the agent's own listener.")] = None,
    dns_hook: Annotated[str | None, typer.Option(help="dns-01: command, called as CMD add|remove NAME VALUE.")] = None,
    dns: Annotated[
        bool, typer.Option("--dns", help="dns-01: show the records and wait until you placed them.")
    ] = False,
    placed: Annotated[bool, typer.Option("--placed", help="With --dns: the records shown before are placed.")] = False,
    key_type: Annotated[KeyType, typer.Option(help="Type of the private key.")] = KeyType.P256,
    acknowledge_notices: Annotated[
        bool, typer.Option("--acknowledge-notices", help="Acknowledge the notices shown without being asked.")
    ] = False,
    add_domains: Annotated[
        bool, typer.Option("--add-domains", help="Add names the account does not have yet.")
    ] = False,
    install_dir: Annotated[Path | None, typer.Option(help="Also copy the four files into this folder.")] = None,
    reload_command: Annotated[
        str | None, typer.Option(help="Command that makes the server load it; its failure undoes the installation.")
    ] = None,
    probe: Annotated[str | None, typer.Option(help="HOST:PORT to ask for the new certificate afterwards.")] = None,
    target_name: Annotated[str | None, typer.Option(help="Site or target to report; default: first name.")] = None,
    renew_now: Annotated[
        bool, typer.Option("--renew-now", help="Order although the one in use is still good.")
    ] = False,
    start_over: Annotated[bool, typer.Option("--start-over", help="Drop an unfinished order first.")] = False,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for the order; it can be resumed.")
    ] = ORDER_SECONDS,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Obtain and install a certificate, or go on with an interrupted one. Key and certificate stay on this machine."""
    terminal = Terminal(as_json=as_json)
    with ending(terminal):
        request = CertificateRequest(
            names=tuple(names),
            key_type=key_type,
            add_domains=add_domains,
            renew_now=renew_now,
            start_over=start_over,
            target_name=checked_value(target_name, "--target-name", 253) if target_name is not None else None,
            install=InstallPlan(
                install_dir, split_command(reload_command, "--reload-command") if reload_command is not None else ()
            ),
            probe_address=read_address(probe, "--probe") if probe is not None else None,
            seconds=timeout,
        )
        folder = Home.open(chosen_home(home, context.obj) or default_home())
        outcome = obtain(
            request,
            home=folder,
            enrolment=load_enrolment(folder),
            placement=_placement(terminal, webroot, listen, dns_hook, by_hand=dns or placed, placed=placed),
            acknowledge=_asking(terminal, normalise(names), given=acknowledge_notices),
            progress=terminal,
        )
        _tell(terminal, folder, outcome)


def _placement(
    terminal: Terminal, webroot: Path | None, listen: str | None, dns_hook: str | None, *, by_hand: bool, placed: bool
) -> Placement:
    ways: list[Placement] = []
    if webroot is not None:
        ways.append(Webroot(webroot))
    if listen is not None:
        ways.append(Listener(*read_address(listen, "--listen")))
    if dns_hook is not None:
        ways.append(DnsHook(split_command(dns_hook, "--dns-hook"), terminal))
    if by_hand:
        ways.append(DnsByHand(terminal, placed=placed, wait_for_user=_enter(terminal)))
    if len(ways) != 1:
        raise InvalidChoice("Nothing was ordered. Name exactly one of --webroot, --listen, --dns-hook and --dns.")
    return ways[0]


def _enter(terminal: Terminal) -> Callable[[], bool]:
    def wait() -> bool:
        return terminal.ask("Press Enter when the records are placed.") is not None

    return wait


def _asking(terminal: Terminal, names: tuple[str, ...], *, given: bool) -> Acknowledge:
    def acknowledge(notices: OrderNotices) -> bool:
        terminal.lines(order_notice_lines(notices, names))
        if given:
            terminal.step("Acknowledged as told by --acknowledge-notices.")
            return True
        answer = terminal.ask("Do you acknowledge these notices? Type yes to order:")
        return answer is not None and answer.strip().lower() in {"y", "yes"}

    return acknowledge


def _tell(terminal: Terminal, home: Home, outcome: Outcome) -> None:
    values = installation_values(home, outcome.installation) | {
        "ordered": outcome.ordered,
        "error": describe(outcome.incomplete) if outcome.incomplete else None,
    }
    lines = list(installation_lines(home, outcome.installation, SystemClock().now()))
    if not outcome.ordered:
        lines.append("It needs no renewal yet, so nothing was ordered; --renew-now orders all the same.")
    terminal.result(values, lines)
    if outcome.incomplete is not None:
        terminal.warning(outcome.incomplete)
        raise typer.Exit(int(outcome.incomplete.exit_status))
