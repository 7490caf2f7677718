"""What the schema promises: everything is described, every value says what it is, every guard is in place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
)

from api.auth.scopes import SCOPES
from api.graphql.once import once_by_coordinate
from api.graphql.schema import operation_labels, print_schema_text, schema, schema_map
from api.graphql.scopes import scopes_by_coordinate
from governance.graphql import exposures, unmarked_fields

TYPES = {name: kind for name, kind in schema._schema.type_map.items() if not name.startswith("__")}
FREE = {
    *("Mutation.signUp", "Mutation.signIn", "Mutation.staffSignIn", "Mutation.signOut"),
    *("Mutation.verifyEmail", "Mutation.resendVerification", "Mutation.confirmEmailChange", "Mutation.keepEmail"),
    *("Mutation.requestPasswordReset", "Mutation.resetPassword"),
    *("Query.me", "Query.node"),
}


def descriptions() -> Iterator[tuple[str, str | None]]:
    for name, kind in TYPES.items():
        yield name, kind.description
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{value}", entry.description) for value, entry in kind.values.items())
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            yield from ((f"{name}.{field}", entry.description) for field, entry in kind.fields.items())
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field, entry in kind.fields.items():
                yield from ((f"{name}.{field}({one}:)", argument.description) for one, argument in entry.args.items())
    yield from ((f"@{directive.name}", directive.description) for directive in schema._schema.directives)


def test_everything_is_described() -> None:
    assert [place for place, text in descriptions() if not (text or "").strip()] == []


@pytest.mark.clause("X-1")
def test_every_value_says_what_it_is() -> None:
    assert unmarked_fields(schema) == []


def test_every_value_of_a_person_needs_a_scope() -> None:
    """Payloads of a change are guarded by the change itself; errors hold words of the program."""
    scopes = scopes_by_coordinate(schema)
    personal = {coordinate for coordinate, shown in exposures(schema).items() if shown.tag is not None}
    assert {coordinate for coordinate in personal if coordinate not in scopes} <= {
        coordinate for coordinate in personal if coordinate.startswith("AuditEvent.")
    }


def test_root_fields_are_free_or_guarded() -> None:
    scopes = scopes_by_coordinate(schema)
    roots = [
        f"{root}.{name}"
        for root in ("Query", "Mutation", "Subscription")
        for name in TYPES[root].fields  # type: ignore[attr-defined]
    ]
    assert {coordinate for coordinate in roots if coordinate not in scopes} == FREE


def test_every_scope_in_the_schema_exists() -> None:
    assert set(scopes_by_coordinate(schema).values()) <= set(SCOPES)


def test_a_type_guards_what_leads_on_too() -> None:
    scopes = scopes_by_coordinate(schema)
    assert scopes["Order.problem"] == scopes["Order.certificate"] == scopes["Challenge.problem"] == "certificates:read"
    assert scopes["Account.notifications"] == scopes["Account.email"] == "account:read"
    assert scopes["Account.domains"] == "domains:read"
    assert "Account.id" not in scopes
    assert scopes["Query.__schema"] == scopes["Query.__type"] == "schema:read"


def test_whatever_checks_a_password_or_makes_a_credential_stands_once() -> None:
    named = {"signUp", "signIn", "staffSignIn", "resetPassword", "requestPasswordReset", "createApiToken"}
    more = {"changePassword", "requestEmailChange", "resendVerification", "enrolAgent"}
    more |= {"grantTeammateAccess", "acceptAccessGrant"}
    assert once_by_coordinate(schema) == {f"Mutation.{name}" for name in named | more} == schema_map().once


def test_mutations_are_alike() -> None:
    for name, field in TYPES["Mutation"].fields.items():  # type: ignore[attr-defined]
        payload = get_named_type(field.type)
        assert set(field.args) <= {"input"}, name
        assert isinstance(payload, GraphQLObjectType)
        assert payload.name.endswith("Payload")
        assert str(payload.fields["errors"].type) == "[UserError!]!"
        others = [one for key, one in payload.fields.items() if key != "errors"]
        assert [one for one in others if isinstance(one.type, GraphQLNonNull)] == []


def test_nodes_are_those_that_have_an_id_of_ours() -> None:
    node = TYPES["Node"]
    behind = {kind.name for kind in schema._schema.get_possible_types(node)}  # type: ignore[arg-type]
    assert behind == {
        "Account",
        "Domain",
        "Order",
        "Certificate",
        "Agent",
        "Session",
        "ApiToken",
        "Partner",
        "AccessGrant",
    }


def test_lists_are_connections_of_one_shape() -> None:
    connections = [kind for name, kind in TYPES.items() if name.endswith("Connection")]
    assert len(connections) == 13
    for kind in connections:
        assert set(kind.fields) == {"edges", "pageInfo", "totalCount"}  # type: ignore[attr-defined]


def test_labels_of_operations_are_the_root_fields() -> None:
    assert {"me", "signIn", "orderProgress", "several", "unplanned"} <= operation_labels()


def test_the_directives_are_printed() -> None:
    text = print_schema_text()
    assert 'email: String! @personalData(category: "user.contact.email"' in text
    assert '@requiresScope(scope: "account:read")' in text
    assert "@oncePerOperation" in text
    assert text.count("directive @") >= 3


def test_no_input_asks_for_a_private_key() -> None:
    """Clause 3.3-a: there is no field for one."""
    inputs = [kind for kind in TYPES.values() if isinstance(kind, GraphQLInputObjectType)]
    names = {name.lower() for kind in inputs for name in kind.fields}
    assert not {name for name in names if "privatekey" in name or name in {"key", "pfx", "jwk", "pem", "passphrase"}}
