"""Schemathesis in GraphQL mode, as a holder whose token may do everything: ordinary input never makes an error.

It knows no `@oneOf`, so an input that has it would have to be excluded; this schema has none. NUL is no ordinary input:
no database can hold it, so it is refused before one is asked.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.graphql.cursors import Cursor, encode_cursor
from api.graphql.nodes import decode_id
from tests.clients.conftest import ROOT, Served

PATIENCE = 1_500.0
EXCLUDED = {"Query.auditEvents": "for compliance officers and auditors; a holder is refused, as holders must be"}


def test_what_is_said_of_one_of_is_true() -> None:
    inputs = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    assert "@oneOf" not in inputs


async def run(served: Served, folder: Path, *options: str, cursors: str = "") -> tuple[int | None, str]:
    """Run it; return its status and what it printed."""
    own = [encode_cursor(Cursor(found[1])) for text in served.alice.ids.values() if (found := decode_id(text))]
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        *("run", str(ROOT / "schema.graphql"), "--url", served.url, "--phases", "fuzzing", "--no-color"),
        *("--header", f"Authorization: Bearer {served.alice.api_token}", "--generation-allow-x00", "false"),
        *("--generation-database", "none", "--suppress-health-check", "all", "--continue-on-failure"),
        *options,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.clients.schemathesis_hooks",
            "CURSORS": cursors or " ".join(own),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, out.decode(errors="replace")


async def clean(served: Served, folder: Path, examples: int, seed: int) -> None:
    excluded = [part for name in EXCLUDED for part in ("--exclude-name", name)]
    status, told = await run(served, folder, "--max-examples", str(examples), "--seed", str(seed), *excluded)
    assert status == 0, told
    assert "No issues found" in told


async def test_ordinary_input_never_makes_an_error(served: Served, tmp_path: Path) -> None:
    await clean(served, tmp_path, examples=4, seed=1)


async def test_it_would_tell_of_errors(served: Served, tmp_path: Path) -> None:
    options = ("--include-name", "Query.me", "--max-examples", "20", "--seed", "1")
    status, told = await run(served, tmp_path, *options, cursors="none-of-ours")
    assert status == 1, told
    assert "ST206" in told


@pytest.mark.long
@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("seed", range(2))
async def test_much_ordinary_input_never_makes_an_error(served: Served, tmp_path: Path, seed: int) -> None:
    await clean(served, tmp_path, examples=200, seed=seed)
