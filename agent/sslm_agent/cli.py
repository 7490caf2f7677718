"""The command line: enrol, report, status, keys, privacy. `certificate` has a module of its own.

Exit status and output are an interface: both are described in the README and pinned by tests.
"""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from sslm_agent import __version__
from sslm_agent.cli_certificate import certificate
from sslm_agent.clock import SystemClock
from sslm_agent.ending import ending
from sslm_agent.enrolment import enrol, load_enrolment
from sslm_agent.errors import InvalidChoice
from sslm_agent.home import Home, default_home
from sslm_agent.host import LONGEST_LABEL, host_facts
from sslm_agent.notices import AGE_NOTICE, privacy_lines
from sslm_agent.options import ENV_API_TOKEN, HomeOption, JsonOption, chosen_home
from sslm_agent.output import Terminal
from sslm_agent.report import report_body
from sslm_agent.safe_text import checked_value
from sslm_agent.status import key_values, status_lines, status_values
from sslm_agent.transport import read_endpoint

app = typer.Typer(
    name="sslm-agent",
    help="Obtains and installs TLS certificates for keys that never leave this machine.",
    epilog=AGE_NOTICE,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
keys_app = typer.Typer(help="The private keys of this folder.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")
app.command("certificate")(certificate)


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"sslm-agent {__version__}\n")
        raise typer.Exit


@app.callback()
def start(
    context: typer.Context,
    home: HomeOption = None,
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,
) -> None:
    """Obtain and install TLS certificates for keys that never leave this machine."""
    del version
    context.obj = home


@app.command("enrol")
def enrol_command(
    *,
    context: typer.Context,
    server: Annotated[str, typer.Option(help="Address of the platform, https://… (http on this machine only).")],
    api_token_file: Annotated[
        Path | None,
        typer.Option(help=f"File with an API token of scope agents:enrol; else {ENV_API_TOKEN}, else asked."),
    ] = None,
    ca_file: Annotated[Path | None, typer.Option(help="CA certificates (PEM) to trust for the server instead.")] = None,
    label: Annotated[
        str | None, typer.Option(help="What the agent is called in your account; default: host name.")
    ] = None,
    web_server: Annotated[str | None, typer.Option(help="Web server to report, like nginx; default: none.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Enrol again although this folder is enrolled.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enrol this machine in your account. The API token given is used once and not stored."""
    terminal = Terminal(as_json=as_json)
    with ending(terminal):
        read_endpoint(server)
        terminal.lines(privacy_lines(server))
        host = host_facts(web_server)
        called = checked_value(label or host.host_name[:LONGEST_LABEL], "--label", LONGEST_LABEL)
        api_token = _holder_api_token(api_token_file)
        folder = Home.create(chosen_home(home, context.obj) or default_home())
        with folder.lock(SystemClock()):
            enrolled = enrol(folder, server, api_token, host, label=called, ca_file=ca_file, replace=replace)
        terminal.result(
            {"agentId": enrolled.agent_id, "server": enrolled.server_url, "home": str(folder.path)},
            [f"Enrolled at {enrolled.server_url} as {enrolled.agent_id}; everything is kept in {folder.path}."],
        )


def _holder_api_token(file: Path | None) -> str:
    if file is not None:
        try:
            return file.read_text(encoding="ascii")
        except (OSError, UnicodeError):
            raise InvalidChoice(f"{file} cannot be read as an API token. Nothing was sent. Correct it.") from None
    given = os.environ.get(ENV_API_TOKEN)
    if given:
        return given
    if not sys.stdin.isatty():
        raise InvalidChoice(f"No API token was given. Nothing was sent. Use --api-token-file or {ENV_API_TOKEN}.")
    return getpass.getpass("API token (scope agents:enrol): ")


@app.command("report")
def report_command(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print byte for byte what would be sent; send nothing.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Report which certificates are installed; nothing but the fields `--dry-run` prints."""
    terminal = Terminal()
    with ending(terminal):
        folder = Home.open(chosen_home(home, context.obj) or default_home())
        enrolment = load_enrolment(folder)
        body = report_body(folder, enrolment)
        if dry_run:
            sys.stdout.buffer.write(body)
            sys.stdout.buffer.flush()
            return
        enrolment.server().report(body)
        terminal.result({}, ["Reported."])


@app.command("status")
def status_command(context: typer.Context, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show enrolment, certificates in use and unfinished orders of this folder; asks nobody."""
    terminal = Terminal(as_json=as_json)
    with ending(terminal):
        folder = Home.open(chosen_home(home, context.obj) or default_home())
        terminal.result(status_values(folder), status_lines(folder, SystemClock().now()))


@keys_app.command("list")
def keys_list_command(context: typer.Context, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the keys: hash of the public key, type, time made, and what uses them. No key is shown."""
    terminal = Terminal(as_json=as_json)
    with ending(terminal):
        values = key_values(Home.open(chosen_home(home, context.obj) or default_home()))
        lines: list[str] = []
        for key in values:
            users = key["usedBy"]
            lines.append(f"{key['publicKeySha256']}  {key['keyType']}  {key['createdAt']}")
            lines += [f"  {user}" for user in users] if isinstance(users, list) and users else ["  unused"]
        terminal.result({"keys": values}, lines or ["No keys yet."])


@app.command("privacy")
def privacy_command(context: typer.Context, home: HomeOption = None) -> None:
    """Show what the agent keeps and sends, and where the privacy policy is."""
    terminal = Terminal()
    with ending(terminal):
        folder = Home.open(chosen_home(home, context.obj) or default_home())
        terminal.result({}, privacy_lines(load_enrolment(folder).server_url))
