"""Add and remove domains. Who validated one, and until when, is written where an authority's answer is stored.

The rule: a refusal changes nothing, and every change is recorded in the transaction that makes it.
"""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from api.accounts.access import require_holder, require_scopes, require_verified
from api.domains.errors import DomainAlreadyAdded, DomainInUse, DomainNotFound
from api.domains.lists import domain_of
from api.domains.names import parse_domain
from api.domains.queries import has_open_order
from api.models import DomainId, DomainRow
from api.work import Work
from governance.audit.event import EventKind, Person
from governance.ids import new_id

_SCOPE = "domains:write"


async def add_domain(work: Work, typed: str, *, allow_reserved_names: bool = False) -> DomainRow:
    """Add a name to the viewer's account. Two spellings of one name are one; of two calls at once one is told so."""
    require_scopes(work.viewer, _SCOPE)
    holder = await require_verified(work)
    name = parse_domain(typed, allow_reserved_names=allow_reserved_names)
    statement = insert(DomainRow).values(
        id=new_id(work.clock),
        account_id=holder.account.id,
        name=name.ascii,
        name_unicode=name.unicode,
        created_at=work.clock.now(),
    )
    added = statement.on_conflict_do_nothing(index_elements=["account_id", "name"]).returning(DomainRow)
    row = (await work.session.scalars(added)).one_or_none()
    if row is None:
        raise DomainAlreadyAdded
    await _record(work, "addDomain", holder.person)
    return row


async def remove_domain(work: Work, domain_id: DomainId) -> DomainRow:
    """Forget a name and its validations; certificates stay. Refused while an order for it is open.

    The account is locked, as it is by whoever places an order: an order never loses its domain in between.
    """
    holder = await require_holder(work, _SCOPE)
    row = await domain_of(work.session, holder.account.id, domain_id)
    if row is None:
        raise DomainNotFound
    if await has_open_order(work.session, holder.account.id, row.name):
        raise DomainInUse
    await work.session.execute(delete(DomainRow).where(DomainRow.id == row.id))
    await _record(work, "removeDomain", holder.person)
    return row


async def _record(work: Work, operation: str, person: Person) -> None:
    await work.record(
        EventKind.CHANGE,
        operation,
        DomainRow.name,
        DomainRow.name_unicode,
        about=[person],
        clauses=["1.2-a"],
        rows={"Domain": 1},
    )
