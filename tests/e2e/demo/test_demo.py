"""`make demo` tells its whole story, and every line of it is real: the commands run in processes of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SSLM = Path(sys.executable).with_name("sslm")
SECONDS = 150


@pytest.fixture(scope="module")
def story() -> Iterator[str]:
    """What the demo prints. Its folder is one that the database's own user can reach, as a clone usually is."""
    folder = Path(tempfile.mkdtemp(prefix="sslm-demo-"))
    folder.chmod(0o755)
    yield tell(folder)
    shutil.rmtree(folder, ignore_errors=True)


def tell(folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSLM_")}
    done = subprocess.run(
        [SSLM, "demo"],
        env={**environment, "SSLM_VAR": str(folder), "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stderr == ""
    return done.stdout


def test_every_step_succeeds(story: str) -> None:
    assert "✗" not in story
    assert story.count("✓") >= 8
    assert re.search(r"Done in [\d.]+ seconds", story)


@pytest.mark.clause("4.1-b")
def test_the_disclosure_names_what_was_sent(story: str) -> None:
    assert re.search(r"identifiers, .* for www\.bakery\.example\.com", story)


@pytest.mark.clause("3.3-a")
def test_the_private_key_stays_with_the_agent(story: str) -> None:
    assert re.search(r"private key +agent/keys/[0-9a-f]{64}/private_key\.pem +mode 0600", story)
    assert "PRIVATE KEY" not in story


def test_the_page_is_served_with_the_new_certificate(story: str) -> None:
    assert "HTTP/1.1 200 OK" in story
    assert re.search(r"installed +www\.bakery\.example\.com, the same certificate", story)


def test_the_audit_log_has_the_whole_story(story: str) -> None:
    for operation in (
        "signUp",
        "verifyEmail",
        "signIn",
        "addDomain",
        "createApiToken",
        "enrolAgent",
        "orderCertificate",
    ):
        assert operation in story
    assert re.search(r"events +\d+: .*\d+ disclosure", story)
    assert re.search(r"\d+ recipient", story)


@pytest.mark.clause("1.2-a")
def test_the_dry_run_shows_the_payload(story: str) -> None:
    assert '"query":"mutation ReportAgent' in story
