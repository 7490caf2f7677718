"""From a request to an order the platform knows: resume, or acknowledge, make the key, record, order.

One rule: the record with its idempotency key is on the disk before the order is sent, so a repetition is the same.
"""

from __future__ import annotations

from sslm_agent.answers import OrderNotices
from sslm_agent.errors import NoticesNotAcknowledged, OrderDiffers, ServerRefused
from sslm_agent.keys import KeyStore
from sslm_agent.orders import OrderStore, PendingOrder, new_idempotency_key
from sslm_agent.request import CertificateRequest, Surroundings
from sslm_agent.server import Server

# A payload error of these kinds ordered nothing, and the same input would be refused again.
_FINAL = frozenset({"InvalidInput", "NotFound", "AccessDenied", "RateLimited", "IssuanceFailure"})


class Ordering:
    """Makes and resumes the order of one folder."""

    def __init__(
        self,
        request: CertificateRequest,
        names: tuple[str, ...],
        around: Surroundings,
        server: Server,
        orders: OrderStore,
    ) -> None:
        self._request = request
        self._names = names
        self._around = around
        self._server = server
        self._orders = orders
        self._keys = KeyStore(around.home)

    def resumable(self) -> PendingOrder | None:
        """Return the unfinished order, if it is the one asked for; another one is never dropped silently."""
        if self._request.start_over:
            self._orders.forget()
        pending = self._orders.load()
        if pending is None:
            return None
        wanted = (frozenset(self._names), self._request.key_type, self._around.placement.challenge_type)
        if (frozenset(pending.names), pending.key_type, pending.challenge_type) != wanted:
            raise OrderDiffers(
                f"An unfinished order for {', '.join(pending.names)} ({pending.challenge_type}, {pending.key_type}) is "
                "kept here. Nothing was ordered. Repeat the command it was made with, or drop it by --start-over."
            )
        self._around.progress.step("Going on with the order that was interrupted.")
        return pending

    def prepare(self) -> PendingOrder:
        """Show the notices, make key and CSR, record what will be ordered."""
        notices = self._server.order_notices(self._names)
        if not self._around.acknowledge(notices):
            raise NoticesNotAcknowledged(
                "The notices were not acknowledged. Nothing was ordered and no key was made. "
                "Read them above, then answer yes or add --acknowledge-notices."
            )
        if self._request.add_domains:
            self._add_domains()
        key_type = self._request.key_type
        self._around.progress.step(f"Making a {key_type} private key; it stays in {self._around.home.path}.")
        facts = self._keys.create(key_type, self._names, self._around.clock)
        pending = PendingOrder(
            names=self._names,
            key_type=key_type,
            challenge_type=self._around.placement.challenge_type,
            public_key_sha256=facts.public_key_sha256,
            values=self._values(facts.public_key_sha256, notices),
            target_name=self._request.target_name or self._names[0],
        )
        return self._orders.record(pending)

    def _values(self, public_key_sha256: str, notices: OrderNotices) -> dict[str, object]:
        return {
            "csr": self._keys.request_pem(public_key_sha256),
            "challengeType": self._around.placement.challenge_type,
            "ctAcknowledged": True,
            "ctNoticeVersion": notices.certificate_transparency.version,
            "caNoticeAcknowledged": True,
            "caNoticeVersion": notices.certificate_authority.version,
            "idempotencyKey": new_idempotency_key(),
            "agentId": self._around.enrolment.agent_id,
        }

    def _add_domains(self) -> None:
        for name in self._names:
            try:
                self._server.add_domain(name)
            except ServerRefused as refusal:
                if refusal.kind != "Conflict":  # a conflict: the account has it already
                    raise
            else:
                self._around.progress.step(f"Added {name} to the account.")

    def order(self, pending: PendingOrder) -> PendingOrder:
        """Send the order as recorded and remember the platform's id for it."""
        self._around.progress.step(f"Ordering a certificate for {', '.join(pending.names)}.")
        try:
            order = self._server.order_certificate(pending.values)
        except ServerRefused as refusal:
            if refusal.kind in _FINAL:
                self.drop(pending)
            raise
        return self._orders.ordered(pending, order.id)

    def drop(self, pending: PendingOrder) -> None:
        """Forget an order that ended without a certificate, and the key made for it."""
        self._orders.forget()
        self._keys.remove(pending.public_key_sha256)
