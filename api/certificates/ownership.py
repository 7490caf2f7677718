"""Whose proof a proof is: an authority sees one account of ours, so it would lend one holder's proof to another.

Authorities offer an account's valid authorizations, and unfinished orders for the same names, again to the same
account (RFC 8555 sections 7.1.4 and 7.4). All holders share the platform's account. The rule: an authorization
counts only for the account that proved it, and the URL of one never stands in orders of two accounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ARRAY, Text, bindparam, select, text

from api.certificates.store import AUTHORIZATIONS, ORDERS, HeldOrder
from api.db.sessions import ReadSession, WriteSession
from api.issuance.order import (
    AuthorizationAnswered,
    CaAnswer,
    FetchAuthorization,
    NewOrder,
    OrderAnswered,
    Phase,
    RequestFailed,
)
from api.issuance.problems import own_problem
from api.models import AccountId

FOREIGN: Final = "authorization-foreign"
_LOCK_URLS = text(
    "select pg_advisory_xact_lock(hashtextextended(url, 7306102)) from (select unnest(:urls) as url order by 1) as urls"
).bindparams(bindparam("urls", type_=ARRAY(Text())))
_OTHERS: Final = (
    select(AUTHORIZATIONS.c.order_id)
    .join(ORDERS, ORDERS.c.id == AUTHORIZATIONS.c.order_id)
    .where(AUTHORIZATIONS.c.url.in_(bindparam("urls", expanding=True)), ORDERS.c.account_id != bindparam("own_account"))
    .limit(1)
)
_EARLIER: Final = (
    select(AUTHORIZATIONS.c.order_id)
    .join(ORDERS, ORDERS.c.id == AUTHORIZATIONS.c.order_id)
    .where(AUTHORIZATIONS.c.url == bindparam("one_url"), AUTHORIZATIONS.c.status == "valid")
    .where(ORDERS.c.account_id == bindparam("own_account"), ORDERS.c.id != bindparam("own_order"))
    .limit(1)
)


async def judge_proofs(session: WriteSession, held: HeldOrder, event: CaAnswer) -> CaAnswer:
    """Return the event, or a refusal in its place when it would give this order somebody else's proof.

    Call it in the transaction that stores the event: URLs are locked until they are stored.
    """
    order, proof = held.order, "The authority offered a proof that is not this account's."
    if isinstance(event, OrderAnswered) and isinstance(event.request, NewOrder) and order.phase is Phase.REQUESTED:
        if await _stands_elsewhere(session, held.account_id, event.authorization_urls):
            problem = own_problem(FOREIGN, proof).until(event.expires_at)
            return RequestFailed(event.now, event.request, problem, retryable=False)
    elif isinstance(event, AuthorizationAnswered) and event.authorization.status == "valid":
        one = event.authorization
        known = next((each for each in order.authorizations if each.url == one.url), None)
        if known is not None and known.status == "unknown" and not await _was_proved(session, held, one.url):
            problem = own_problem(FOREIGN, proof).until(one.expires_at)
            return RequestFailed(event.now, FetchAuthorization(one.url), problem, retryable=False)
    return event


async def _stands_elsewhere(session: WriteSession, account_id: AccountId, urls: Sequence[str]) -> bool:
    await session.execute(_LOCK_URLS, {"urls": list(urls)})
    others = await session.execute(_OTHERS, {"urls": list(urls), "own_account": account_id})
    return others.one_or_none() is not None


async def _was_proved(session: ReadSession, held: HeldOrder, url: str) -> bool:
    """Tell whether an earlier order of this account made the proof."""
    own = {"one_url": url, "own_account": held.account_id, "own_order": held.id}
    return (await session.execute(_EARLIER, own)).one_or_none() is not None
