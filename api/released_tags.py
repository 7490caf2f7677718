"""The tags of this version, and those of the last release, which lie beside the changelog's fragments.

On a release the fragments go into the changelog and the file is written anew: `sslm schema tags --release`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from api.declared import declared_fields
from api.graphql.schema import schema
from api.models import CATALOG
from governance.graphql import schema_tags
from governance.tag_changes import TagChange, Tags, read_tags, tag_changes, tags_of, write_tags

FRAGMENTS: Final = Path(__file__).resolve().parents[1] / "changelog.d"
RELEASED: Final = FRAGMENTS / "released_tags.json"
_PRIVACY: Final = "*.privacy.md"


def present_tags() -> Tags:
    """Return what is tagged now: columns, fields of the schema, and what holds personal data outside of columns."""
    places = {
        "columns": {column.coordinate: column.tag for column in CATALOG.columns},
        "fields": dict(schema_tags(schema)),
    }
    for one in declared_fields():
        places.setdefault(f"{one.kind.value}s", {})[one.name] = one.tag
    return tags_of(places)


def write_release() -> None:
    """Make the present tags those of the last release."""
    RELEASED.write_text(write_tags(present_tags()), encoding="utf-8")


def changes_since_release() -> tuple[TagChange, ...]:
    """Return what changed since the last release."""
    return tag_changes(read_tags(RELEASED.read_text(encoding="utf-8")), present_tags())


def privacy_fragments() -> Mapping[str, str]:
    """Return the fragments that tell people what is held or shown now that was not before, by file name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(FRAGMENTS.glob(_PRIVACY))}
