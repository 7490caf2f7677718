"""`python -m bench.graphql`: fill the databases, start the servers, compare their answers, then measure.

python -m bench.graphql                                              everything, about a quarter of an hour
python -m bench.graphql --servers A,P,P+ --rounds 2 --seconds 2      under two minutes
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import msgspec
import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from api.db import embedded
from bench.graphql.answers import Ask, Different, compare
from bench.graphql.data import Caller, Size
from bench.graphql.lineup import Missing, Running, Server, choose, running
from bench.graphql.load import NoAnswer, WrongAnswers
from bench.graphql.measure import Measurement, NotAsDeclared, Plan, check_room, cluster_pid
from bench.graphql.questions import questions
from bench.graphql.stage import Stage, open_stage
from bench.graphql.tables import show, summary
from bench.graphql.turn import Turn
from bench.machine import keep, machine

SECTION: Final = "GraphQL"
_VIEWERS_COMPARED: Final = 5
console = Console(width=None if sys.stdout.isatty() else 132)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    questions: Sequence[str]
    connections: Sequence[int]
    rounds: int
    seconds: int
    size: Size


def main(  # noqa: PLR0917 - typer reads the command line off the signature
    servers: Annotated[str, typer.Option(help="Which, by key: A,P,P+,E,C,D,B. Empty: all that can run here.")] = "",
    asked: Annotated[str, typer.Option("--questions", help="Which: Q1,Q2,Q3,M1.")] = "Q1,Q2,Q3,M1",
    rounds: Annotated[int, typer.Option(help="Rounds; the order is reversed in every other one.")] = 3,
    seconds: Annotated[int, typer.Option(help="Seconds of each turn.")] = 6,
    connections: Annotated[str, typer.Option(help="Connections; of 64 only what has a goal there.")] = "16,64",
    accounts: Annotated[int, typer.Option(help="Accounts, with 20 domains and 100 certificates each.")] = 1000,
) -> None:
    """Measure the servers side by side."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    described = machine()
    wanted = Wanted(_words(asked), [int(word) for word in _words(connections)], rounds, seconds, Size(accounts))
    try:
        chosen, left_out = choose(_words(servers))
        figures = asyncio.run(_run(chosen, wanted))
    except (Missing, Different, WrongAnswers, NoAnswer, NotAsDeclared) as error:
        console.print(f"[bold red]Nothing was kept.[/] {error}", markup=True, highlight=False)
        raise typer.Exit(1) from None
    for line in left_out:
        console.print(f"Left out: {line}")
    keep(SECTION, figures | {"left_out": left_out}, described)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


async def _run(chosen: Sequence[Server], wanted: Wanted) -> dict[str, Any]:
    with _folder() as folder, embedded.start(folder / "postgres") as database, _progress() as progress:
        async with open_stage(database.superuser_url, folder, wanted.size, _filling(progress)) as stage:
            known = questions(stage.filled.expiring_before)
            asked = [known[key] for key in wanted.questions]
            plan = Plan(asked, wanted.connections, wanted.rounds, wanted.seconds)
            with running(chosen, stage) as started:
                turns, postgres = await _measure(stage, started, plan, progress)
            progress.stop()
            show(console, plan, chosen, turns)
            return summary(plan, chosen, turns) | {"accounts": wanted.size.accounts, "postgres": postgres}


async def _measure(stage: Stage, started: Sequence[Running], plan: Plan, progress: Progress) -> tuple[list[Turn], str]:
    watch = await asyncpg.connect(stage.superuser.plain)
    try:
        await check_room(watch, started)
        ports = {one.server.key: one.url for one in started}
        viewers = _some(stage.filled.callers)
        sizes = await compare(list(ports), plan.questions, viewers, _asker(ports))
        progress.console.print(f"All answers are alike ({len(ports)} servers, {len(viewers)} viewers).")
        bar = progress.add_task("", total=plan.turns([one.server.key for one in started]))

        def tell(what: str) -> None:
            progress.update(bar, description=what, advance=1)

        measurement = Measurement(stage, watch, await cluster_pid(watch), sizes, tell)
        return await measurement.run(started, plan), str(await watch.fetchval("show server_version"))
    finally:
        await watch.close()


def _some(callers: Sequence[Caller]) -> list[Caller]:
    step = max(1, len(callers) // _VIEWERS_COMPARED)
    return list(callers[::step][:_VIEWERS_COMPARED])


def _asker(ports: dict[str, str]) -> Ask:
    def wait(key: str, body: dict[str, Any], api_token: str) -> tuple[int, bytes]:
        headers = {
            "Authorization": f"Bearer {api_token}",
            "Content-Type": "application/json",
            "Accept": "application/graphql-response+json, application/json;q=0.9",
        }
        request = urllib.request.Request(ports[key], msgspec.json.encode(body), headers)  # noqa: S310 - our own servers
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    async def ask(key: str, body: dict[str, Any], api_token: str) -> tuple[int, bytes]:
        return await asyncio.to_thread(wait, key, body, api_token)

    return ask


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sslm-bench-"))
    folder.chmod(0o755)  # the database runs as a user of its own
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _progress() -> Progress:
    columns = (TextColumn("{task.description:<34}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True)


def _filling(progress: Progress) -> Callable[[str, int, int], None]:
    bar = progress.add_task("", total=None)

    def report(what: str, done: int, total: int) -> None:
        progress.update(bar, description=f"writing {what}", completed=done, total=total)
        if done >= total:
            progress.remove_task(bar)

    return report


if __name__ == "__main__":
    typer.run(main)
