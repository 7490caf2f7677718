"""What a holder changes about themselves: the columns tagged `self_editable`, save the address (clause 8.2-b).

The rule: all changes are made or none, and the record names exactly the columns that changed; old values are not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from api.accounts.access import require_holder
from api.accounts.errors import SettingRefused
from api.accounts.values import (
    parse_company_name,
    parse_country,
    parse_display_mode,
    parse_display_name,
    parse_language,
    parse_time_zone,
)
from api.models import AccountRow
from api.work import Column, Work
from governance.audit.event import EventKind


class Unset(Enum):
    """The one value that means: leave it as it is."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChange:
    """What is to change. None clears a name, company or country and is refused elsewhere."""

    display_name: str | Unset | None = UNSET
    company_name: str | Unset | None = UNSET
    country: str | Unset | None = UNSET
    language: str | Unset = UNSET
    time_zone: str | Unset = UNSET
    display_mode: str | Unset = UNSET
    notify_expiry: bool | Unset = UNSET
    notify_failure: bool | Unset = UNSET
    notify_installation: bool | Unset = UNSET


@dataclass(frozen=True, slots=True)
class _Setting:
    column: Column
    read: Callable[[Any], Any]
    wire_name: str
    clearable: bool = False


def _switch(value: Any) -> bool:
    return bool(value)


_SETTINGS: Final[Mapping[str, _Setting]] = MappingProxyType(
    {
        "display_name": _Setting(AccountRow.display_name, parse_display_name, "displayName", clearable=True),
        "company_name": _Setting(AccountRow.company_name, parse_company_name, "companyName", clearable=True),
        "country": _Setting(AccountRow.country, parse_country, "country", clearable=True),
        "language": _Setting(AccountRow.language, parse_language, "language"),
        "time_zone": _Setting(AccountRow.time_zone, parse_time_zone, "timeZone"),
        "display_mode": _Setting(AccountRow.display_mode, parse_display_mode, "displayMode"),
        "notify_expiry": _Setting(AccountRow.notify_expiry, _switch, "notifyExpiry"),
        "notify_failure": _Setting(AccountRow.notify_failure, _switch, "notifyFailure"),
        "notify_installation": _Setting(AccountRow.notify_installation, _switch, "notifyInstallation"),
    }
)


async def update_settings(work: Work, change: SettingsChange) -> AccountRow:
    """Change settings; raise `SettingRefused`, with nothing changed, if one of them cannot be."""
    wanted = {name: _read(name, value) for name in _SETTINGS if (value := getattr(change, name)) is not UNSET}
    holder = await require_holder(work, "account:write")
    different = {name: value for name, value in wanted.items() if getattr(holder.account, name) != value}
    for name, value in different.items():
        setattr(holder.account, name, value)
    if different:
        await work.session.flush()
        await work.record(
            EventKind.CHANGE,
            "updateSettings",
            *(_SETTINGS[name].column for name in different),
            about=[holder.person],
            clauses=["8.2-b"],
            rows={"account": 1},
        )
    return holder.account


def _read(name: str, value: Any) -> Any:
    setting = _SETTINGS[name]
    if value is None and not setting.clearable:
        raise SettingRefused(
            "This setting always has a value. Nothing was changed.", rule="required", field=(setting.wire_name,)
        )
    return setting.read(value)
