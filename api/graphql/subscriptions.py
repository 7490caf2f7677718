"""What can be followed. Each field is a generator of objects; the operation is run once for each of them."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Final

import strawberry

from api.certificates.queries import certificate_of, order_of
from api.graphql.certificates import Certificate, Order
from api.graphql.nodes import row_id
from api.graphql.progress import Info, changed_ids, one_row, read_row
from api.graphql.scopes import RequiresScope
from governance.ids import Pseudonym

_READ: Final = [RequiresScope(scope="certificates:read")]
OrderNodeId = Annotated[strawberry.ID, strawberry.argument(description="The order's opaque id.")]
CertificateNodeId = Annotated[
    strawberry.ID | None, strawberry.argument(description="The certificate's opaque id; null for all of your account.")
]


@strawberry.type(description="What can be followed; each event is checked and recorded like a query.")
class Subscription:
    """What can be followed."""

    @strawberry.subscription(
        description=(
            "An order as it stands now, and again after each change; it completes when the order has ended. An id that "
            "is not one of your orders gives one null and completes."
        ),
        directives=_READ,
    )
    async def order_progress(self, info: Info, order_id: OrderNodeId) -> AsyncGenerator[Order | None, None]:
        """Follow one order."""
        async with aclosing(one_row(info, "order", row_id(order_id, "Order"), order_of)) as rows:
            async for row in rows:
                yield Order(row=row, about=_about(info)) if row is not None else None
                if row is not None and row.ended_at is not None:
                    return

    @strawberry.subscription(
        description=(
            "A certificate whenever one is issued, revoked or installed. With an id, that certificate as it stands now "
            "and after each change; an id that is not one of your certificates gives one null and completes."
        ),
        directives=_READ,
    )
    async def certificate_progress(
        self, info: Info, certificate_id: CertificateNodeId = None
    ) -> AsyncGenerator[Certificate | None, None]:
        """Follow one certificate, or those of the account."""
        account_id = info.context.viewer.account_id
        if certificate_id is not None or account_id is None:
            wanted = row_id(certificate_id or "", "Certificate")
            async with aclosing(one_row(info, "certificate", wanted, certificate_of)) as rows:
                async for row in rows:
                    yield _shown(info, row)
            return
        async with aclosing(changed_ids(info, account_id)) as ids:
            async for changed in ids:
                if (row := await read_row(info, changed, certificate_of)) is not None:
                    yield _shown(info, row)


def _shown(info: Info, row: Any) -> Certificate | None:
    return Certificate(row=row, about=_about(info)) if row is not None else None


def _about(info: Info) -> tuple[Pseudonym, ...]:
    person = info.context.viewer.holder
    return (person.pseudonym,) if person is not None else ()
