"""The register of recipients: which organisation, where, for which purposes, under which contract (X-5, Art. 30(1)(d)).

The rule: an entry is approved only with a contract, and outside of the European Economic Area only with a safeguard
(GDPR Art. 46) or the name of the adequacy decision (Art. 45); an entry that ended is never approved again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from api.accounts.errors import AlreadyDone, SettingRefused
from api.accounts.values import parse_country, parse_line
from api.models import Purpose, RecipientId, RecipientRow
from api.work import Work
from governance.audit.event import EventKind
from governance.ids import new_id

EEA: Final = frozenset(
    {
        *("AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT"),
        *("LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI", "NO"),
    }
)
_CODE: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?")
_LONGEST_NAME: Final = 120
_LONGEST_DESCRIPTION: Final = 300
_LONGEST_SAFEGUARD: Final = 200


@dataclass(frozen=True, slots=True)
class NewRecipient:
    """An entry as the operator writes it. `code` is permanent: disclosures name the recipient by it."""

    code: str
    name: str
    description: str
    country: str
    purposes: tuple[str, ...]


async def add_recipient(work: Work, asked: NewRecipient, *, kind: str) -> RecipientRow:
    """Enter an organisation, not approved yet; raise `AlreadyDone` if the code is taken. The caller has checked who."""
    if not _CODE.fullmatch(asked.code):
        raise SettingRefused(
            "A code has 1 to 48 of a to z, 0 to 9 and hyphens between them. Nothing was entered.",
            rule="recipient-code",
            field=("code",),
        )
    row = RecipientRow(
        id=RecipientId(new_id(work.clock)),
        code=asked.code,
        name=_line(asked.name, "name", _LONGEST_NAME),
        kind=kind,
        description=_line(asked.description, "description", _LONGEST_DESCRIPTION),
        purposes=_purposes(asked.purposes),
        country=_country(asked.country),
        created_at=work.clock.now(),
    )
    await work.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"recipient {row.code}", 0))))
    if await work.session.scalar(select(RecipientRow.id).where(RecipientRow.code == row.code)):
        raise AlreadyDone("There is a recipient with this code. Nothing was entered.")
    work.session.add(row)
    await work.session.flush()
    return row


async def approve_recipient(
    work: Work, row: RecipientRow, *, contract_reference: str, safeguard: str | None
) -> RecipientRow:
    """Approve an entry, or renew what it rests on; who approved is kept by pseudonym, none for the command line."""
    if row.ended_at is not None:
        raise AlreadyDone("This entry of the register has ended, so nothing was changed. Make a new one.")
    row.contract_reference = _line(contract_reference, "contractReference", _LONGEST_NAME)
    row.safeguard = parse_line(safeguard, field="safeguard", longest=_LONGEST_SAFEGUARD)
    if row.country not in EEA and row.safeguard is None:
        raise SettingRefused(
            "The recipient is outside of the European Economic Area. Name the safeguard, such as the standard "
            "contractual clauses, or the adequacy decision (GDPR Art. 45, 46). Nothing was approved.",
            rule="safeguard",
            field=("safeguard",),
        )
    row.approved_at = work.clock.now()
    row.approved_by = work.viewer.person.pseudonym if work.viewer.person else None
    await work.session.flush()
    about = [work.viewer.person] if work.viewer.person else []
    await work.record(
        EventKind.ADMINISTRATION,
        "approveRecipient",
        RecipientRow.approved_at,
        RecipientRow.approved_by,
        about=about,
        clauses=["X-5"],
        rows={"recipient": 1},
    )
    return row


def end_recipient(work: Work, row: RecipientRow) -> None:
    """End an entry: nothing leaves for it from the moment this commits."""
    if row.ended_at is None:
        row.ended_at = work.clock.now()


def _line(typed: str, field: str, longest: int) -> str:
    line = parse_line(typed, field=field, longest=longest)
    if line is None:
        raise SettingRefused("This may not be empty. Nothing was changed.", rule="required", field=(field,))
    return line


def _country(typed: str) -> str:
    country = parse_country(typed)
    if country is None:
        raise SettingRefused("Name the country. Nothing was entered.", rule="required", field=("country",))
    return country


def _purposes(asked: tuple[str, ...]) -> list[str]:
    known = {str(purpose.value) for purpose in Purpose}
    if not asked or not set(asked) <= known:
        raise SettingRefused(
            f"Name one purpose or several of: {', '.join(sorted(known))}. Nothing was entered.",
            rule="purpose",
            field=("purposes",),
        )
    return sorted(set(asked))
