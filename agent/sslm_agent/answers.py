"""What the platform answers, read with every type checked.

One rule: a field of the wrong type ends the call; nothing that was not checked leaves this module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from sslm_agent.errors import ServerAnswerInvalid

_Part = TypeVar("_Part")
_LONGEST_TEXT = 200_000


class Fields:
    """One object of an answer; `path` names it in errors."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise wrong(path)
        self._values: dict[str, object] = value
        self._path = path

    def text(self, name: str) -> str:
        """Return a string that must be there."""
        value = self._values.get(name)
        if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
            raise wrong(f"{self._path}.{name}")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a string or None."""
        return None if self._values.get(name) is None else self.text(name)

    def flag(self, name: str) -> bool:
        """Return a truth value that must be there."""
        value = self._values.get(name)
        if not isinstance(value, bool):
            raise wrong(f"{self._path}.{name}")
        return value

    def optional_whole(self, name: str) -> int | None:
        """Return a whole number or None."""
        value = self._values.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise wrong(f"{self._path}.{name}")
        return value

    def optional_time(self, name: str) -> datetime | None:
        """Return an ISO 8601 time in UTC, or None; one without an offset is UTC."""
        text = self.optional_text(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise wrong(f"{self._path}.{name}") from None

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of strings; null counts as empty."""
        items = self._items(name)
        if not all(isinstance(item, str) for item in items):
            raise wrong(f"{self._path}.{name}")
        return tuple(str(item) for item in items)

    def part(self, name: str, read: Callable[[Fields], _Part]) -> _Part:
        """Return an object that must be there."""
        return read(Fields(self._values.get(name), f"{self._path}.{name}"))

    def optional_part(self, name: str, read: Callable[[Fields], _Part]) -> _Part | None:
        """Return an object or None."""
        return None if self._values.get(name) is None else self.part(name, read)

    def parts(self, name: str, read: Callable[[Fields], _Part]) -> tuple[_Part, ...]:
        """Return a list of objects; null counts as empty."""
        return tuple(read(Fields(item, f"{self._path}.{name}")) for item in self._items(name))

    def _items(self, name: str) -> list[object]:
        value = self._values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > 1000:  # noqa: PLR2004 - ten times the names of any certificate
            raise wrong(f"{self._path}.{name}")
        return value


def wrong(path: str) -> ServerAnswerInvalid:
    """Say which part of an answer is not what the schema says."""
    return ServerAnswerInvalid(
        f"The server's answer is not of the published schema (at {path}). Nothing of it was used. "
        "Update the agent; if it is the newest, tell the operator of the server."
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """What the certificate authority said (RFC 8555, 6.7)."""

    type: str
    status: int | None
    detail: str | None
    retry_at: datetime | None
    subproblems: tuple[str, ...]

    @classmethod
    def read(cls, fields: Fields) -> Problem:
        """Read a `CaProblem`."""
        return cls(
            fields.text("type"),
            fields.optional_whole("status"),
            fields.optional_text("detail"),
            fields.optional_time("retryAt"),
            fields.parts("subproblems", _subproblem),
        )

    def lines(self) -> list[str]:
        """Return the problem for a reader."""
        status = f" ({self.status})" if self.status is not None else ""
        return [f"certificate authority: {self.type}{status}: {self.detail or 'no detail given'}", *self.subproblems]


def _subproblem(fields: Fields) -> str:
    name = fields.optional_text("identifier") or "order"
    return f"{name}: {fields.text('type')}: {fields.optional_text('detail') or 'no detail given'}"


@dataclass(frozen=True, slots=True)
class Notice:
    """A text to be acknowledged, of a version."""

    version: str
    text: str
    policy_url: str | None
    acknowledged: bool

    @classmethod
    def read(cls, fields: Fields) -> Notice:
        """Read a `Notice`."""
        return cls(
            fields.text("version"), fields.text("text"), fields.optional_text("policyUrl"), fields.flag("acknowledged")
        )


@dataclass(frozen=True, slots=True)
class OrderNotices:
    """What must be shown before an order (clauses 4.1-c and 4.1-d)."""

    certificate_transparency: Notice
    certificate_authority: Notice
    warnings: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, fields: Fields) -> OrderNotices:
        """Read an `OrderNotices`."""
        return cls(
            fields.part("certificateTransparency", Notice.read),
            fields.part("certificateAuthority", Notice.read),
            fields.parts("warnings", lambda warning: (warning.text("name"), warning.text("text"))),
        )


@dataclass(frozen=True, slots=True)
class Challenge:
    """What to place, as answered; `challenges` checks the form before it is placed."""

    type: str
    status: str
    http_path: str | None
    http_content: str | None
    dns_name: str | None
    dns_value: str | None

    @classmethod
    def read(cls, fields: Fields) -> Challenge:
        """Read a `Challenge`."""
        values = (fields.optional_text(name) for name in ("httpPath", "httpContent", "dnsName", "dnsValue"))
        return cls(fields.text("type"), fields.text("status").casefold(), *values)


@dataclass(frozen=True, slots=True)
class Authorization:
    """Proof of control of one name (RFC 8555); the name is empty until the authority told it."""

    name: str
    status: str
    challenges: tuple[Challenge, ...]

    @classmethod
    def read(cls, fields: Fields) -> Authorization:
        """Read an `Authorization`."""
        return cls(
            (fields.optional_text("name") or "").lower(),
            fields.text("status").casefold(),
            fields.parts("challenges", Challenge.read),
        )


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """The certificate of an order, not yet checked."""

    id: str
    fingerprint_sha256: str
    chain_pem: str

    @classmethod
    def read(cls, fields: Fields) -> IssuedCertificate:
        """Read a `Certificate`."""
        return cls(fields.text("id"), fields.text("fingerprintSha256"), fields.text("chainPem"))


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the platform has it."""

    id: str
    state: str
    next_action_at: datetime | None
    problem: Problem | None
    authorizations: tuple[Authorization, ...]
    certificate: IssuedCertificate | None

    @classmethod
    def read(cls, fields: Fields) -> Order:
        """Read an `Order`."""
        return cls(
            fields.text("id"),
            fields.text("state"),
            fields.optional_time("nextActionAt"),
            fields.optional_part("problem", Problem.read),
            fields.parts("authorizations", Authorization.read),
            fields.optional_part("certificate", IssuedCertificate.read),
        )
