"""The goals of the plan, and whether a run met them.

The rule: a goal whose servers or questions were not in the run is left out, never taken as met.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.graphql.turn import Turn

AT_CONNECTIONS: Final = 16


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio of requests per second in the same round: `server` against `other`, for one question."""

    title: str
    question: str
    server: str
    other: str
    must: float
    aim: float
    connections: int = AT_CONNECTIONS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a goal."""

    goal: Goal
    seen: float
    least: float
    most: float

    @property
    def verdict(self) -> str:
        """Return one of three words."""
        if self.seen >= self.goal.aim:
            return "aim met"
        return "met" if self.seen >= self.goal.must else "MISSED"


def _three(title: str, server: str, other: str, must: Sequence[float], aim: Sequence[float]) -> list[Goal]:
    keys = ("Q1", "Q2", "Q3")
    return [Goal(title, key, server, other, low, high) for key, low, high in zip(keys, must, aim, strict=False)]


GOALS: Final = (
    *_three("against the limit, no audit", "P", "A", (0.60, 0.90, 1.0), (0.90, 1.25, 1.7)),
    *_three("durable audit against the limit without", "P+", "A", (0.40, 0.70), (0.60, 1.0)),
    *_three("against PostGraphile 5 (neither records)", "P", "E", (2, 2, 2.5), (3, 3, 4.5)),
    *_three("against plain Strawberry", "P", "B", (12, 25, 30), (22, 45, 60)),
    Goal("against the limit, no audit", "M1", "P", "A", 0.60, 0.90),
    Goal("recorded against not recorded", "Q1", "P+", "P", 0.55, 0.70),
    Goal("recorded against not recorded", "Q1", "P+", "P", 0.70, 0.90, connections=64),
)


def takes_part(server: str, question: str, connections: int) -> bool:
    """Tell whether a server has a turn: all at the usual number, and where goals name another, those of the goals."""
    named = [goal for goal in GOALS if goal.connections == connections]
    if connections == AT_CONNECTIONS or not named:
        return True
    return any(goal.question == question and server in {goal.server, goal.other} for goal in named)


def ratios(turns: Sequence[Turn], question: str, server: str, other: str, connections: int) -> list[float]:
    """Return the ratio of each round in which both took their turn."""
    speeds = {
        (turn.server, turn.round): turn.per_second
        for turn in turns
        if turn.question == question and turn.connections == connections
    }
    return [
        speed / speeds[other, number]
        for (key, number), speed in speeds.items()
        if key == server and (other, number) in speeds
    ]


def outcomes(turns: Sequence[Turn]) -> Iterator[Outcome]:
    """Judge every goal the run has figures for."""
    for goal in GOALS:
        seen = ratios(turns, goal.question, goal.server, goal.other, goal.connections)
        if seen:
            yield Outcome(goal, statistics.median(seen), min(seen), max(seen))
