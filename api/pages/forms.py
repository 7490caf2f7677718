"""What a browser sends with a form: bounded, of one content type, in text that can be stored, from our own page.

A form is believed when the browser does not say that another site sent it, and when it carries our token: bound to the
session where there is one, to the form where there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs

from api.auth.csrf import sent_by_own_page
from api.pages.languages import later
from api.pages.outcome import PageStopped, Refusal

CSRF_FIELD: Final = "csrfToken"
FORM_FIELD: Final = "formToken"
SIZE_LIMIT: Final = 1 << 20
_FIELDS_LIMIT: Final = 200
_READ_SECONDS: Final = 20.0
_CONTENT_TYPE: Final = "application/x-www-form-urlencoded"
_UNREADABLE: Final = later("The form could not be read, so nothing was changed. Load the page again and send it again.")
_TOO_LARGE: Final = later("The form is larger than any of ours can be, so it was not read. Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a form that was sent; a field may occur several times."""

    values: Mapping[str, list[str]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return the last value of a field, or an empty text."""
        return self.values.get(name, [""])[-1]

    def optional(self, name: str) -> str | None:
        """Return the value, or None if it is blank."""
        return self.text(name).strip() or None

    def checked(self, name: str) -> bool:
        """Tell whether a box was ticked."""
        return name in self.values

    def all(self, name: str) -> list[str]:
        """Return every value of a field."""
        return list(self.values.get(name, ()))

    def without(self, *names: str) -> Fields:
        """Return the fields less some, such as passwords, which are never shown again."""
        return Fields({name: value for name, value in self.values.items() if name not in names})


@dataclass(frozen=True, slots=True)
class Form:
    """A form as a template draws it: what was typed, and what was refused."""

    fields: Fields = field(default_factory=Fields)
    refusals: tuple[Refusal, ...] = ()
    sent: bool = False

    @property
    def fresh(self) -> bool:
        """Tell a form that nobody has sent yet."""
        return not self.sent

    def value(self, name: str, default: str | None = "") -> str:
        """Return what was typed, or the default in a fresh form."""
        return (default or "") if self.fresh else self.fields.text(name)

    def ticked(self, name: str, default: bool = False) -> bool:
        """Tell whether a box is to be drawn ticked."""
        return default if self.fresh else self.fields.checked(name)

    def chosen(self, name: str, value: str) -> bool:
        """Tell whether one of several boxes of a name is to be drawn ticked."""
        return value in self.fields.all(name)

    def problem(self, name: str) -> Refusal | None:
        """Return what was refused about a field."""
        return next((refusal for refusal in self.refusals if refusal.field == name), None)


async def read_fields(content_type: str, chunks: AsyncIterator[bytes]) -> Fields:
    """Read the body; raise `PageStopped` for one that is too large, of another type, or not text."""
    if content_type.partition(";")[0].strip().lower() != _CONTENT_TYPE:
        raise PageStopped(Refusal("BAD_REQUEST", _UNREADABLE))
    body = bytearray()
    try:
        async with asyncio.timeout(_READ_SECONDS):
            async for chunk in chunks:
                body += chunk
                if len(body) > SIZE_LIMIT:
                    raise PageStopped(Refusal("BODY_TOO_LARGE", _TOO_LARGE))
    except TimeoutError:
        raise PageStopped(Refusal("BAD_REQUEST", _UNREADABLE)) from None
    try:
        pairs = parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_LIMIT)
    except ValueError:
        raise PageStopped(Refusal("BAD_REQUEST", _UNREADABLE)) from None
    if any("\x00" in text for name, values in pairs.items() for text in (name, *values)):
        raise PageStopped(Refusal("BAD_REQUEST", _UNREADABLE))
    return Fields(pairs)


def sent_by_us(headers: Mapping[str, str], own_origin: str) -> bool:
    """Read what the browser says of the sender.

    Our pages send no referrer, for which browsers write `Origin: null` (Fetch standard, 3.2); then their
    `Sec-Fetch-Site` has to say that it was our own page.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin == "null":
        return site == "same-origin"
    return sent_by_own_page(own_origin=own_origin, origin=origin, sec_fetch_site=site)
