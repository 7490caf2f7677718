"""The one way from a column to a GraphQL field: directive, policy and disclosure come together or not at all.

`Governed.field` shows a column that tells something about a person, `Governed.plain` one that does not, and
`Governed.computed` declares a value that was computed from neither. `unmarked_fields` lists whatever came another way.
"""

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final, Protocol, cast

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType, get_named_type, is_leaf_type
from sqlalchemy import Column
from sqlalchemy.orm import InstrumentedAttribute
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver, SyncExtensionResolver
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField

from governance.audit.disclosures import Disclosures
from governance.errors import CategoryNotGranted, IncompleteCatalog
from governance.ids import Pseudonym
from governance.tags import Erasure, NotPersonal, Origin, PersonalData, combined, is_key, tag_of
from governance.vocabulary import Vocabulary

Attribute = InstrumentedAttribute[Any] | Column[Any]

_EXPOSURE: Final = "governance.exposure"
_DIRECTIVE: Final = (
    "Personal data, as the column behind the field is tagged: its category (a fideslang key), what it is used for, "
    "where it comes from, how long it is kept, what happens to it on erasure, and whether a person may take it along."
)
_ORIGINS: Final = {
    Origin.PROVIDED: "The person stated it.",
    Origin.OBSERVED: "Recorded while the person used the service.",
    Origin.DERIVED: "Computed from other data.",
    Origin.THIRD_PARTY: "Received from somebody else.",
}
_ERASURES: Final = {
    Erasure.DELETE: "Deleted with its row.",
    Erasure.REDACT: "Overwritten; the row stays.",
    Erasure.RETAIN: "Kept for a stated time on a stated ground.",
}


class Source(Protocol):
    """What a field of personal data is resolved on: an object that says whom it tells about."""

    about: tuple[Pseudonym, ...]


class DisclosingContext(Protocol):
    """What the GraphQL context must offer: where disclosures are noted, and which fields the caller may not see."""

    disclosures: Disclosures
    masked: frozenset[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Exposure:
    """How a field came into the schema: with the columns and tag behind it, or with the reason why it has none."""

    columns: tuple[Column[Any], ...] = ()
    tag: PersonalData | None = None
    row: str = "row"
    why: str = ""


class ShowsColumn(FieldExtension):
    """Reads the column from the private row of its source, unless the field has a resolver of its own."""

    def __init__(self, row: str, attribute: str) -> None:
        self._row = row
        self._attribute = attribute

    def resolve(self, next_: SyncExtensionResolver, source: Any, info: strawberry.Info, **kwargs: Any) -> Any:
        """Return the stored value, or what the resolver makes of it."""
        if info._field.base_resolver is not None:  # noqa: SLF001 - strawberry names no other way
            return next_(source, info, **kwargs)
        return getattr(getattr(source, self._row), self._attribute)

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: Any, info: strawberry.Info, **kwargs: Any
    ) -> Any:
        """Do the same for a resolver that waits."""
        return await next_(source, info, **kwargs)


class Discloses(ShowsColumn):
    """Notes who is told about before the value goes on; a source that cannot say so fails, and shows nothing.

    A field that the context masks fails with `CategoryNotGranted` before either: nothing is noted, nothing resolved.
    """

    def __init__(self, row: str, attribute: str, category: str) -> None:
        super().__init__(row, attribute)
        self._category = category

    def resolve(self, next_: SyncExtensionResolver, source: Source, info: strawberry.Info, **kwargs: Any) -> Any:
        """Note the disclosure, then resolve."""
        self._note(source, info)
        return super().resolve(next_, source, info, **kwargs)

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: Source, info: strawberry.Info, **kwargs: Any
    ) -> Any:
        """Note the disclosure, then resolve."""
        self._note(source, info)
        return await super().resolve_async(next_, source, info, **kwargs)

    def _note(self, source: Source, info: strawberry.Info) -> None:
        raw = info._raw_info  # noqa: SLF001 - the concrete type of the object, which Info does not tell
        context = cast("DisclosingContext", info.context)
        coordinate = f"{raw.parent_type.name}.{raw.field_name}"
        if coordinate in context.masked:
            raise CategoryNotGranted(self._category)
        context.disclosures.note(coordinate, source.about, getattr(source, self._row, source))


class Governed:
    """Makes the fields and the directive of one application from its purposes and retention classes."""

    def __init__(self, purposes: type[Enum], retention: type[Enum], vocabulary: Vocabulary) -> None:
        _covered(purposes, vocabulary.purposes)
        _covered(retention, vocabulary.retention)
        self._vocabulary = vocabulary
        purpose_texts = {
            member: f"{entry.text} (section {entry.section}; GDPR Art. 6(1)({entry.basis.value}))"
            for member, entry in vocabulary.purposes.items()
        }
        retention_texts = {member: f"{entry.data}: {entry.period}" for member, entry in vocabulary.retention.items()}
        self.purpose = _described("Purpose", "Why personal data is used.", purpose_texts)
        self.retention_class = _described("RetentionClass", "How long personal data is kept.", retention_texts)
        self.data_origin = _described("DataOrigin", "Where personal data came from.", _ORIGINS)
        self.erasure_rule = _described("ErasureRule", "What happens on erasure.", _ERASURES)
        self.directive = _directive(self.purpose, self.data_origin, self.retention_class, self.erasure_rule)

    def field(
        self,
        shown: Attribute,
        *,
        description: str,
        name: str | None = None,
        derived_from: tuple[Attribute, ...] = (),
        row: str = "row",
    ) -> Any:
        """Expose a column that tells something about a person.

        The value is read from the row that the object keeps in its private attribute `row`; used as a decorator, the
        decorated function computes it instead. `derived_from` names the further columns that go into it. Raises
        `TypeError` for a column without a personal-data tag.
        """
        columns = tuple(stored_column(attribute) for attribute in (shown, *derived_from))
        tag = combined([_personal(column) for column in columns])
        return _field(
            name=name,
            description=description,
            directives=[self._directive_of(tag)],
            extensions=[Discloses(row, _key(shown), tag.category)],
            metadata={_EXPOSURE: Exposure(columns, tag, row)},
        )

    def plain(self, shown: Attribute, *, description: str, name: str | None = None, row: str = "row") -> Any:
        """Expose a key, or a column that tells nothing about anybody. Raises `TypeError` for any other."""
        column = stored_column(shown)
        tag = tag_of(column)
        if not (isinstance(tag, NotPersonal) or (tag is None and is_key(column))):
            raise TypeError(f"{column} may tell something about a person; expose it with `field`")
        return _field(
            name=name,
            description=description,
            extensions=[ShowsColumn(row, _key(shown))],
            metadata={_EXPOSURE: Exposure((column,), None, row, tag.why if tag else "identifies a row")},
        )

    def computed(self, why: str, *, description: str, name: str | None = None, **more: Any) -> Any:
        """Expose a value that no column holds; `why` says why it tells nothing about a person."""
        if not why.strip():
            raise ValueError("say why the value is not personal data")
        return strawberry.field(name=name, description=description, metadata={_EXPOSURE: Exposure(why=why)}, **more)

    def _directive_of(self, tag: PersonalData) -> object:
        return self.directive(
            category=tag.category,
            purposes=sorted((self.purpose[purpose.name] for purpose in tag.purposes), key=lambda item: str(item.name)),
            origin=self.data_origin[tag.origin.name],
            retention=self.retention_class[tag.retention.name],
            erasure=self.erasure_rule[tag.erasure.name],
            portable=self._vocabulary.is_portable(tag),
        )


def exposures(schema: strawberry.Schema) -> Mapping[str, Exposure]:
    """Return how each field of each object and interface came into the schema, by coordinate (`Account.email`)."""
    return {coordinate: found for coordinate, field in _fields(schema) if (found := _exposure(field)) is not None}


def schema_tags(schema: strawberry.Schema) -> Mapping[str, PersonalData]:
    """Return the tag of each field with personal data, by coordinate."""
    return {coordinate: found.tag for coordinate, found in exposures(schema).items() if found.tag is not None}


def unmarked_fields(schema: strawberry.Schema, exempt: Collection[str] = ()) -> list[str]:
    """Return the coordinates of values that came into the schema without saying what they are; none may remain.

    Fields that lead to objects are free, since the fields of those objects are looked at. `exempt` holds coordinates,
    or `Type.*`, of what a library brings along.
    """
    return [
        coordinate
        for coordinate, field in _fields(schema)
        if is_leaf_type(get_named_type(field.type))
        and _exposure(field) is None
        and not {coordinate, coordinate.partition(".")[0] + ".*"} & set(exempt)
    ]


def stored_column(attribute: Attribute) -> Column[Any]:
    """Return the table's column behind a mapped attribute. Raises `TypeError` where it is not one plain column."""
    if isinstance(attribute, Column):
        return attribute
    columns: Sequence[Any] = getattr(attribute.property, "columns", ())
    if len(columns) != 1 or not isinstance(columns[0], Column):
        raise TypeError(f"{attribute} is not one column of a table")
    return columns[0]


def _fields(schema: strawberry.Schema) -> Iterator[tuple[str, Any]]:
    for type_name, graphql_type in sorted(schema._schema.type_map.items()):  # noqa: SLF001 - strawberry names no other way
        if isinstance(graphql_type, GraphQLObjectType | GraphQLInterfaceType) and not type_name.startswith("__"):
            yield from ((f"{type_name}.{name}", field) for name, field in graphql_type.fields.items())


def _exposure(field: Any) -> Exposure | None:
    definition = field.extensions.get("strawberry-definition")
    if not isinstance(definition, StrawberryField):
        return None
    found = definition.metadata.get(_EXPOSURE)
    return found if isinstance(found, Exposure) else None


def _field(**settings: Any) -> StrawberryField:
    """Return a field that the constructor of its type does not ask for: its value comes from the private row."""
    made: StrawberryField = strawberry.field(**settings)
    made.init = made.repr = made.compare = False
    return made


def _personal(column: Column[Any]) -> PersonalData:
    tag = tag_of(column)
    if not isinstance(tag, PersonalData):
        raise TypeError(f"{column} carries no personal-data tag; expose it with `plain`, if it is tagged otherwise")
    return tag


def _key(attribute: Attribute) -> str:
    return str(attribute.key)


def _covered(members: type[Enum], entries: Mapping[Enum, object]) -> None:
    missing = [str(member.value) for member in members if member not in entries]
    if missing:
        raise IncompleteCatalog(f"The schema was not built: {members.__name__} has no entry for {', '.join(missing)}.")


def _described(name: str, description: str, texts: Mapping[Any, str]) -> Any:
    """Return an enumeration whose members print with a description each."""
    members = {member.name: strawberry.enum_value(member.value, description=text) for member, text in texts.items()}
    enumeration: Any = Enum
    return strawberry.enum(enumeration(name, members, module=__name__), description=description)


def _directive(purpose: Any, origin: Any, retention: Any, erasure: Any) -> Any:
    """Return the directive class; its annotations are the enumerations of this application."""
    annotations = {
        "category": str,
        "purposes": list[purpose],
        "origin": origin,
        "retention": retention,
        "erasure": erasure,
        "portable": bool,
    }
    make = strawberry.schema_directive(
        locations=[Location.FIELD_DEFINITION], name="personalData", description=_DIRECTIVE
    )
    body = {"__annotations__": annotations, "__module__": __name__}
    return make(type("PersonalDataDirective", (), body))
