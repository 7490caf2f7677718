"""The tables of a run, for people and for the file of results."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.graphql.goals import Outcome, outcomes, ratios
from bench.graphql.lineup import Server
from bench.graphql.measure import Plan
from bench.graphql.questions import Question
from bench.graphql.turn import Turn

_COLORS = {"aim met": "bold green", "met": "green", "MISSED": "bold red"}


def show(console: Console, plan: Plan, servers: Sequence[Server], turns: Sequence[Turn]) -> None:
    """Print a table for each question, then the goals."""
    for connections in plan.connections:
        for question in plan.questions:
            table = _question_table(question, connections, servers, turns)
            if table.row_count:
                console.print(table)
    judged = list(outcomes(turns))
    if judged:
        console.print(_goal_table(judged))


def summary(plan: Plan, servers: Sequence[Server], turns: Sequence[Turn]) -> dict[str, Any]:
    """Return the same figures as plain values."""
    return {
        "rounds": plan.rounds,
        "seconds": plan.seconds,
        "servers": {server.key: server.title for server in servers},
        "medians": [
            {"question": question.key, "connections": connections} | row
            for question in plan.questions
            for connections in plan.connections
            for row in _rows(question, connections, servers, turns)
        ],
        "goals": [
            asdict(one.goal) | {"seen": one.seen, "least": one.least, "most": one.most, "verdict": one.verdict}
            for one in outcomes(turns)
        ],
        "turns": [asdict(turn) for turn in turns],
    }


def _rows(
    question: Question, connections: int, servers: Sequence[Server], turns: Sequence[Turn]
) -> Iterator[dict[str, Any]]:
    for server in servers:
        own = [
            turn
            for turn in turns
            if (turn.server, turn.question, turn.connections) == (server.key, question.key, connections)
        ]
        if not own:
            continue
        speeds = [turn.per_second for turn in own]
        against = ratios(turns, question.key, server.key, "A", connections)
        medians = {
            name: statistics.median(getattr(turn, name) for turn in own)
            for name in ("p50_ms", "p99_ms", "server_cpu_ms", "postgres_cpu_ms", "load_cpu_ms")
        }
        yield {
            "server": server.key,
            "title": server.title,
            "per_second": statistics.median(speeds),
            "least": min(speeds),
            "most": max(speeds),
            "against_limit": statistics.median(against) if against else None,
        } | medians


def _question_table(question: Question, connections: int, servers: Sequence[Server], turns: Sequence[Turn]) -> Table:
    table = Table(title=f"{question.key}: {question.title}, {connections} connections", title_justify="left")
    for name in ("", "server"):
        table.add_column(name)
    for name in ("per second (min to max)", "/ A", "p50 ms", "p99 ms", "server CPU ms", "PG CPU ms", "load CPU ms"):
        table.add_column(name, justify="right")
    for row in _rows(question, connections, servers, turns):
        against = row["against_limit"]
        table.add_row(
            row["server"],
            row["title"],
            f"{row['per_second']:,.0f} ({row['least']:,.0f} to {row['most']:,.0f})",
            f"{against:.3f}" if against is not None else "",
            f"{row['p50_ms']:.1f}",
            f"{row['p99_ms']:.1f}",
            f"{row['server_cpu_ms']:.2f}",
            f"{row['postgres_cpu_ms']:.2f}",
            f"{row['load_cpu_ms']:.3f}",
        )
    return table


def _goal_table(judged: Sequence[Outcome]) -> Table:
    table = Table(title="Goals (median of the rounds)", title_justify="left")
    for name in ("goal", "question", "connections"):
        table.add_column(name)
    for name in ("must", "aim", "seen (min to max)", ""):
        table.add_column(name, justify="right")
    for one in judged:
        color = _COLORS[one.verdict]
        table.add_row(
            one.goal.title,
            one.goal.question,
            str(one.goal.connections),
            f"{one.goal.must:g}",
            f"{one.goal.aim:g}",
            f"{one.seen:.2f} ({one.least:.2f} to {one.most:.2f})",
            f"[{color}]{one.verdict}[/]",
        )
    return table
