"""Settings: read once from the environment, checked, frozen. Read only by the composition root and the command line.

Each has a name, a meaning and a default; `docs/reference/settings.md` documents every one, and a test compares.
Production refuses what is only fit for development.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

LETS_ENCRYPT: Final = "https://acme-v02.api.letsencrypt.org/directory"
_SECRET_BYTES: Final = 32
_LOWEST_AGE: Final = 16
_SMALLEST_BUCKET: Final = 1_000
_FASTEST_RESTORE: Final = 1_000_000
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class SettingsRefused(Exception):
    """The environment does not make a safe configuration; each line says which setting and why."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its environment name, what it means, its default as text, and how it is read."""

    name: str
    meaning: str
    default: str
    read: Callable[[str], Any]


def _flag(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError("is 0 or 1")
    return text == "1"


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace(",", " ").split() if word)


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _mode(text: str) -> str:
    if text not in {"production", "development"}:
        raise ValueError("is production or development")
    return text


def _status_codes(text: str) -> str:
    if text not in {"audited", "draft"}:
        raise ValueError("is audited or draft")
    return text


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("is a whole number from 1")
    return number


def _charges(text: str) -> str:
    if text not in {"process", "database"}:
        raise ValueError("is process or database")
    return text


def _quota(text: str) -> tuple[int, int]:
    """Read `capacity/restore`; a smaller bucket could not hold the pages."""
    capacity, _, restore = text.partition("/")
    if not (capacity.isdecimal() and restore.isdecimal()):
        raise ValueError("is two whole numbers, such as 20000/1000: points, and points restored a second")
    if int(capacity) < _SMALLEST_BUCKET or not 1 <= int(restore) <= _FASTEST_RESTORE:
        raise ValueError(f"holds at least {_SMALLEST_BUCKET} points and restores 1 to {_FASTEST_RESTORE} a second")
    return int(capacity), int(restore)


def _age(text: str) -> int:
    if int(text) < _LOWEST_AGE:
        raise ValueError("may be raised, never lowered below 16 (clause 9-b)")
    return int(text)


SETTINGS: Final = (
    Setting("SSLM_MODE", "production, or development (local certificate authority, mail folder)", "production", _mode),
    Setting("SSLM_HOST", "address to listen on", "127.0.0.1", str),
    Setting("SSLM_PORT", "port to listen on", "8443", int),
    Setting("SSLM_TLS_CERTIFICATE", "PEM chain for https; empty: plain http, on loopback or behind a proxy", "", _path),
    Setting("SSLM_TLS_PRIVATE_KEY", "PEM private key of the server's own certificate", "", _path),
    Setting("SSLM_SITE_URL", "address people use, without a slash at the end", "", str),
    Setting("SSLM_SITE_NAME", "name shown on pages and in mails", "SSL Certificate Manager", str),
    Setting("SSLM_OPERATOR", "who runs the service (clause 7-a)", "A1-Soft Company", str),
    Setting("SSLM_SUPPORT_ADDRESS", "e-mail address for people (clause 12-a)", "support@ssl.a1-soft.com", str),
    Setting("SSLM_VAR", "folder for the embedded database, keys and mail of this installation", "var", Path),
    Setting("DATABASE_URL", "a PostgreSQL server from 15 up; empty: the embedded one under SSLM_VAR", "", str),
    Setting("KEYS_DATABASE_URL", "another server for the content keys; empty: the same server", "", str),
    Setting("SSLM_KEY_FOLDER", "folder of key-encryption keys; empty: keys under SSLM_VAR", "", _path),
    Setting("SSLM_SECRET", "64 hex digits from which cookie and throttle keys derive", "", str),
    Setting("SSLM_MAIL_URL", "smtp://, smtps:// or folder:// where mail goes; empty: a folder under SSLM_VAR", "", str),
    Setting("SSLM_MAIL_FROM", "sender of mails; empty: the support address", "", str),
    Setting("SSLM_ACME_DIRECTORY", "directory of the certificate authority (clause 4.1-a)", LETS_ENCRYPT, str),
    Setting("SSLM_ACME_NAME", "its name, as holders and disclosure records see it", "Let's Encrypt", str),
    Setting("SSLM_ACME_POLICY_URL", "its privacy policy (clause 4.1-c)", "https://letsencrypt.org/privacy/", str),
    Setting("SSLM_ACME_ROOT", "PEM roots to trust for the directory; empty: the system's", "", _path),
    Setting("SSLM_ACME_CONCURRENCY", "requests to the certificate authority at once", "8", _count),
    Setting("SSLM_ALLOW_RESERVED_NAMES", "1 lets names such as shop.test be added; development only", "0", _flag),
    Setting("SSLM_OPEN_ORDERS", "orders an account may have open at once", "100", _count),
    Setting("SSLM_MINIMUM_AGE", "age that sign-up asks people to state (clause 9-b)", "16", _age),
    Setting("SSLM_ALLOWED_ORIGINS", "origins of other sites that may call the API from a browser", "", _words),
    Setting("SSLM_TRUSTED_PROXIES", "addresses of proxies whose X-Forwarded-For is believed", "", _words),
    Setting(
        "SSLM_CHARGES",
        "where buckets of cost are kept: process or database",
        "process",
        _charges,
    ),
    Setting("SSLM_QUOTA_HOLDER", "points of cost for an account, and points restored a second", "20000/1000", _quota),
    Setting("SSLM_QUOTA_STAFF", "the same for each member of staff", "20000/1000", _quota),
    Setting("SSLM_QUOTA_ANONYMOUS", "the same for each network of callers without a credential", "5000/100", _quota),
    Setting("SSLM_WORKERS", "jobs that one process runs at once", "8", _count),
    Setting("SSLM_LIVE_CONNECTIONS", "connections for events that one process keeps open", "1000", _count),
    Setting("SSLM_DOCUMENTS", "folder of trusted documents, read at the start; see `sslm documents`", "", _path),
    Setting("SSLM_TRUSTED_DOCUMENTS_ONLY", "1 refuses other documents to callers without an API token", "0", _flag),
    Setting("SSLM_STATUS_CODES", "audited, or draft: HTTP status codes of the newest draft", "audited", _status_codes),
    Setting("SSLM_LOG_FORMAT", "json, or console for people", "json", str),
    Setting("SSLM_METRICS", "1 serves /metrics on the main port to loopback and trusted proxies", "1", _flag),
)
"""Every setting there is."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of one process."""

    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def production(self) -> bool:
        """Tell whether this is a real installation."""
        return bool(self["SSLM_MODE"] == "production")

    @property
    def secure(self) -> bool:
        """Tell whether people reach the site over https."""
        return self.site_url.startswith("https://")

    @property
    def site_url(self) -> str:
        """Return the address people use."""
        if self["SSLM_SITE_URL"]:
            return str(self["SSLM_SITE_URL"]).rstrip("/")
        scheme = "https" if self["SSLM_TLS_CERTIFICATE"] else "http"
        return f"{scheme}://{self['SSLM_HOST']}:{self['SSLM_PORT']}"

    @property
    def key_folder(self) -> Path:
        """Return where the key-encryption keys lie."""
        folder: Path = self["SSLM_KEY_FOLDER"] or self["SSLM_VAR"] / "keys"
        return folder

    @property
    def mail_url(self) -> str:
        """Return where mail goes."""
        return str(self["SSLM_MAIL_URL"]) or f"folder://{(self['SSLM_VAR'] / 'mail').resolve()}"

    @property
    def mail_from(self) -> str:
        """Return the sender of mails."""
        return str(self["SSLM_MAIL_FROM"] or self["SSLM_SUPPORT_ADDRESS"])


def load(environ: Mapping[str, str]) -> Settings:
    """Read and check every setting; raise `SettingsRefused` naming all that are wrong at once."""
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for setting in SETTINGS:
        text = environ.get(setting.name, setting.default)
        try:
            values[setting.name] = setting.read(text)
        except ValueError as error:
            wrong.append(f"{setting.name} {error}")
    known = {setting.name for setting in SETTINGS}
    wrong += [f"{name} is not a setting" for name in environ if name.startswith("SSLM_") and name not in known]
    if wrong:
        raise SettingsRefused("\n".join(wrong))
    settings = Settings(values)
    refusals = _unsafe(settings)
    if refusals:
        raise SettingsRefused("\n".join(refusals))
    return settings


def _unsafe(settings: Settings) -> list[str]:
    """Return what must not be, in words that say what to do."""
    wrong = []
    host = urlsplit(settings.site_url).hostname
    if not settings.secure and host not in _LOOPBACK:
        wrong.append("SSLM_SITE_URL is plain http on a host that is not loopback; give an https address")
    if settings["SSLM_SECRET"] and len(_hex(settings["SSLM_SECRET"])) != _SECRET_BYTES:
        wrong.append("SSLM_SECRET is not 64 hex digits; make one with: openssl rand -hex 32")
    if not settings.production:
        return wrong
    if not settings["SSLM_SECRET"]:
        wrong.append("SSLM_SECRET is required in production; make one with: openssl rand -hex 32")
    elif len(set(_hex(settings["SSLM_SECRET"]))) < _SECRET_BYTES // 4:
        wrong.append("SSLM_SECRET is a default or a pattern; make one with: openssl rand -hex 32")
    if not settings.secure:
        wrong.append("SSLM_SITE_URL must be an https address in production")
    if settings["SSLM_ALLOW_RESERVED_NAMES"]:
        wrong.append("SSLM_ALLOW_RESERVED_NAMES is for development only")
    if not settings["SSLM_MAIL_URL"]:
        wrong.append("SSLM_MAIL_URL is required in production; people would never get their links")
    return wrong


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def development_secret(folder: Path) -> str:
    """Return the secret kept under `folder`, made at first use and readable by its owner alone."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "secret"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(_SECRET_BYTES))
    return path.read_text().strip()
