"""How much processor time others used, from `/proc`: of single processes, and of a whole PostgreSQL cluster."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: Iterable[int]) -> float:
    """Sum user and system time of processes, with that of their ended children."""
    return sum(_ticks(pid) for pid in pids) / _TICKS


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0
    return sum(int(value) for value in fields[11:15])


def parent_of(pid: int) -> int:
    """Return the parent of a process; of a backend it is the server."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def cluster_pids(server: int) -> list[int]:
    """Return the server and its backends; a backend that ended counts as the server's child."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return [server, *(int(pid) for pid in children)]
