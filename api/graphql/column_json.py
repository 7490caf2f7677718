"""How a column's value becomes JSON text in SQL, the same text that its GraphQL type would give.

The rule: text is encoded by PostgreSQL, except where a CHECK constraint keeps quotes, backslashes and control
characters out of the column; `UNESCAPED` lists those, and a test tries to store such characters in each.
"""

from typing import Any, Final

from graphql import GraphQLEnumType, GraphQLList, GraphQLNonNull, get_named_type
from sqlalchemy import Column

from api.execution.sources import Leaf
from api.graphql.nodes import KINDS
from api.models import AccountRow, CertificateRow, ChallengeRow, DomainRow, OrderRow

UNESCAPED: Final = frozenset(
    str(attribute.property.columns[0])
    for attribute in (
        AccountRow.language,
        AccountRow.country,
        AccountRow.plan,
        AccountRow.display_mode,
        DomainRow.name,
        CertificateRow.serial_number,
        CertificateRow.fingerprint_sha256,
        OrderRow.challenge_type,
        OrderRow.state,
        ChallengeRow.type,
    )
)
"""Columns whose text goes into the answer as it is stored."""


def leaf_of(column: Column[Any], kind: Any) -> Leaf:
    """Return how a column is shown as a GraphQL type; raises `TypeError` for a null where none may stand."""
    if isinstance(kind, GraphQLNonNull) and column.nullable:
        raise TypeError(f"{column} may be NULL, its field may not be null")
    sql, quoted = _json(column, kind, f"{{t}}.{column.name}")
    return Leaf(sql, nullable=bool(column.nullable), quoted=quoted)


def _json(column: Column[Any], kind: Any, sql: str) -> tuple[str, bool]:
    """Return SQL for the JSON text, and whether quotes belong around it."""
    named = get_named_type(kind)
    bare = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(bare, GraphQLList):
        return f"array_to_json({sql})::text", False
    if isinstance(named, GraphQLEnumType):
        return _enum(named, sql), True
    if named.name == "DateTime":
        return f'to_char({sql}, \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\')', True
    if named.name in {"Boolean", "Int"}:
        return f"{sql}::text", False
    if named.name != "String":
        raise TypeError(f"{column} is shown as {named.name}, which is not known here")
    return (sql, True) if str(column) in UNESCAPED else (f"to_json({sql})::text", False)


def _enum(kind: GraphQLEnumType, sql: str) -> str:
    if all(item.value == name for name, item in kind.values.items()):
        return sql
    cases = " ".join(f"when '{item.value}' then '{name}'" for name, item in kind.values.items())
    return f"case {sql} {cases} end"


def id_of(kind: str, sql: str) -> Leaf:
    """Return the opaque id of a row: `nodes.encode_id` in SQL (17 bytes, so one sign of padding)."""
    raw = f"'\\x{KINDS[kind]:02x}'::bytea || uuid_send({sql})"
    return Leaf(f"rtrim(translate(encode({raw}, 'base64'), '+/', '-_'), '=')", quoted=True)


def cursor_of(sql: str) -> str:
    """Return the text of a row's cursor: `cursors.encode_cursor` in SQL."""
    return f"rtrim(translate(encode(uuid_send({sql}), 'base64'), '+/', '-_'), '=')"
