"""`make demo`: the main job end to end, by an account holder, an agent and an officer. Every line is real."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

from rich.console import Console

from api.development import demo_documents as documents
from api.development.demo_officer import show_audit
from api.development.frontend import Frontend
from api.development.mailbox import wait_for_link
from api.development.platform import DevelopmentOptions, DevelopmentPlatform, development_platform
from api.development.story import Story

HOLDER: Final = "ada@bakery.example.com"
NAME: Final = "www.bakery.example.com"
_AGENT: Final = str(Path(sys.executable).with_name("sslm-agent"))


class DemoFailed(RuntimeError):
    """A step did not do what it should; the story says which."""


async def demo(environ: Mapping[str, str]) -> None:
    """Tell the story once, in a data folder of its own, and leave nothing running."""
    story = Story(Console())
    folder = Path(environ.get("SSLM_VAR", "var")) / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    began = time.monotonic()
    story.title("From sign-up to a page over TLS")
    port = int(environ.get("SSLM_PORT") or _free_port())
    options = DevelopmentOptions(folder, port=port, tls=True, quiet=True)
    with story.step("Start PostgreSQL, a local certificate authority, the API and its workers"):
        context = development_platform(options, {k: v for k, v in environ.items() if k not in _OWN})
        platform = await context.__aenter__()
    try:
        story.fact("site", platform.url)
        story.fact("certificate authority", f"Pebble at {platform.pebble.directory_url}")
        await _tell(story, platform, folder)
    finally:
        await context.__aexit__(None, None, None)
    story.end(f"Done in {time.monotonic() - began:.1f} seconds. The data lies in {folder}; `make dev` is for use.")


_OWN: Final = frozenset({"SSLM_VAR", "SSLM_PORT"})


async def _tell(story: Story, platform: DevelopmentPlatform, folder: Path) -> None:
    if platform.root_path is None:
        raise DemoFailed("the demo needs TLS")
    async with Frontend(platform.url, platform.root_path) as browser:
        token = await _as_holder(story, platform, browser)
        await _as_agent(story, platform, folder, token)
        await _look(story, folder)
        await _result(story, browser)
    await show_audit(story, platform)


async def _as_holder(story: Story, platform: DevelopmentPlatform, browser: Frontend) -> str:
    """Sign up, verify, sign in, add the domain; return an API token that may enrol an agent."""
    story.title("The account holder, in a browser")
    password = secrets.token_urlsafe(18)
    with story.step(f"Sign up as {HOLDER}, stating to be 16 or older"):
        await browser.ask(documents.SIGN_UP, email=HOLDER, password=password)
    with story.step("Open the mail and follow its link"):
        subject, link = await wait_for_link(platform.mail_folder, HOLDER, "/verify")
        await browser.ask(documents.VERIFY, link=link)
    story.fact("mail", subject)
    with story.step("Sign in"):
        await browser.ask(documents.SIGN_IN, email=HOLDER, password=password)
    for cookie in browser.cookies:
        name, _, attributes = cookie.partition("=")
        story.fact("cookie", f"{name}; {attributes.partition('; ')[2]}")
    with story.step(f"Add the domain {NAME}"):
        await browser.ask(documents.ADD_DOMAIN, name=NAME)
    with story.step("Make an API token that may enrol an agent, for one day"):
        made = (await browser.ask(documents.ENROLMENT))["createApiToken"]
    story.fact("API token", f"{made['apiToken']['hint']}…  {', '.join(made['apiToken']['scopes'])}")
    return str(made["secret"])


async def _as_agent(story: Story, platform: DevelopmentPlatform, folder: Path, token: str) -> None:
    """Enrol the agent, obtain and install a certificate for a web server of its own."""
    story.title("The agent, on the web server")
    home, installed, https_port = folder / "agent", folder / "site" / "tls", _free_port()
    installed.mkdir(parents=True, mode=0o700)
    common = ["--home", str(home)]
    enrol = ["enrol", "--server", platform.url, "--ca-file", str(platform.root_path), "--label", "Bakery web server"]
    await _agent(story, [*common, *enrol], {"SSLM_API_TOKEN": token})
    async with _site(installed, https_port):
        reload_command = f"{sys.executable} -m api.development.demo_site reload {installed}"
        await _agent(
            story,
            [
                *common,
                "certificate",
                NAME,
                "--acknowledge-notices",
                "--listen",
                f"127.0.0.1:{platform.pebble.http_port}",
                "--install-dir",
                str(installed),
                "--reload-command",
                reload_command,
                "--probe",
                f"127.0.0.1:{https_port}",
            ],
        )
        await _fetch(story, platform, https_port)
    await _agent(story, [*common, "report", "--dry-run"])
    await _agent(story, [*common, "keys", "list"])


async def _agent(story: Story, arguments: list[str], extra: Mapping[str, str] | None = None) -> None:
    """Run the real command and show what it prints, as it prints it."""
    shown = [word for word in arguments if word != "--home"]
    story.command("sslm-agent " + " ".join(word for word in shown if "/agent" not in word))
    process = await asyncio.create_subprocess_exec(
        _AGENT,
        *arguments,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100", **(extra or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    if process.stdout is not None:
        async for line in process.stdout:
            story.said(line.decode(errors="replace").rstrip())
    if await process.wait() != 0:
        raise DemoFailed(f"sslm-agent ended with status {process.returncode}")


@contextlib.asynccontextmanager
async def _site(installed: Path, port: int) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api.development.demo_site", "serve", str(installed), str(port)
    )
    try:
        while not (installed.parent / "control.sock").exists():  # noqa: ASYNC110 - another process makes the file
            await asyncio.sleep(0.05)
        yield
    finally:
        process.terminate()
        await process.wait()


async def _fetch(story: Story, platform: DevelopmentPlatform, port: int) -> None:
    """Fetch the page as a visitor would, trusting only the certificate authority's root."""
    story.title("A visitor")
    roots = platform.pebble.get("/roots/0").decode()
    with story.step(f"Fetch https://{NAME}/ over TLS, trusting the authority's root alone"):
        context = ssl.create_default_context(cadata=roots)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=NAME)
        writer.write(f"GET / HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
        page = (await reader.read()).decode()
        version = writer.get_extra_info("ssl_object").version()
        writer.close()
    if "fresh certificate" not in page:
        raise DemoFailed("the page did not arrive")
    story.fact(version, page.splitlines()[0] + "   " + page.partition("<h1>")[2].partition("</h1>")[0])


async def _look(story: Story, folder: Path) -> None:
    """Show where the private key is, and who may read it."""
    keys = [path for path in (folder / "agent").rglob("private_key.pem") if not path.is_symlink()]
    for path in keys:
        story.fact("private key", f"{path.relative_to(folder)}  mode {path.stat().st_mode & 0o777:04o}")
    if not keys:
        raise DemoFailed("the agent kept no private key")


async def _result(story: Story, browser: Frontend) -> None:
    """Show the certificate, and what was disclosed for it."""
    me = (await browser.ask(documents.RESULT))["me"]
    certificate = me["certificates"]["edges"][0]["node"]
    story.title("The certificate")
    for label, key in (
        ("names", "names"),
        ("serial number", "serialNumber"),
        ("issuer", "issuerName"),
        ("valid from", "notBefore"),
        ("valid until", "notAfter"),
        ("SHA-256", "fingerprintSha256"),
    ):
        value = certificate[key]
        story.fact(label, ", ".join(value) if isinstance(value, list) else str(value))
    for place in certificate["installations"]:
        same = place["fingerprintSha256"] == certificate["fingerprintSha256"]
        story.fact("installed", f"{place['targetName']}, {'the same certificate' if same else 'ANOTHER certificate'}")
    story.title("What was disclosed to the certificate authority")
    for disclosure in me["orders"]["edges"][0]["node"]["disclosures"]:
        story.fact(disclosure["recipient"], f"{', '.join(disclosure['fields'])} for {', '.join(disclosure['names'])}")
        story.fact("purpose", disclosure["purpose"])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
