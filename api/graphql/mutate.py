"""Run a mutation: one unit of work, and whatever it refuses becomes data.

Faults of ours are not caught here; they become `INTERNAL` at the edge, with nothing kept.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import strawberry

from api.graphql.context import Context
from api.graphql.errors import UserError, as_data
from api.work import Work
from governance.errors import GovernanceError, SafeError

Info = strawberry.Info[Context, None]
Payload_co = TypeVar("Payload_co", covariant=True)


class MakesPayload(Protocol[Payload_co]):
    """A payload type: every field besides `errors` has a default."""

    def __call__(self, *, errors: list[UserError]) -> Payload_co:
        """Return the payload of a mutation that did nothing."""
        ...


async def in_one_transaction(
    info: Info, payload: MakesPayload[Payload_co], act: Callable[[Work], Awaitable[Payload_co]]
) -> Payload_co:
    """Commit what `act` did when it returns; on a refusal keep nothing and return the typed error."""
    context = info.context
    try:
        async with context.works.open(context.viewer) as work:
            return await act(work)
    except GovernanceError:
        raise
    except SafeError as error:
        return payload(errors=[as_data(error)])


async def outside(payload: MakesPayload[Payload_co], act: Callable[[], Awaitable[Payload_co]]) -> Payload_co:
    """Do the same for a service that opens its own units of work, because it waits for others between them."""
    try:
        return await act()
    except GovernanceError:
        raise
    except SafeError as error:
        return payload(errors=[as_data(error)])
