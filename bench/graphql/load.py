"""The load: wrk in a process of its own, which costs a few microseconds a request where a client in Python costs fifty.

Requests are prepared beforehand, one for each viewer, in an order shuffled anew for each run.
"""

from __future__ import annotations

import json
import random
import re
import resource
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.graphql.answers import Sizes, dialect
from bench.graphql.data import Caller
from bench.graphql.questions import COUNTER_DIGITS, Question

SCRIPT: Final = Path(__file__).with_name("load.lua")
_ALLOWANCE: Final = 64
"""Octets by which `extensions` of an answer may vary: the figures in them have not always the same digits."""
_PLACEHOLDER: Final = "0" * COUNTER_DIGITS
_FIGURES = re.compile(r"^FIGURES (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$\s^SAMPLE ?(.*)$", re.MULTILINE)


class WrongAnswers(RuntimeError):
    """Some answers were errors, whatever their status; the figures mean nothing."""


class NoAnswer(RuntimeError):
    """Nothing came back in time: the server is too slow for turns this short."""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk counted, and the processor time it took itself."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    own_cpu: float


def write_requests(path: Path, server: str, port: int, question: Question, callers: Sequence[Caller]) -> None:
    """Write whole requests as a table of Lua; where a counter belongs, each is cut in two."""
    shuffled = random.sample(callers, len(callers))
    body = dialect(server, question.body_text())
    first, _, rest = body.partition(_PLACEHOLDER) if question.changing else (body, "", "")
    lines = [f"{_lua(_head(port, len(body.encode()), caller) + first)}," for caller in shuffled]
    path.touch(mode=0o600)
    path.write_text("\n".join(["return { before = {", *lines, "}, after = " + _lua(rest), "}"]))


def _head(port: int, length: int, caller: Caller) -> str:
    fields = (
        "POST /graphql HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Authorization: Bearer {caller.api_token}",
        "Content-Type: application/json",
        "Accept: application/graphql-response+json, application/json;q=0.9",
        f"Content-Length: {length}",
    )
    return "\r\n".join([*fields, "", ""])


def _lua(text: str) -> str:
    """Quote for Lua 5.1, which knows the escapes of JSON that ASCII text needs."""
    return json.dumps(text)


def run(url: str, requests: Path, *, connections: int, seconds: int, counter: int, sizes: Sizes) -> Load:
    """Load a server for some whole seconds; raise `WrongAnswers` if any answer was wrong or missing."""
    bounds = (str(max(sizes.least - _ALLOWANCE, 1)), str(sizes.most + _ALLOWANCE))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", str(SCRIPT), url]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*command, "--", str(requests), str(counter), *bounds], capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = _FIGURES.search(done.stdout)
    if found is None:
        raise WrongAnswers(f"wrk said:\n{done.stdout}{done.stderr}")
    count, micros, p50, p99, wrong, failed = (int(value) for value in found.groups()[:6])
    if wrong or failed:
        raise WrongAnswers(f"{wrong} of {count} answers were wrong, {failed} requests failed: {found.group(7)}")
    if not count:
        raise NoAnswer(f"no request was answered within {seconds} seconds.")
    spent = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return Load(count, micros / 1e6, p50 / 1000, p99 / 1000, spent)
