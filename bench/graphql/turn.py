"""What one turn of one server measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """One server under one question for some seconds."""

    server: str
    question: str
    connections: int
    round: int
    per_second: float
    p50_ms: float
    p99_ms: float
    server_cpu_ms: float
    postgres_cpu_ms: float
    load_cpu_ms: float
    requests: int
    events: int
