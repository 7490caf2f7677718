"""Where the schema's reads are stored, in the words of `api.execution.sources`: what the compiler knows of this schema.

Columns shown by `personal.field` or `personal.plain` without a resolver of their own need no line here. The relations,
and what is computed of columns, stand below; each says the same in SQL that its resolver says in Python, and the
differential tests compare the two.
"""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any, Final

import strawberry
from graphql import get_named_type

from api.execution.sources import Filter, Leaf, Lookup, Made, Many, Mapped, One, Page, Same, Source, Sources
from api.graphql.column_json import cursor_of, id_of, leaf_of
from api.graphql.connections import LARGEST_PAGE
from api.graphql.nodes import decode_id
from api.graphql.problems import problem_values
from governance.graphql import exposures, schema_tags

_MINE: Final = "{t}.account_id = {account}"
_OWNED: Final = {
    "Domain": "domain",
    "Order": "certificate_order",
    "Certificate": "certificate",
    "Agent": "agent",
    "ApiToken": "api_token",
    "Disclosure": "disclosure",
    "AccessGrant": "access_grant",
}


def _as_it_is(value: object) -> object:
    """Return what was coerced already."""
    return value


def _through(table: str, column: str) -> str:
    """Return the tenant predicate of a table whose rows belong to a row of `table`."""
    return f"exists (select from {table} o where o.id = {{t}}.{column} and o.account_id = {{account}})"


_TABLES: Final = {
    **{kind: Source(table, _MINE) for kind, table in _OWNED.items()},
    "Account": Source("account", "{t}.id = {account}", "{t}.closed_at is null"),
    "Session": Source("session", _MINE, "{t}.revoked_at is null and {t}.expires_at > {now}"),
    "SecurityEvent": Source("security_event", "{t}.data_subject_id = {person}"),
    "DomainValidation": Source("domain_validation", _through("domain", "domain_id")),
    "Authorization": Source("order_authorization", _through("certificate_order", "order_id")),
    "Challenge": Source("order_challenge", _through("certificate_order", "order_id")),
    "Installation": Source("installation", _through("certificate", "certificate_id")),
}
_OF_ACCOUNT: Final = "{t}.account_id = {p}.id"
_RELATIONS: Final[dict[str, Mapped]] = {
    "Query.me": One("Account", "{t}.id = {account}"),
    "Query.node": Lookup(decode_id),
    "Subscription.orderProgress": One("Order", "{t}.id = {row}"),
    "Subscription.certificateProgress": One("Certificate", "{t}.id = {row}"),
    "Account.notifications": Same(),
    "Account.sessions": Page("Session", _OF_ACCOUNT),
    "Account.apiTokens": Page("ApiToken", _OF_ACCOUNT),
    "Account.securityEvents": Page("SecurityEvent", "{t}.data_subject_id = {p}.data_subject_id"),
    "Account.domains": Page("Domain", _OF_ACCOUNT),
    "Account.orders": Page("Order", _OF_ACCOUNT),
    "Account.certificates": Page(
        "Certificate",
        _OF_ACCOUNT,
        {"expiringBefore": Filter("({t}.not_after < {value} and {t}.revoked_at is null)", "timestamptz", _as_it_is)},
    ),
    "Account.agents": Page("Agent", _OF_ACCOUNT),
    "Account.disclosures": Page("Disclosure", _OF_ACCOUNT),
    "Domain.wildcard": Leaf("({t}.name like '*.%')::text"),
    "Domain.validations": Page("DomainValidation", "{t}.domain_id = {p}.id"),
    "Domain.certificates": Page(
        "Certificate",
        "{t}.id in (select o.certificate_id from certificate_name o"
        " where o.account_id = {account} and o.name = {p}.name)",
    ),
    "Certificate.domains": Many("Domain", "{t}.account_id = {p}.account_id and {t}.name = any({p}.names)", "{t}.name"),
    "Certificate.installations": Many("Installation", "{t}.certificate_id = {p}.id", "{t}.agent_id, {t}.target_name"),
    "Installation.agentId": id_of("Agent", "{t}.agent_id"),
    "Session.current": Leaf("(({t}.id = {session}) is true)::text"),
    "Order.problem": Made("{t}.problem::text", problem_values),
    "Order.authorizations": Many("Authorization", "{t}.order_id = {p}.id", "{t}.position"),
    "Order.disclosures": Many("Disclosure", "{t}.order_id = {p}.id", "{t}.id"),
    "Order.certificate": One("Certificate", "{t}.id = {p}.certificate_id"),
    "Authorization.challenges": Many(
        "Challenge",
        "{t}.order_id = {p}.order_id and {t}.authorization_position = {p}.position and {t}.type = "
        "(select o.challenge_type from certificate_order o where o.id = {p}.order_id)",
        "{t}.position",
    ),
    "Challenge.problem": Made("{t}.problem::text", problem_values),
}
_NODES: Final = ("Account", "Domain", "Order", "Certificate", "Agent", "Session", "ApiToken", "AccessGrant")
"""Nodes behind the wall. Partners are nobody's rows; whom a grant names is another account's: resolvers show both."""

_TAKEN_AWAY: Final = frozenset({"removeDomain", "revokeSession"})
"""Mutations after which the row they show is not there any more, or not shown any more."""


def sources(schema: strawberry.Schema) -> Sources:
    """Return where everything is stored that reads can be compiled from."""
    return Sources(
        tables=_TABLES,
        fields=dict(_columns(schema)) | {f"{kind}.id": id_of(kind, "{t}.id") for kind in _NODES} | _RELATIONS,
        personal=frozenset(schema_tags(schema)),
        cursor=cursor_of("{id}"),
        decode_cursor=attrgetter("id"),
        largest_page=LARGEST_PAGE,
        decode_id=decode_id,
        payloads=_payloads(schema),
    )


def _payloads(schema: strawberry.Schema) -> dict[str, dict[str, str]]:
    """Return, by mutation, the objects of its payload that can be read again by their id."""
    changes = schema._schema.mutation_type  # noqa: SLF001 - Strawberry names no other way
    assert changes is not None
    found = {}
    for name, field in changes.fields.items():
        payload: Any = get_named_type(field.type)
        shown = {key: get_named_type(one.type).name for key, one in payload.fields.items()}
        if name not in _TAKEN_AWAY:
            found[f"Mutation.{name}"] = {key: kind for key, kind in shown.items() if kind in _NODES}
    return found


def _columns(schema: strawberry.Schema) -> Iterator[tuple[str, Leaf]]:
    """Yield the fields that show a column as it is."""
    types: Any = schema._schema.type_map  # noqa: SLF001 - Strawberry names no other way
    for coordinate, exposure in exposures(schema).items():
        kind, _, name = coordinate.partition(".")
        field = types[kind].fields[name]
        if exposure.columns and field.extensions["strawberry-definition"].base_resolver is None:
            yield coordinate, leaf_of(exposure.columns[0], field.type)
