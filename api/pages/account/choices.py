"""What the settings page offers to choose from: countries, languages and time zones, in the reader's language."""

from __future__ import annotations

from functools import cache
from typing import Final
from zoneinfo import available_timezones

from babel import Locale

from api.accounts.values import LANGUAGES, countries

_NOT_PLACES: Final = ("Etc/", "SystemV/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/")


@cache
def country_choices(language: str) -> tuple[tuple[str, str], ...]:
    """Return codes with names, sorted by name."""
    names = Locale.parse(language).territories
    return tuple(sorted(((code, str(names[code])) for code in countries()), key=lambda pair: pair[1]))


@cache
def language_choices() -> tuple[tuple[str, str], ...]:
    """Return codes with the name that speakers use."""
    return tuple((code, Locale.parse(code).get_display_name(code) or code) for code in LANGUAGES)


@cache
def time_zone_choices() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return zones by region; UTC is a region of its own."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(_NOT_PLACES))
    regions: dict[str, list[str]] = {"UTC": ["UTC"]}
    for zone in zones:
        regions.setdefault(zone.partition("/")[0], []).append(zone)
    return tuple((region, tuple(names)) for region, names in regions.items())
