from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.integration.agent.conftest import Run
from tests.integration.agent.loopback_platform import Platform, error, serving
from tests.unit.agent.authority import TODAY, authority

RATE_LIMIT = {
    "type": "urn:ietf:params:acme:error:rateLimited",
    "status": 429,
    "detail": "too many certificates already issued",
    "retryAt": "2031-01-02T03:04:05Z",
    "subproblems": [
        {"type": "urn:ietf:params:acme:error:caa", "detail": "CAA forbids \x1b[31m it", "identifier": "example.com"}
    ],
}


@pytest.fixture
def words(tmp_path: Path) -> tuple[str, ...]:
    return ("certificate", "example.com", "--webroot", str(tmp_path), "--acknowledge-notices", "--json")


def test_a_typed_refusal_is_shown_with_code_problem_and_time(
    enrolled: Run, platform: Platform, words: tuple[str, ...], home: Path
) -> None:
    platform.refuse["orderCertificate"] = [
        error("IssuanceFailure", "CA_RATE_LIMITED", "The CA refuses for now.", problem=RATE_LIMIT),
        error("AccessDenied", "ACCESS_DENIED", "And a scope.", missing=["certificates:order"]),
    ]
    done = enrolled(*words)

    assert done.returncode == 5
    for part in (
        "CA_RATE_LIMITED: The CA refuses for now.",
        "rateLimited (429)",
        "CAA forbids",
        "2031-01-02T03:04:05Z",
    ):
        assert part in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    told = json.loads(done.stdout)["error"]
    assert (told["code"], told["retryAt"], told["exitStatus"]) == ("CA_RATE_LIMITED", "2031-01-02T03:04:05Z", 5)
    assert list((home / "keys").iterdir()) == []
    platform.refuse.clear()
    assert enrolled(*words).returncode == 0


def test_a_refused_domain_orders_nothing(enrolled: Run, platform: Platform, words: tuple[str, ...]) -> None:
    platform.refuse["orderCertificate"] = [error("NotFound", "DOMAIN_NOT_ADDED", "Add example.com first.")]
    done = enrolled(*words)
    assert done.returncode == 5
    assert "DOMAIN_NOT_ADDED: Add example.com first." in done.stderr
    assert json.loads(enrolled("status", "--json").stdout)["orders"] == []


def test_an_order_that_ends_invalid_says_why_and_leaves_the_old_certificate(
    enrolled: Run, platform: Platform, words: tuple[str, ...], home: Path
) -> None:
    first = json.loads(enrolled(*words).stdout)
    platform.problem = RATE_LIMIT
    done = enrolled(*words, "--renew-now")
    assert done.returncode == 6
    assert "too many certificates already issued" in done.stderr
    status = json.loads(enrolled("status", "--json").stdout)
    assert [item["fingerprintSha256"] for item in status["certificates"]] == [first["fingerprintSha256"]]
    assert status["orders"] == []


def test_a_confirmation_that_comes_too_early_is_repeated(
    enrolled: Run, platform: Platform, words: tuple[str, ...]
) -> None:
    platform.refuse["confirmChallenges"] = [error("Conflict", "ORDER_NOT_PENDING", "Not at the moment.")]

    def relent(operation: str) -> None:
        if operation == "ConfirmChallenges":
            platform.refuse.clear()

    platform.after = relent
    done = enrolled(*words)
    assert done.returncode == 0, done.stderr
    assert platform.operations().count("ConfirmChallenges") == 2


def another_key(_csr: x509.CertificateSigningRequest, names: list[str]) -> bytes:
    return authority().issue(ec.generate_private_key(ec.SECP256R1()).public_key(), names)


def other_names(csr: x509.CertificateSigningRequest, names: list[str]) -> bytes:
    return authority().issue(csr.public_key(), [*names, "attacker.example"])


def expired(csr: x509.CertificateSigningRequest, names: list[str]) -> bytes:
    return authority().issue(csr.public_key(), names, not_before=TODAY - timedelta(days=100))


def older(csr: x509.CertificateSigningRequest, names: list[str]) -> bytes:
    return authority().issue(csr.public_key(), names, not_before=TODAY - timedelta(days=2))


def junk(_csr: x509.CertificateSigningRequest, _names: list[str]) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("chain", [another_key, other_names, expired, older, junk])
def test_a_wrong_certificate_is_not_installed(
    enrolled: Run, platform: Platform, words: tuple[str, ...], home: Path, chain: Any
) -> None:
    first = json.loads(enrolled(*words).stdout)
    link = home / "live" / "example.com" / "current"
    platform.chain = chain
    done = enrolled(*words, "--renew-now")
    assert done.returncode == 7, done.stderr
    assert "was not installed" in done.stderr
    assert str(link.readlink()) == first["serialNumber"]
    assert len(platform.reports) == 1


def test_an_api_token_no_longer_accepted_says_to_enrol_again(
    enrolled: Run, platform: Platform, words: tuple[str, ...], home: Path
) -> None:
    credentials = home / "credentials.json"
    credentials.write_text(credentials.read_text().replace("A" * 30, "B" * 30))
    done = enrolled(*words)
    assert done.returncode == 5
    assert "UNAUTHENTICATED" in done.stderr


def test_a_report_that_fails_leaves_the_installation_and_says_so(
    enrolled: Run, platform: Platform, words: tuple[str, ...]
) -> None:
    platform.refuse["reportAgent"] = [error("AccessDenied", "ACCESS_DENIED", "No.", missing=["agents:report"])]
    done = enrolled(*words)
    assert done.returncode == 10
    told = json.loads(done.stdout)
    assert told["error"]["code"] == "NOT_REPORTED"
    assert told["fingerprintSha256"]
    platform.refuse.clear()
    assert enrolled("report").returncode == 0
    assert platform.reports[-1]["installations"][0]["fingerprintSha256"] == told["fingerprintSha256"]


def test_an_order_of_other_shape_is_not_dropped_silently(
    enrolled: Run, platform: Platform, words: tuple[str, ...], tmp_path: Path
) -> None:
    assert enrolled("certificate", "*.example.org", "--dns", "--acknowledge-notices").returncode == 11
    other = ("certificate", "*.example.org", "--dns", "--acknowledge-notices", "--key-type", "rsa2048")
    refused = enrolled(*other)
    assert (refused.returncode, len(platform.orders)) == (3, 1)
    assert "--start-over" in refused.stderr
    done = enrolled(*other, "--start-over", "--placed")
    assert done.returncode == 0, done.stderr


@contextmanager
def tls_server(folder: Path) -> Iterator[int]:
    """Serve TLS with whatever the folder holds at the moment of each handshake."""

    class Handler(BaseHTTPRequestHandler):
        pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    lock = threading.Lock()

    def fresh(connection: ssl.SSLObject | ssl.SSLSocket, _name: str, _context: ssl.SSLContext) -> None:
        with lock:
            renewed = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            renewed.load_cert_chain(folder / "fullchain.pem", folder / "privkey.pem")
            connection.context = renewed

    context.sni_callback = fresh  # type: ignore[assignment]
    with serving(Handler, context) as port:
        yield port


def test_the_probe_sees_the_new_certificate_and_misses_the_old(
    enrolled: Run, platform: Platform, words: tuple[str, ...], tmp_path: Path
) -> None:
    served, elsewhere = tmp_path / "served", tmp_path / "elsewhere"
    for folder in (served, elsewhere):
        folder.mkdir(mode=0o755)
    with tls_server(served) as port:
        done = enrolled(*words, "--install-dir", str(served), "--probe", f"127.0.0.1:{port}")
        assert done.returncode == 0, done.stderr
        assert "serves it" in done.stderr
        missed = enrolled(*words, "--renew-now", "--install-dir", str(elsewhere), "--probe", f"127.0.0.1:{port}")
    assert missed.returncode == 9
    assert json.loads(missed.stdout)["error"]["code"] == "NOT_SERVED"
    assert len(platform.reports) == 2
