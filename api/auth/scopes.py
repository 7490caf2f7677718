"""Scopes: what a token may be used for, in words a person can read.

The rule: a scope covers itself and, named without its second half, its whole room (`domains` covers `domains:read`);
nobody can hand out what they do not hold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from types import MappingProxyType
from typing import Final

from api.auth.errors import ScopeRefused
from governance.access import covers

SCOPES: Final = MappingProxyType(
    {
        "account:read": "read the account and its settings",
        "account:write": "change settings, address and password, end sessions",
        "security:read": "read sessions, API tokens and security events",
        "access:read": "read who may act for the account, and what partners were shown",
        "access:write": "let partners and teammates act for the account, and end it",
        "domains:read": "read domains and who validated them",
        "domains:write": "add and remove domains",
        "certificates:read": "read orders, certificates and chains",
        "certificates:order": "order certificates for the account's domains",
        "certificates:revoke": "revoke certificates",
        "agents:enrol": "enrol agents, which receive a token of their own",
        "agents:read": "read agents and what they installed",
        "agents:report": "report for an agent what it installed",
        "tokens:write": "make and revoke API tokens",
        "audit:read": "read the audit log (staff only)",
        "schema:read": "read the schema and the data register",
    }
)
"""Every scope with its meaning, as pages and descriptions show it."""

STAFF_ONLY: Final = frozenset({"audit:read"})
HOLDER_SCOPES: Final = frozenset(SCOPES) - STAFF_ONLY
AGENT_SCOPES: Final = frozenset(
    {"agents:report", "domains:read", "domains:write", "certificates:read", "certificates:order"}
)
OFFICER_SCOPES: Final = frozenset({"audit:read", "schema:read"})
STAFF_SCOPES: Final = frozenset({"schema:read"})


def check_scopes(asked: Iterable[str], *, grantable: Collection[str] = HOLDER_SCOPES) -> tuple[str, ...]:
    """Return the scopes asked for, whole rooms spelled out, sorted; raise `ScopeRefused` for none or an unknown one."""
    wanted: set[str] = set()
    for scope in asked:
        reached = {known for known in grantable if covers(scope, known)}
        if not reached:
            raise ScopeRefused(
                f"There is no such scope. Scopes are: {', '.join(sorted(grantable))}. No token was made.",
                rule="unknown-scope",
            )
        wanted |= reached
    if not wanted:
        raise ScopeRefused("A token needs at least one scope. No token was made.", rule="no-scope")
    return tuple(sorted(wanted))


def lacking(held: Collection[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes that a caller wants to hand out without holding them, sorted."""
    return tuple(sorted(scope for scope in wanted if not any(covers(own, scope) for own in held)))
