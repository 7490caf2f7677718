from __future__ import annotations

import http.client
import json
import re
import socket
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.integration.agent.conftest import Run
from tests.integration.agent.loopback_platform import AGENT_SECRET, HOLDER_SECRET, Platform


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetched(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def everything_under(folder: Path) -> list[Path]:
    return [folder, *folder.rglob("*")]


def assert_owner_only(folder: Path) -> None:
    for path in everything_under(folder):
        if not path.is_symlink():
            assert stat.S_IMODE(path.lstat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.clause("9-a")
def test_enrol_shows_age_and_privacy_notices_and_forgets_the_holders_api_token(
    run: Run, platform: Platform, home: Path
) -> None:
    done = run("enrol", "--server", platform.url, "--label", "web 1", SSLM_API_TOKEN=HOLDER_SECRET)

    assert done.returncode == 0, done.stderr
    assert "not intended for people under sixteen" in done.stderr
    assert f"{platform.url}/privacy" in done.stderr
    stored = [path.read_text() for path in everything_under(home) if path.is_file()]
    assert not any(HOLDER_SECRET in text for text in stored)
    assert any(AGENT_SECRET in text for text in stored)
    assert AGENT_SECRET not in done.stdout + done.stderr
    assert platform.variables("EnrolAgent")["input"]["label"] == "web 1"
    assert_owner_only(home)


def test_a_second_enrolment_needs_to_be_wanted(enrolled: Run, platform: Platform) -> None:
    assert enrolled("enrol", "--server", platform.url, SSLM_API_TOKEN=HOLDER_SECRET).returncode == 3
    assert enrolled("enrol", "--server", platform.url, "--replace", SSLM_API_TOKEN=HOLDER_SECRET).returncode == 0


def test_enrol_refuses_plain_http_to_another_host(run: Run, home: Path) -> None:
    done = run("enrol", "--server", "http://platform.example.com", SSLM_API_TOKEN=HOLDER_SECRET)
    assert done.returncode == 2
    assert "unencrypted" in done.stderr
    assert not home.exists()


@pytest.mark.clause("3.3-a")
def test_obtains_installs_and_reports_with_its_own_listener(enrolled: Run, platform: Platform, home: Path) -> None:
    port = free_port()
    seen: list[tuple[int, str]] = []

    def visible(path: str, content: str) -> bool:
        seen.extend([fetched(port, path), fetched(port, path + "x"), fetched(port, "/")])
        return fetched(port, path) == (200, content)

    platform.visible = visible
    done = enrolled(
        "certificate", "www.example.com", "example.com", "--listen", f"127.0.0.1:{port}",
        "--acknowledge-notices", "--add-domains", "--json",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert [status for status, _ in seen[:3]] == [200, 404, 404]
    told = json.loads(done.stdout)
    assert told["ordered"] is True
    assert told["names"] == ["example.com", "www.example.com"]
    assert platform.domains == {"www.example.com", "example.com"}
    current = home / "live" / "www.example.com" / "current"
    private_key = (current / "privkey.pem").read_bytes()
    leaf = x509.load_pem_x509_certificate((current / "fullchain.pem").read_bytes())
    assert load_pem_private_key(private_key, None).public_key() == leaf.public_key()
    assert (current / "cert.pem").read_bytes() + (current / "chain.pem").read_bytes() == (
        current / "fullchain.pem"
    ).read_bytes()
    reported = platform.reports[-1]["installations"]
    assert [item["fingerprintSha256"] for item in reported] == [told["fingerprintSha256"]]
    assert_owner_only(home)
    secret_line = private_key.splitlines()[1]
    assert all(secret_line not in body for body in platform.bodies)
    assert secret_line.decode() not in done.stdout + done.stderr
    assert not list((home / "orders").iterdir())


@pytest.mark.clause("4.1-c")
@pytest.mark.clause("4.1-d")
def test_notices_are_shown_and_what_was_shown_is_acknowledged(
    enrolled: Run, platform: Platform, tmp_path: Path
) -> None:
    words = ("certificate", "vpn.example.com", "--webroot", str(tmp_path))
    refused = enrolled(*words)

    assert refused.returncode == 12
    assert "These names become public for ever." in refused.stderr
    assert "https://ca.test/p" in refused.stderr
    assert "WARNING for vpn.example.com" in refused.stderr
    assert "OrderCertificate" not in platform.operations()

    assert enrolled(*words, "--acknowledge-notices").returncode == 0
    sent = platform.variables("OrderCertificate")["input"]
    assert (sent["ctAcknowledged"], sent["ctNoticeVersion"], sent["caNoticeAcknowledged"]) == (True, "ct-3", True)
    assert sent["caNoticeVersion"] == "ca-7"


def test_webroot_is_written_readable_and_cleaned(enrolled: Run, platform: Platform, tmp_path: Path) -> None:
    webroot = tmp_path / "htdocs"
    webroot.mkdir()
    modes: list[int] = []

    def visible(path: str, content: str) -> bool:
        file = webroot / path.lstrip("/")
        modes.append(stat.S_IMODE(file.stat().st_mode))
        return file.read_text() == content

    platform.visible = visible
    done = enrolled("certificate", "example.com", "--webroot", str(webroot), "--acknowledge-notices")
    assert done.returncode == 0, done.stderr
    assert modes == [0o644]
    assert list((webroot / ".well-known" / "acme-challenge").iterdir()) == []


def test_dns_hook_places_and_removes_and_does_not_get_our_api_token(
    enrolled: Run, platform: Platform, tmp_path: Path, home: Path
) -> None:
    log = tmp_path / "log"
    hook = tmp_path / "hook.sh"
    hook.write_text(f'#!/bin/sh\necho "$@ [$SSLM_API_TOKEN]" >> {log}\n')
    hook.chmod(0o755)
    done = enrolled(
        "certificate", "*.example.com", "--dns-hook", str(hook), "--acknowledge-notices", SSLM_API_TOKEN=HOLDER_SECRET
    )
    assert done.returncode == 0, done.stderr
    placed, removed = log.read_text().splitlines()
    assert re.fullmatch(r"add _acme-challenge\.example\.com [0-9a-f]{43} \[\]", placed)
    assert removed == placed.replace("add", "remove", 1)
    assert (home / "live" / "_wildcard.example.com" / "current" / "privkey.pem").exists()


def test_dns_by_hand_ends_with_the_records_and_goes_on_when_told(enrolled: Run, platform: Platform) -> None:
    words = ("certificate", "*.example.com", "--acknowledge-notices")
    waiting = enrolled(*words, "--dns")
    assert waiting.returncode == 11
    assert "_acme-challenge.example.com. TXT" in waiting.stderr
    assert "ConfirmChallenges" not in platform.operations()
    status = json.loads(enrolled("status", "--json").stdout)
    assert status["orders"][0]["step"] == "ordered"

    done = enrolled(*words, "--placed")
    assert done.returncode == 0, done.stderr
    assert len(platform.orders) == 1


def test_a_wildcard_is_refused_for_http(enrolled: Run, platform: Platform, tmp_path: Path) -> None:
    done = enrolled("certificate", "*.example.com", "--webroot", str(tmp_path), "--acknowledge-notices")
    assert done.returncode == 2
    assert platform.operations() == ["EnrolAgent"]


def test_a_good_certificate_is_not_ordered_again_unless_wanted(
    enrolled: Run, platform: Platform, tmp_path: Path, home: Path
) -> None:
    words = ("certificate", "example.com", "--webroot", str(tmp_path), "--acknowledge-notices", "--json")
    first = json.loads(enrolled(*words).stdout)
    again = json.loads(enrolled(*words).stdout)
    assert (again["ordered"], again["fingerprintSha256"]) == (False, first["fingerprintSha256"])
    assert len(platform.orders) == 1

    renewed = json.loads(enrolled(*words, "--renew-now").stdout)
    assert renewed["fingerprintSha256"] != first["fingerprintSha256"]
    assert str((home / "live" / "example.com" / "current").readlink()) == renewed["serialNumber"]
    keys = json.loads(enrolled("keys", "list", "--json").stdout)["keys"]
    assert [len(key["usedBy"]) for key in keys] == [1, 1]
    assert sum("(in use)" in key["usedBy"][0] for key in keys) == 1


@pytest.mark.clause("1.2-a")
def test_dry_run_prints_byte_for_byte_what_report_sends_and_nothing_of_the_environment(
    enrolled: Run, platform: Platform, tmp_path: Path
) -> None:
    secrets = {"DATABASE_PASSWORD": "marker-secret-1", "AWS_SECRET_ACCESS_KEY": "marker-secret-2"}
    obtained = enrolled("certificate", "example.com", "--webroot", str(tmp_path), "--acknowledge-notices", **secrets)
    assert obtained.returncode == 0, obtained.stderr

    shown = enrolled("report", "--dry-run", **secrets)
    sent = enrolled("report", **secrets)

    assert (shown.returncode, sent.returncode) == (0, 0)
    assert shown.stdout.encode() == platform.bodies[-1]
    values = json.loads(shown.stdout)["variables"]["input"]
    assert set(values) == {"agentId", "agentVersion", "operatingSystem", "hostName", "webServer", "installations"}
    fields = {"certificateId", "fingerprintSha256", "targetName", "installedAt"}
    assert [set(item) for item in values["installations"]] == [fields]
    assert all(b"marker-secret" not in body for body in platform.bodies)


def test_no_command_shows_a_private_key(enrolled: Run, platform: Platform, tmp_path: Path, home: Path) -> None:
    enrolled("certificate", "example.com", "--webroot", str(tmp_path), "--acknowledge-notices")
    secret_lines = [
        line
        for path in home.rglob("*")
        if path.is_file() and b"PRIVATE KEY" in path.read_bytes()
        for line in path.read_text().splitlines()[1:-1]
    ]
    assert secret_lines
    said = ""
    for words in (
        ["keys", "list"],
        ["keys", "list", "--json"],
        ["status"],
        ["status", "--json"],
        ["report", "--dry-run"],
    ):
        done = enrolled(*words)
        said += done.stdout + done.stderr
    assert not [line for line in secret_lines if line in said]
    assert AGENT_SECRET not in said


def test_reload_failure_goes_back_and_the_next_run_installs_without_a_new_order(
    enrolled: Run, platform: Platform, tmp_path: Path, home: Path
) -> None:
    words = ("certificate", "example.com", "--webroot", str(tmp_path), "--acknowledge-notices", "--json")
    first = json.loads(enrolled(*words).stdout)
    broken = enrolled(*words, "--renew-now", "--reload-command", "sh -c 'echo nginx: emerg >&2; exit 7'")
    assert broken.returncode == 8
    assert "nginx: emerg" in broken.stderr
    assert json.loads(broken.stdout)["error"]["code"] == "INSTALLATION_FAILED"
    assert str((home / "live" / "example.com" / "current").readlink()) == first["serialNumber"]

    repaired = enrolled(*words, "--reload-command", "true")
    assert repaired.returncode == 0, repaired.stderr
    assert json.loads(repaired.stdout)["fingerprintSha256"] != first["fingerprintSha256"]
    assert len(platform.orders) == 2
