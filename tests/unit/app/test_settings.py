"""Settings are read once, checked together, and production refuses what is fit for development only."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.settings import SettingsRefused, development_secret, load

PRODUCTION = {
    "SSLM_SITE_URL": "https://certificates.example.com",
    "SSLM_SECRET": "8f1d3c5b7a99e0427d6a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f61",
    "SSLM_MAIL_URL": "smtps://mail.example.com",
}


def test_a_whole_production_configuration_is_accepted() -> None:
    settings = load(PRODUCTION)
    assert settings.production
    assert settings.secure
    assert settings["SSLM_ACME_DIRECTORY"] == "https://acme-v02.api.letsencrypt.org/directory"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"SSLM_SECRET": ""}, "SSLM_SECRET is required"),
        ({"SSLM_SECRET": "ab" * 32}, "SSLM_SECRET is a default or a pattern"),
        ({"SSLM_SECRET": "00" * 31}, "SSLM_SECRET is not 64 hex digits"),
        ({"SSLM_SECRET": "not hex"}, "SSLM_SECRET is not 64 hex digits"),
        ({"SSLM_SITE_URL": "http://certificates.example.com"}, "SSLM_SITE_URL"),
        ({"SSLM_SITE_URL": "http://127.0.0.1:8443"}, "must be an https address"),
        ({"SSLM_MAIL_URL": ""}, "SSLM_MAIL_URL is required"),
        ({"SSLM_ALLOW_RESERVED_NAMES": "1"}, "SSLM_ALLOW_RESERVED_NAMES"),
    ],
)
@pytest.mark.clause("3.2-a")
def test_production_refuses_what_is_not_safe(change: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsRefused, match=named):
        load(PRODUCTION | change)


@pytest.mark.clause("9-b")
def test_the_age_may_be_raised_and_never_lowered() -> None:
    assert load(PRODUCTION | {"SSLM_MINIMUM_AGE": "18"})["SSLM_MINIMUM_AGE"] == 18
    with pytest.raises(SettingsRefused, match="never lowered"):
        load(PRODUCTION | {"SSLM_MINIMUM_AGE": "15"})


def test_everything_wrong_is_named_at_once() -> None:
    with pytest.raises(SettingsRefused) as refused:
        load(PRODUCTION | {"SSLM_PORT": "many", "SSLM_WORKERS": "0", "SSLM_PROT": "8443"})
    assert all(name in str(refused.value) for name in ("SSLM_PORT", "SSLM_WORKERS", "SSLM_PROT is not a setting"))


@pytest.mark.clause("4.1-a")
def test_lets_encrypt_is_the_authority_unless_told_otherwise() -> None:
    assert load(PRODUCTION)["SSLM_ACME_NAME"] == "Let's Encrypt"


def test_development_runs_on_plain_http_on_loopback_alone() -> None:
    assert not load({"SSLM_MODE": "development"}).secure
    with pytest.raises(SettingsRefused, match="not loopback"):
        load({"SSLM_MODE": "development", "SSLM_HOST": "192.0.2.7"})


def test_the_development_secret_is_kept_and_belongs_to_its_owner(tmp_path: Path) -> None:
    first = development_secret(tmp_path / "var")
    assert development_secret(tmp_path / "var") == first
    assert (tmp_path / "var" / "secret").stat().st_mode & 0o077 == 0
