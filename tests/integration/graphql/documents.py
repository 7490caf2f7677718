"""Random documents of the schema: valid in form, with fragments, aliases, wild arguments and ids of everybody."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

from api.graphql.cursors import Cursor, encode_cursor
from api.graphql.nodes import decode_id

_DEEPEST = 9
_TEXTS = ("", "x", "\u0663", "a\u202eb", "' or 1=1 --", "%s{}", "é" * 300, "../..", "0", "-1", "null", "*.example.org")
_WHOLE = (0, 1, 2, 5, 100, 101, -1, 2**31 - 1, -(2**31))
_MOMENTS = ("2026-01-01T00:00:00Z", "0001-01-01T00:00:00-14:00", "9999-12-31T23:59:59+14:00", "2026-02-30", "now")


class Documents:
    """Makes documents from a seed."""

    def __init__(self, schema: GraphQLSchema, ids: Sequence[str], seed: int, *, mutations: bool = True) -> None:
        self._schema = schema
        self._ids = tuple(ids)
        self._random = random.Random(seed)  # noqa: S311 - nothing secret
        self._fragments: list[str] = []
        self._aliases = 0
        self._mutations = mutations
        rows = [UUID(int=7 << 76), *(found[1] for text in ids if (found := decode_id(text)) is not None)]
        self._cursors = [encode_cursor(Cursor(row)) for row in rows]
        self._given: dict[str, tuple[str, Any]] = {}

    def variables(self) -> dict[str, Any]:
        """Return the variables of the last document that was made."""
        return {name: value for name, (_, value) in self._given.items()}

    def make(self, skipped: frozenset[str] = frozenset()) -> str:
        """Return one document: a query, or, now and then, a mutation."""
        self._fragments, self._aliases, self._given = [], 0, {}
        changing = self._mutations and self._random.random() < 0.3
        root = self._schema.mutation_type if changing else self._schema.query_type
        assert root is not None
        names = [name for name in root.fields if name not in skipped]
        chosen = self._random.sample(names, k=min(len(names), self._random.randint(1, 2)))
        body = " ".join(self._field(name, root.fields[name], 1) for name in chosen)
        kind = "mutation" if changing else "query"
        declared = ", ".join(f"${name}: {declared}" for name, (declared, _) in self._given.items())
        declarations = f"({declared})" if declared else ""
        return f"{kind} Random{declarations} {{ {body} }} " + " ".join(self._fragments)

    def _field(self, name: str, field: GraphQLField, level: int) -> str:
        alias = ""
        if self._random.random() < 0.2 and self._aliases < 20:
            self._aliases += 1
            alias = f"x{self._aliases}: "
        given = [
            f"{key}: {self._argument(argument.type, key)}"
            for key, argument in field.args.items()
            if self._needed(argument) or self._random.random() < 0.5
        ]
        arguments = f"({', '.join(given)})" if given else ""
        kind = get_named_type(field.type)
        selection = "" if is_leaf_type(kind) else " " + self._selection(kind, level + 1)
        return f"{alias}{name}{arguments}{self._switch()}{selection}"

    def _switch(self) -> str:
        """Return, now and then, a directive that a variable or a literal decides."""
        if self._mutations or self._random.random() > 0.1:
            return ""
        value = self._random.random() < 0.5
        shown = self._variable("Boolean!", value) if self._random.random() < 0.7 else str(value).lower()
        return f" @{self._random.choice(('skip', 'include'))}(if: {shown})"

    def _variable(self, kind: str, value: Any) -> str:
        name = f"v{len(self._given)}"
        self._given[name] = (kind, value)
        return f"${name}"

    def _argument(self, kind: Any, name: str) -> str:
        """Return a literal, or a variable that holds the same."""
        text = self._value(kind, name)
        plain = get_named_type(kind).name in {"Int", "ID", "String", "Cursor"} and not text.startswith("[")
        if self._mutations or not plain or self._random.random() < 0.5:
            return text
        return self._variable(str(kind), json.loads(text))

    def _selection(self, kind: Any, level: int) -> str:
        parts = ["__typename"]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            open_names = [
                name for name, one in kind.fields.items() if level < 9 or is_leaf_type(get_named_type(one.type))
            ]
            count = min(len(open_names), self._random.randint(1, 5))
            parts += [self._field(name, kind.fields[name], level) for name in self._random.sample(open_names, k=count)]
        if is_abstract_type(kind):
            parts += [
                f"... on {one.name} {self._selection(one, level)}"
                for one in self._schema.get_possible_types(kind)
                if self._random.random() < 0.5
            ]
        body = "{ " + " ".join(parts) + " }"
        if self._random.random() < 0.15 and len(self._fragments) < 8:
            name = f"F{len(self._fragments)}_{level}_{self._random.randint(0, 9999)}"
            self._fragments.append(f"fragment {name} on {kind.name} {body}")
            return f"{{ ...{name} }}"
        return body

    def _needed(self, argument: GraphQLArgument) -> bool:
        return isinstance(argument.type, GraphQLNonNull)

    def _value(self, kind: Any, name: str) -> str:
        if isinstance(kind, GraphQLNonNull):
            return self._value(kind.of_type, name)
        if isinstance(kind, GraphQLList):
            return "[" + ", ".join(self._value(kind.of_type, name) for _ in range(self._random.randint(0, 3))) + "]"
        if isinstance(kind, GraphQLEnumType):
            return self._random.choice(list(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            given = [
                f"{key}: {self._value(field.type, key)}"
                for key, field in kind.fields.items()
                if isinstance(field.type, GraphQLNonNull) or self._random.random() < 0.5
            ]
            return "{" + ", ".join(given) + "}"
        return self._scalar(kind.name, name)

    def _scalar(self, kind: str, name: str) -> str:
        if kind == "Int":
            likely = (1, 5) if name == "first" and (not self._mutations or self._random.random() < 0.8) else _WHOLE
            return str(self._random.choice(likely))
        if kind == "Cursor" and (not self._mutations or self._random.random() < 0.97):
            return json.dumps(self._random.choice(self._cursors))
        if kind == "Boolean":
            return self._random.choice(("true", "false"))
        if kind == "DateTime":
            return json.dumps(self._random.choice(_MOMENTS[:3] if self._random.random() < 0.9 else _MOMENTS))
        texts = (*self._ids, *_TEXTS) if kind == "ID" or self._random.random() < 0.3 else _TEXTS
        return json.dumps(self._random.choice(texts), ensure_ascii=False)
