"""What of the arguments shapes a statement: whether a cursor or filter is given, and which type an id names.

Under a generic plan a condition that may or may not apply costs twenty times one that does, so each shape is a
statement of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from api.execution.arguments import Coerced, argument_reader
from api.execution.selection import Field, walk
from api.execution.sources import Decode, Lookup, One, Page, Sources

Decide = Callable[[Coerced], Hashable]


def deciders(fields: Sequence[Field], sources: Sources) -> tuple[tuple[int, Decide], ...]:
    """Return, by the identity of each field that needs it, what decides its shape for a request."""
    found: list[tuple[int, Decide]] = []
    for field in walk(fields):
        mapped = sources.fields.get(field.coordinate)
        if isinstance(mapped, Page):
            found.append((id(field), _page(field, mapped, sources.decode_cursor)))
        elif isinstance(mapped, Lookup):
            found.append((id(field), _lookup(field, mapped)))
        elif isinstance(mapped, One) and mapped.arguments:
            found.append((id(field), _one(field, mapped)))
    return tuple(found)


def _page(field: Field, page: Page, decode_cursor: Decode) -> Decide:
    read_after = argument_reader(field, "after")

    def after(coerced: Coerced) -> bool:
        """Tell whether a cursor is given; a bad one is refused even where nothing would be read by it."""
        given = read_after(coerced)
        return bool(given) and decode_cursor(given) is not None

    filters = [(name, argument_reader(field, name)) for name in page.filters]
    if not filters:
        return lambda coerced: (after(coerced), ())
    return lambda coerced: (
        after(coerced),
        tuple(name for name, read in filters if read(coerced) is not None),
    )


def _lookup(field: Field, lookup: Lookup) -> Decide:
    read = argument_reader(field, "id")

    def decide(coerced: Coerced) -> Hashable:
        found = lookup.decode(read(coerced))
        return found[0] if found is not None else None

    return decide


def _one(field: Field, mapped: One) -> Decide:
    reads = [(argument_reader(field, name), decode) for name, decode in mapped.arguments.items()]

    def decide(coerced: Coerced) -> Hashable:
        return True if all(decode(read(coerced)) is not None for read, decode in reads) else None

    return decide
