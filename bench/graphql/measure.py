"""Measuring: rounds in which every server takes its turn, the order reversed in every other one.

Each turn yields requests per second, latencies, and the processor time of the server and of the whole PostgreSQL
cluster. Events of the audit log are counted too: a server that should record and does not, or the reverse, ends the
run.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg

from bench.graphql import load
from bench.graphql.answers import Sizes
from bench.graphql.goals import takes_part
from bench.graphql.lineup import Running
from bench.graphql.questions import Question
from bench.graphql.stage import Stage
from bench.graphql.turn import Turn
from bench.processor import cluster_pids, cpu_seconds, parent_of

_EVENTS: Final = "select count(*) from audit_event where at >= $1"
_WARM_SECONDS: Final = 2
"""The product warms up as long as a turn lasts: it remembers callers, and there are a thousand."""
_LEFT_OVER: Final = 64
"""Requests of the turn before that were under way when its load ended may still be recorded."""
_COUNTERS_A_TURN: Final = 1_000_000
_LARGEST_COUNTER: Final = 99_000_000


class NotAsDeclared(RuntimeError):
    """A server recorded less, or more, than it is said to; the figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and for how long."""

    questions: Sequence[Question]
    connections: Sequence[int]
    rounds: int
    seconds: int

    def turns(self, servers: Sequence[str]) -> int:
        """Count the turns, warm-ups included."""
        pairs = [(question.key, number) for question in self.questions for number in self.connections]
        part = sum(takes_part(server, question, number) for server in servers for question, number in pairs)
        return part * (self.rounds + 1)


class Measurement:
    """Takes the turns; `progress` is told before each what comes."""

    def __init__(
        self,
        stage: Stage,
        watch: asyncpg.Connection,
        cluster: int,
        sizes: dict[tuple[str, str], Sizes],
        progress: Callable[[str], None],
    ) -> None:
        self._stage, self._watch, self._cluster, self._sizes = stage, watch, cluster, sizes
        self._progress = progress
        self._counter = 0

    async def run(self, servers: Sequence[Running], plan: Plan) -> list[Turn]:
        """Take all turns."""
        turns: list[Turn] = []
        for question in plan.questions:
            for connections in plan.connections:
                part = [one for one in servers if takes_part(one.server.key, question.key, connections)]
                for one in part:
                    self._progress(f"{question.key} warm-up {one.server.key}")
                    with contextlib.suppress(load.NoAnswer):
                        warm = plan.seconds if one.server.product else _WARM_SECONDS
                        await self._turn(one, question, connections, -1, warm)
                for number in range(plan.rounds):
                    for one in part if number % 2 == 0 else reversed(part):
                        self._progress(f"{question.key} round {number + 1} {one.server.key}, {connections} connections")
                        turns.append(await self._turn(one, question, connections, number, plan.seconds))
        return turns

    async def _turn(self, one: Running, question: Question, connections: int, number: int, seconds: int) -> Turn:
        requests = self._stage.folder / "requests.lua"
        load.write_requests(requests, one.server.key, one.port, question, self._stage.filled.callers)
        self._counter = (self._counter + _COUNTERS_A_TURN) % _LARGEST_COUNTER
        sizes = self._sizes[one.server.key, question.key]
        began = datetime.now(UTC)
        before = (cpu_seconds([one.pid]), cpu_seconds(cluster_pids(self._cluster)))
        try:
            done = await asyncio.to_thread(
                load.run,
                one.url,
                requests,
                connections=connections,
                seconds=seconds,
                counter=self._counter,
                sizes=sizes,
            )
        except (load.WrongAnswers, load.NoAnswer) as error:
            raise type(error)(f"{question.key} by {one.server.title}: {error}") from error
        server_cpu = cpu_seconds([one.pid]) - before[0]
        postgres_cpu = cpu_seconds(cluster_pids(self._cluster)) - before[1]
        events = int(await self._watch.fetchval(_EVENTS, began))
        _check_events(one, question, done.requests, events)
        each = 1000 / done.requests
        return Turn(
            server=one.server.key,
            question=question.key,
            connections=connections,
            round=number,
            per_second=done.requests / done.seconds,
            p50_ms=done.p50_ms,
            p99_ms=done.p99_ms,
            server_cpu_ms=server_cpu * each,
            postgres_cpu_ms=postgres_cpu * each,
            load_cpu_ms=done.own_cpu * each,
            requests=done.requests,
            events=events,
        )


def _check_events(one: Running, question: Question, requests: int, events: int) -> None:
    if one.server.events and events < requests:
        raise NotAsDeclared(f"{one.server.title} answered {question.key} {requests} times with {events} audit events.")
    if not one.server.events and events > _LEFT_OVER:
        raise NotAsDeclared(f"{one.server.title} should record nothing, but {events} audit events came of it.")


async def cluster_pid(watch: asyncpg.Connection) -> int:
    """Return the process id of the server behind a connection, which must be on this machine."""
    return parent_of(await watch.fetchval("select pg_backend_pid()"))


async def check_room(watch: asyncpg.Connection, servers: Sequence[Running]) -> None:
    """Refuse to measure where connections could run out: the errors would pass for fast answers."""
    room = int(await watch.fetchval("select current_setting('max_connections')::int - 10"))
    wanted = sum(one.server.connections for one in servers)
    if wanted > room:
        raise NotAsDeclared(f"The servers may open {wanted} connections and the database allows {room}: choose fewer.")
