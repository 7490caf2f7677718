"""`make bench`: run every benchmark, print its table, and keep the figures with the machine's description.

Each runs in a process of its own. The figures go to `bench/results/latest.json`; `bench/README.md` holds the last
honest run, misses included. Load from others on the machine is printed beside them, because it moves them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.machine import RESULTS, keep, machine

BENCHMARKS = (
    ("Order machine and transport, no storage", ["bench.issuance_client"]),
    ("Whole orders, stored step by step, one worker", ["bench.orders", "100", "5", "3"]),
    ("Start of `make dev` to the first answer", ["bench.start", "5"]),
    ("Plan cache", ["bench.graphql.plan_cache"]),
)
GRAPHQL = ["bench.graphql"]
"""Keeps its figures itself; what stands on our own command line is for it."""
_LINE = re.compile(r"^(?P<what>.+?)\s+min\s+(?P<min>[\d.]+)\s+median\s+(?P<median>[\d.]+)\s+max\s+(?P<max>[\d.]+)")


def run(arguments: list[str]) -> list[dict[str, Any]]:
    figures = []
    process = subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True)
    for line in process.stdout or ():
        print("  " + line.rstrip(), flush=True)
        if found := _LINE.match(line):
            figures.append(
                {"what": found["what"].strip()} | {key: float(found[key]) for key in ("min", "median", "max")}
            )
    if process.wait() != 0:
        raise SystemExit(f"{arguments[0]} failed")
    return figures


def main() -> None:
    described = machine()
    print(f"{described['processor']}, {described['cores']} cores, Python {described['python']}")
    print(f"load average at the start: {described['load'][0]:.1f}\n")
    for title, arguments in BENCHMARKS:
        described = machine()
        print(f"{title}   (load {os.getloadavg()[0]:.1f})")
        keep(title, run(arguments), described)
        print()
    print(f"GraphQL   (load {os.getloadavg()[0]:.1f})", flush=True)
    subprocess.run([sys.executable, "-m", *GRAPHQL, *sys.argv[1:]], check=True)
    print(f"kept in {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}")


if __name__ == "__main__":
    main()
