"""How long `sslm dev` takes from its start to the first answer, on a folder that was used before and on a new one.

`python -m bench.start [rounds]` prints seconds as minimum, median and maximum.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

SSLM = Path(sys.executable).with_name("sslm")
LONGEST = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def seconds_to_first_answer(folder: Path) -> float:
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSLM_")}
    environment |= {"SSLM_VAR": str(folder), "SSLM_PORT": str(port)}
    began = time.monotonic()
    process = subprocess.Popen([SSLM, "dev"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return until_answer(port, began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(LONGEST)


def until_answer(port: int, began: float) -> float:
    while time.monotonic() - began < LONGEST:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2.0) as answer:
                if answer.status == 200:
                    return time.monotonic() - began
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise SystemExit("sslm dev did not answer within a minute")


def show(title: str, values: list[float]) -> None:
    low, middle, high = min(values), statistics.median(values), max(values)
    print(f"{title:<34} min {low:7.2f}   median {middle:7.2f}   max {high:7.2f}   s")


def main(rounds: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="sslm-bench-"))
    folder.chmod(0o755)
    try:
        first, later = [], []
        for number in range(rounds):
            new = folder / str(number)
            first.append(seconds_to_first_answer(new))
            later.append(seconds_to_first_answer(new))
        show("start on a new folder", first)
        show("start on a used folder", later)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
