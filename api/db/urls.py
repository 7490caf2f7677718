"""The addresses of the databases: one per role, all derived from the address of the server.

One rule: a password is never shown; `repr` and logs see the address without it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, fields
from typing import Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

OWNER = "sslm_owner"
APPLICATION = "sslm_app"
AUDIT_WRITER = "sslm_audit"
OFFICER = "sslm_officer"
READER = "sslm_reader"
DEFAULT_DATABASE = "sslm"
SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg")


@dataclass(frozen=True, repr=False)
class DatabaseUrl:
    """One address, in the two spellings its readers want. `parse` takes either."""

    plain: str
    """For asyncpg, psycopg and the command line tools: `postgresql://user@host/database`."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accept any spelling of a PostgreSQL address; raise ValueError, without repeating it, for anything else."""
        scheme, _, rest = text.strip().partition("://")
        if scheme not in SCHEMES or not rest:
            raise ValueError("a database address begins with postgresql://")
        return cls(f"postgresql://{rest}")

    @property
    def sqlalchemy(self) -> str:
        """For SQLAlchemy's asyncpg dialect."""
        return self.plain.replace("postgresql://", "postgresql+asyncpg://", 1)

    @property
    def user(self) -> str:
        """The role that connects; empty when the address names none."""
        return unquote(urlsplit(self.plain).username or "")

    @property
    def password(self) -> str | None:
        """The password in the address, or None where the server asks for none."""
        found = urlsplit(self.plain).password
        return unquote(found) if found else None

    @property
    def database(self) -> str:
        """The database's name; empty when the address names none."""
        return unquote(urlsplit(self.plain).path.removeprefix("/"))

    def at(self, *, user: str | None = None, password: str | None = None, database: str | None = None) -> Self:
        """Address the same server as another role or for another database; what is None stays."""
        parts = urlsplit(self.plain)
        host = parts.netloc.rpartition("@")[2]
        name = self.user if user is None else user
        secret = self.password if password is None else password
        login = quote(name, safe="") + (f":{quote(secret, safe='')}" if secret else "")
        path = parts.path if database is None else "/" + quote(database, safe="")
        return type(self)(urlunsplit((parts.scheme, f"{login}@{host}" if login else host, path, parts.query, "")))

    def __repr__(self) -> str:
        return f"DatabaseUrl({self.without_password()!r})"

    def without_password(self) -> str:
        """Give the plain spelling, fit for messages."""
        parts = urlsplit(self.plain)
        host = parts.netloc.rpartition("@")[2]
        netloc = f"{quote(self.user, safe='')}@{host}" if self.user else host
        return urlunsplit((parts.scheme, netloc, parts.path, parts.query, ""))


@dataclass(frozen=True)
class DatabaseUrls:
    """Who connects where. The keys database has its own address, so that it can have its own server and backups.

    The names of the roles are fixed, because migrations grant rights by name; any other name is refused.
    """

    owner: DatabaseUrl
    application: DatabaseUrl
    audit_writer: DatabaseUrl
    officer: DatabaseUrl
    reader: DatabaseUrl
    keys_owner: DatabaseUrl
    keys: DatabaseUrl

    def __post_init__(self) -> None:
        expected = (OWNER, APPLICATION, AUDIT_WRITER, OFFICER, READER, OWNER, APPLICATION)
        for url, name in zip(self.all(), expected, strict=True):
            if url.user != name:
                raise ValueError(f"{url.without_password()}: this address must name the role {name}")

    def all(self) -> tuple[DatabaseUrl, ...]:
        """List every address, in the order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))


def derive_urls(base_url: str, *, keys_base_url: str | None = None, database: str | None = None) -> DatabaseUrls:
    """Derive every address from `base_url`: same server, role names put in, one password per role.

    The database is `database`, else the one `base_url` names, else `sslm`; the keys database has `_keys` behind that
    name. A password in `base_url` is not shared: each role gets its own, an HMAC of it, so one leaked password opens
    one role. `keys_base_url` names another server for the keys.
    """
    base = DatabaseUrl.parse(base_url)
    keys_base = DatabaseUrl.parse(keys_base_url) if keys_base_url else base
    named = base.database if base.database not in {"", "postgres"} else DEFAULT_DATABASE
    main = database or named
    keys = f"{main}_keys"
    if keys_base_url and keys_base.database not in {"", "postgres"} and database is None:
        keys = keys_base.database
    return DatabaseUrls(
        owner=_for_role(base, OWNER, main),
        application=_for_role(base, APPLICATION, main),
        audit_writer=_for_role(base, AUDIT_WRITER, main),
        officer=_for_role(base, OFFICER, main),
        reader=_for_role(base, READER, main),
        keys_owner=_for_role(keys_base, OWNER, keys),
        keys=_for_role(keys_base, APPLICATION, keys),
    )


def _for_role(base: DatabaseUrl, role: str, database: str) -> DatabaseUrl:
    password = None
    if base.password is not None:
        digest = hmac.digest(base.password.encode(), f"database role {role}".encode(), hashlib.sha256)
        password = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return base.at(user=role, password=password, database=database)
