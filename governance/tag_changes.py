"""What changed in the tags between two versions, and which changes the people concerned were not told of.

The tags of a version are kept as text that can be compared: kinds of places (columns, fields, …), names, parts. The
rule: a change is told when a text names its place, whole and letter by letter; nothing else counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from governance.tags import PersonalData

FORMAT: Final = 1
Parts = Mapping[str, Any]
Tags = Mapping[str, Mapping[str, Parts]]
"""Kind of place, such as `columns`; its name, such as `account.email`; the parts of its tag."""
_PARTS: Final = tuple(part.name for part in fields(PersonalData))


@dataclass(frozen=True, slots=True)
class TagChange:
    """One place whose tag is new, gone (`after` is None) or another one (`before` is None where it is new)."""

    kind: str
    name: str
    before: Parts | None
    after: Parts | None

    @property
    def sign(self) -> str:
        """Return `+`, `-` or `~`, as differences are commonly written."""
        return "+" if self.before is None else "-" if self.after is None else "~"

    def differences(self) -> Iterator[tuple[str, str, str]]:
        """Yield each part that differs, with its text before and after; a place that is new or gone has no `before`."""
        before, after = self.before or {}, self.after or {}
        for part in _PARTS:
            if before.get(part) != after.get(part):
                yield part, _shown(before.get(part)), _shown(after.get(part))

    def is_named_in(self, text: str) -> bool:
        """Tell whether a text names the place; a name without a dot could be any word, so it stands in backticks."""
        name = re.escape(self.name)
        if "." not in self.name:
            return re.search(f"`{name}`", text) is not None
        return re.search(rf"(?<![\w.-]){name}(?![\w-]|\.\w)", text) is not None


def parts_of(tag: PersonalData) -> dict[str, Any]:
    """Return the parts of a tag that say something, as JSON has them."""
    parts: dict[str, Any] = {}
    for part in fields(tag):
        value = getattr(tag, part.name)
        if value != part.default:
            parts[part.name] = _as_data(value)
    return parts


def tags_of(places: Mapping[str, Mapping[str, PersonalData]]) -> Tags:
    """Return the tags of a version, sorted, for comparing and writing."""
    return {
        kind: {name: parts_of(tag) for name, tag in sorted(named.items())} for kind, named in sorted(places.items())
    }


def write_tags(tags: Tags) -> str:
    """Return the text to keep: one line for each place, so that differences of the file can be read too."""
    kinds = [
        f"{json.dumps(kind)}: {{\n"
        + ",\n".join(f"    {json.dumps(name)}: {_line(parts)}" for name, parts in named.items())
        for kind, named in tags.items()
    ]
    return f'{{\n  "format": {FORMAT},\n  ' + "\n  },\n  ".join(kinds) + "\n  }\n}\n"


def read_tags(text: str) -> Tags:
    """Read what `write_tags` wrote; raise `ValueError` for anything else."""
    kept = json.loads(text)
    if not isinstance(kept, dict) or kept.pop("format", None) != FORMAT:
        raise ValueError(f"these are not tags in format {FORMAT}")
    return kept


def tag_changes(before: Tags, after: Tags) -> tuple[TagChange, ...]:
    """Return every place whose tag differs, by kind and name."""
    return tuple(
        TagChange(kind, name, old, new)
        for kind in sorted({*before, *after})
        for name in sorted({*before.get(kind, {}), *after.get(kind, {})})
        if (old := before.get(kind, {}).get(name)) != (new := after.get(kind, {}).get(name))
    )


def untold(changes: Iterable[TagChange], texts: Iterable[str]) -> tuple[TagChange, ...]:
    """Return the changes that none of the texts names."""
    known = tuple(texts)
    return tuple(change for change in changes if not any(change.is_named_in(text) for text in known))


def _as_data(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(str(member.value) for member in value)
    if isinstance(value, tuple):
        return list(value)
    if hasattr(value, "ground"):
        return {"ground": value.ground, "until": value.until}
    return getattr(value, "value", value)


def _line(parts: Parts) -> str:
    return json.dumps(parts, ensure_ascii=False)


def _shown(value: Any) -> str:
    """Return a part as people read it; nothing for a part that says nothing."""
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return "; ".join(str(one) for one in value.values())
    return "" if value is None else "yes" if value is True else str(value)
