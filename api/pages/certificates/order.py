"""One order: where it stands, what to place, what was disclosed for it, and why it stopped if it did."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.pages.endpoint import Audience, Page
from api.pages.outcome import Outcome
from api.pages.visit import Visit

STEPS: Final = ("REQUESTED", "PENDING", "VALIDATING", "FINALIZING", "VALID")
MOVING: Final = frozenset({"REQUESTED", "VALIDATING", "FINALIZING"})


async def show(visit: Visit, outcome: Outcome | None = None) -> Response:
    """Show the order. `watch=1` makes the browser look again every few seconds while the order moves by itself."""
    order, _ = await visit.read_node("certificates/OrderDetails", visit.path_part("order_id"))
    return visit.render(
        "certificates/order.html",
        outcome.status if outcome else 200,
        form=visit.form(outcome),
        order=order,
        steps=STEPS,
        moving=order["state"] in MOVING,
        watching=visit.query("watch") == "1" and order["state"] in MOVING,
    )


async def confirm(visit: Visit) -> Response:
    """Say that the challenges are in place."""
    order_id = visit.path_part("order_id")
    outcome = await visit.change("certificates/ConfirmChallenges", orderId=order_id)
    if outcome.refusals:
        return await show(visit, outcome)
    return visit.redirect(f"/account/orders/{order_id}?done=confirmed&watch=1")


PAGES: Final = (
    Page("/account/orders/{order_id}", Audience.HOLDERS, show),
    Page("/account/orders/{order_id}/confirm", Audience.HOLDERS, act=confirm),
)
