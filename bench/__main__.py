"""`make bench`: run every benchmark, print its table, and keep the figures with the machine's description.

Each runs in a process of its own. The figures go to `bench/results/latest.json`; `bench/README.md` holds the last
honest run, misses included. Load from others on the machine is printed beside them, because it moves them.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "latest.json"
BENCHMARKS = (
    ("Order machine and transport, no storage", ["bench.issuance_client"]),
    ("Whole orders, stored step by step, one worker", ["bench.orders", "100", "5", "3"]),
    ("Start of `make dev` to the first answer", ["bench.start", "5"]),
)
_LINE = re.compile(r"^(?P<what>.+?)\s+min\s+(?P<min>[\d.]+)\s+median\s+(?P<median>[\d.]+)\s+max\s+(?P<max>[\d.]+)")


def machine() -> dict[str, Any]:
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return {
        "processor": model.group(1) if model else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "load": os.getloadavg(),
    }


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
    results: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": described}
    for title, arguments in BENCHMARKS:
        print(f"{title}   (load {os.getloadavg()[0]:.1f})")
        results[title] = run(arguments)
        print()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(f"kept in {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}")


if __name__ == "__main__":
    main()
