"""Obtain one certificate: order, prove control, receive, check, install, report.

One rule: what the next step needs is on the disk before the step that could be lost, so the same call after a kill
goes on where it stopped and orders nothing twice.
"""

from __future__ import annotations

from sslm_agent.await_order import AwaitOrder
from sslm_agent.chain import Chain, check_chain, parse_chain
from sslm_agent.challenges import HTTP_01, Placement
from sslm_agent.clock import Clock, SystemClock
from sslm_agent.enrolment import Enrolment
from sslm_agent.errors import AgentError, CertificateRefused, InvalidChoice, NotReported, NotServed, OrderFailed
from sslm_agent.home import Home
from sslm_agent.install import Installer
from sslm_agent.keys import KeyStore
from sslm_agent.live import Installation, LiveFolder
from sslm_agent.names import folder_name, normalise, probe_name
from sslm_agent.ordering import Ordering
from sslm_agent.orders import OrderStore, PendingOrder
from sslm_agent.probe import probe
from sslm_agent.progress import Progress, Silence
from sslm_agent.report import report_body
from sslm_agent.request import Acknowledge, CertificateRequest, Outcome, Surroundings

_RENEWED_BELOW = 3


def obtain(
    request: CertificateRequest,
    *,
    home: Home,
    enrolment: Enrolment,
    placement: Placement,
    acknowledge: Acknowledge,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> Outcome:
    """Obtain, install and report. Safe to repeat after any interruption; raises `AgentError` otherwise."""
    names = normalise(request.names)
    if placement.challenge_type == HTTP_01 and any(name.startswith("*.") for name in names):
        raise InvalidChoice("A wildcard is proved by DNS only. Nothing was ordered. Use --dns-hook or --dns.")
    around = Surroundings(home, enrolment, placement, acknowledge, progress or Silence(), clock or SystemClock())
    with home.lock(around.clock):
        return _Run(request, names, around).whole()


class _Run:
    """One locked run over one folder."""

    def __init__(self, request: CertificateRequest, names: tuple[str, ...], around: Surroundings) -> None:
        self._request = request
        self._names = names
        self._around = around
        self._server = around.enrolment.server()
        self._keys = KeyStore(around.home)
        self._orders = OrderStore(around.home, folder_name(names[0]))
        self._live = LiveFolder(around.home, folder_name(names[0]))
        self._ordering = Ordering(request, names, around, self._server, self._orders)

    def whole(self) -> Outcome:
        """Take every step that is still to be taken."""
        pending = self._ordering.resumable()
        if pending is None:
            installed = self._good_enough()
            if installed is not None:
                return Outcome(installed, ordered=False)
            pending = self._ordering.prepare()
        if pending.order_id is None:
            pending = self._ordering.order(pending)
        if pending.certificate_id is None:
            pending = self._receive(pending)
        return self._put_into_use(pending)

    def _good_enough(self) -> Installation | None:
        """Return what is installed if it needs no renewal yet: asking again would only use up the CA's quota."""
        installed = self._live.installation()
        if installed is None or self._request.renew_now or installed.leaf.names != frozenset(self._names):
            return None
        life = installed.leaf.not_after - installed.leaf.not_before
        left = installed.leaf.not_after - self._around.clock.now()
        known = {facts.public_key_sha256: facts.key_type for facts in self._keys.all()}
        same_type = known.get(installed.leaf.public_key_sha256) == self._request.key_type
        return installed if left * _RENEWED_BELOW > life and same_type else None

    def _receive(self, pending: PendingOrder) -> PendingOrder:
        around = self._around
        waiting = AwaitOrder(self._server, around.placement, around.progress, around.clock, self._request.seconds)
        try:
            issued = waiting.certificate(pending)
        except OrderFailed:
            self._ordering.drop(pending)
            raise
        chain = self._checked(issued.chain_pem.encode(), pending)
        if issued.fingerprint_sha256.replace(":", "").lower() != chain.leaf.fingerprint_sha256:
            raise CertificateRefused(
                "The platform names another fingerprint than the certificate it sent has. It was not installed; what "
                "was served before still is. Run the command again; if it happens twice, tell the operator."
            )
        around.progress.step("Received the certificate; key, names, dates and chain are right.")
        return self._orders.received(pending, issued.id, chain.pem())

    def _checked(self, data: bytes, pending: PendingOrder) -> Chain:
        chain = parse_chain(data)
        now = self._around.clock.now()
        check_chain(chain, names=pending.names, public_key_sha256=pending.public_key_sha256, now=now)
        return chain

    def _put_into_use(self, pending: PendingOrder) -> Outcome:
        chain = self._checked(self._orders.chain(), pending)
        installer = Installer(self._live, self._request.install, self._orders.folder, self._around.clock)
        installation = installer.install(
            chain,
            self._keys.private_key_pem(pending.public_key_sha256),
            certificate_id=pending.certificate_id or "",
            target_name=pending.target_name,
        )
        self._around.progress.step(f"Installed as {self._live.path / 'current'}.")
        not_served, not_reported = self._probe(installation), self._report()
        self._orders.forget()
        return Outcome(installation, ordered=True, incomplete=not_served or not_reported)

    def _probe(self, installation: Installation) -> AgentError | None:
        if self._request.probe_address is None:
            return None
        host, port = self._request.probe_address
        try:
            probe(host, port, probe_name(self._names[0]), installation.leaf.fingerprint_sha256, self._around.clock)
        except NotServed as error:
            return error
        self._around.progress.step(f"{host}:{port} serves it.")
        return None

    def _report(self) -> AgentError | None:
        try:
            self._server.report(report_body(self._around.home, self._around.enrolment))
        except AgentError as error:
            return NotReported(
                f"The certificate is installed and in use, but the platform was not told: {error.message} "
                "Run `sslm-agent report` later.",
                detail=error.detail,
                retry_at=error.retry_at,
            )
        self._around.progress.step("Reported the installed fingerprint.")
        return None
