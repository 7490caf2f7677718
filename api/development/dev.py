"""`make dev`: everything on this machine, ready to be used, until Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.auth.cookies import CSRF, SESSION, set_cookie
from api.auth.csrf import make_csrf_token
from api.development.platform import DevelopmentOptions, DevelopmentPlatform, development_platform
from api.development.seeds import Seeds, seed, sign_in_as_holder
from api.kit.derive import derive_secret

_PATH: Final = "/dev/sign-in"


class SignedInLink:
    """A link, valid while this process runs, that signs the demo holder in. Only `make dev` mounts it."""

    def __init__(self) -> None:
        self._secret = secrets.token_urlsafe(24)
        self._platform: DevelopmentPlatform | None = None
        self._password = ""
        self.route = Route(_PATH, self._follow)

    def arm(self, platform: DevelopmentPlatform, seeds: Seeds) -> str:
        """Return the link."""
        self._platform, self._password = platform, seeds.password
        return f"{platform.url}{_PATH}?token={self._secret}"

    async def _follow(self, request: Request) -> Response:
        given = request.query_params.get("token", "")
        if self._platform is None or not secrets.compare_digest(given, self._secret):
            return Response("This link is not valid. Take the one that `make dev` printed.\n", 403)
        signed_in = await sign_in_as_holder(self._platform, self._password)
        secret = derive_secret(self._platform.core.secret, "csrf")
        answer = RedirectResponse("/account", 303)
        answer.headers.append("set-cookie", set_cookie(SESSION, signed_in.session_secret))
        answer.headers.append("set-cookie", set_cookie(CSRF, make_csrf_token(secret, signed_in.session_secret)))
        return answer


async def dev(environ: Mapping[str, str], *, tls: bool) -> None:
    """Serve until SIGINT or SIGTERM; `dev.json` in the data folder tells scripts how to reach everything."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    console = Console()
    folder = Path(environ.get("SSLM_VAR", "var"))
    options = DevelopmentOptions(
        folder, environ.get("SSLM_HOST", "127.0.0.1"), int(environ.get("SSLM_PORT", "8443")), tls=tls, quiet=False
    )
    link = SignedInLink()
    console.print("Starting the database, a local certificate authority, the API and its workers …", style="dim")
    async with development_platform(options, environ, [link.route]) as platform:
        seeds = await seed(platform)
        address = link.arm(platform, seeds)
        _write(folder / "dev.json", _description(platform, seeds))
        _show(console, platform, seeds, address, folder)
        await stop.wait()
        console.print("Stopping …", style="dim")


def _description(platform: DevelopmentPlatform, seeds: Seeds) -> dict[str, Any]:
    return {
        "graphql": f"{platform.url}/graphql",
        "token": seeds.api_token,
        "officer_token": seeds.officer_token,
        "database_url": platform.core.urls.application.plain,
        "acme_directory": platform.pebble.directory_url,
        "mail_sink": str(platform.mail_folder),
        "email": seeds.email,
        "password": seeds.password,
        "http01_port": platform.pebble.http_port,
        "challenge_server": platform.pebble.challenges.url,
        "ca_file": str(platform.root_path) if platform.root_path else None,
    }


def _write(path: Path, description: dict[str, Any]) -> None:
    """Replace the file at once, so that a reader never sees half of it; it holds secrets, so only its owner may."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(description, file, indent=2)
    fresh.replace(path)


def _show(console: Console, platform: DevelopmentPlatform, seeds: Seeds, address: str, folder: Path) -> None:
    """Print the addresses whole, one to a line, so that they can be clicked and copied on any width."""
    rows = (
        ("Signed in", address),
        ("GraphiQL", f"{platform.url}/graphiql"),
        ("Endpoint", f"{platform.url}/graphql"),
        ("API token", seeds.api_token),
        ("Officer's token", seeds.officer_token),
        ("Account", f"{seeds.email}   password {seeds.password}"),
        ("Mail arrives in", str(platform.mail_folder)),
        ("Authority", f"{platform.pebble.directory_url}   http-01 on port {platform.pebble.http_port}"),
        ("For scripts", str(folder / "dev.json")),
    )
    console.print("\n[bold green]SSL Certificate Manager is ready[/]")
    for label, text in rows:
        console.print(Text.assemble((f"  {label:<17}", "bold"), text), soft_wrap=True, highlight=False)
    console.print("  Ctrl-C stops everything.\n", style="dim")
