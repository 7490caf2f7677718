from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.integration.agent.conftest import AGENT, Run
from tests.integration.agent.loopback_platform import Platform
from tests.integration.agent.test_certificate_command import assert_owner_only


def test_killed_at_every_step_it_goes_on_and_orders_once(
    enrolled: Run, platform: Platform, home: Path, tmp_path: Path
) -> None:
    driver = Path(__file__).with_name("kill_driver.py")
    done = subprocess.run(
        [sys.executable, str(driver), str(home), str(tmp_path / "work")],
        env=os.environ | {"PYTHONPATH": str(AGENT)},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    killed = [run for run in runs if run["killed"]]

    assert len(killed) > 60
    assert {run["again"] for run in runs} == {0}
    for run in runs:
        folder = Path(run["folder"])
        current = folder / "home" / "live" / "example.com" / "current"
        assert (folder / "target" / "privkey.pem").read_bytes() == (current / "privkey.pem").read_bytes()
        assert not [path for path in folder.rglob(".tmp-*") if "home" in path.parts], folder
        assert not list((folder / "home" / "orders").iterdir()), folder
        assert_owner_only(folder / "home")
    # A kill before the record is stored has ordered nothing; after it, the same idempotency key orders once.
    assert len(platform.orders) == len(runs)


def test_terminated_it_takes_its_challenges_away_and_goes_on_later(
    enrolled: Run, platform: Platform, home: Path, tmp_path: Path
) -> None:
    webroot = tmp_path / "htdocs"
    webroot.mkdir()
    words = ["certificate", "example.com", "--webroot", str(webroot), "--acknowledge-notices"]
    environment = os.environ | {"PYTHONPATH": str(AGENT), "SSLM_AGENT_HOME": str(home)}
    arguments = [sys.executable, "-m", "sslm_agent", *words]
    challenges = webroot / ".well-known" / "acme-challenge"
    with subprocess.Popen(arguments, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as agent:

        def terminate(_path: str, _content: str) -> bool:
            assert list(challenges.iterdir())
            if agent.poll() is None:
                agent.terminate()
                agent.wait(timeout=30)
            return True

        platform.visible = terminate
        _, said = agent.communicate(timeout=60)
    assert agent.returncode == 143, said
    assert list(challenges.iterdir()) == []
    assert json.loads(enrolled("status", "--json").stdout)["orders"][0]["step"] == "ordered"
    done = enrolled(*words)
    assert done.returncode == 0, done.stderr
    assert len(platform.orders) == 1
