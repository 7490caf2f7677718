"""The ACME client (RFC 8555): one request of the order machine in, one event out.

The rule: `perform` raises nothing; it neither decides nor remembers anything about an order.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final

from api.issuance.account_key import CaAccountKey, unpadded
from api.issuance.advice import advice
from api.issuance.answers import Context, read_authorization, read_certificate, read_chain, read_challenge, read_order
from api.issuance.authority import CaAccount, CaDescription, RevocationReason
from api.issuance.errors import CaProblem, CaUnreachable, IssuanceError
from api.issuance.jws import sign_request
from api.issuance.nonces import NoncePool
from api.issuance.order_messages import (
    CaAnswer,
    CaRequest,
    DownloadCertificate,
    FetchAuthorization,
    FetchOrder,
    Finalize,
    NewOrder,
    RequestFailed,
    RespondToChallenge,
)
from api.issuance.problems import Problem, own_problem
from api.issuance.retry_after import read_retry_after
from api.issuance.transport import Answer, Transport
from api.issuance.wire import (
    DirectoryDocument,
    decode,
    decode_problem,
)
from governance.clock import Clock

NONCE_TRIES: Final = 100
"""At 90 % rejection one request in 38,000 needs more; each try costs one round trip."""
NONCE_PATIENCE: Final = timedelta(seconds=60)
"""How long one request may go on about its nonce."""
DIRECTORY_LIFETIME: Final = timedelta(hours=6)

_RETRYABLE_NAMES: Final = frozenset({"badNonce", "rateLimited", "serverInternal", "unreachable", "protocol"})
_RETRYABLE_STATUS: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class AcmeAuthority:
    """An authority over the network (`CertificateAuthority`). One per process and authority; close it at the end."""

    def __init__(self, description: CaDescription, clock: Clock) -> None:
        self.description = description
        self._clock = clock
        self._transport = Transport(description)
        self._nonces = NoncePool()
        self._directory: DirectoryDocument | None = None
        self._directory_until = clock.now()
        self._directory_lock = asyncio.Lock()

    async def close(self) -> None:
        """End all connections."""
        await self._transport.close()

    async def perform(self, request: CaRequest, account: CaAccount) -> CaAnswer:
        """Carry out one request of the order machine."""
        try:
            return await self._perform(request, account)
        except IssuanceError as error:
            problem = error.problem or own_problem("unreachable", "The authority did not answer.")
            return RequestFailed(self._clock.now(), request, problem, retryable=is_retryable(problem))

    async def _perform(self, request: CaRequest, account: CaAccount) -> CaAnswer:
        match request:
            case NewOrder():
                directory = await self.directory()
                answer = await self._post(directory.newOrder, _order_payload(request, directory), account)
                return read_order(request, answer, self._location(answer), self._context())
            case FetchOrder():
                answer = await self._post(request.url, None, account)
                return read_order(request, answer, request.url, self._context())
            case Finalize():
                answer = await self._post(request.url, {"csr": unpadded(request.csr_der)}, account)
                return read_order(request, answer, request.url, self._context())
            case FetchAuthorization():
                return read_authorization(request, await self._post(request.url, None, account), self._context())
            case RespondToChallenge():
                return read_challenge(request, await self._post(request.url, {}, account), self._context())
            case DownloadCertificate():
                return read_certificate(request, await self._post(request.url, None, account), self._context())

    async def register(self, account_key: CaAccountKey, *, terms_agreed: bool) -> CaAccount:
        """Open an account without a contact address, or find the one this key has (section 7.3)."""
        payload = {"termsOfServiceAgreed": terms_agreed}
        directory = await self.directory()
        answer = await self._post_signed(directory.newAccount, payload, account_key, account_url=None)
        return CaAccount(self._location(answer), account_key)

    async def find_account(self, account_key: CaAccountKey) -> CaAccount | None:
        """Find the account of this key; None when the authority knows none (section 7.3.1)."""
        directory = await self.directory()
        try:
            answer = await self._post_signed(
                directory.newAccount, {"onlyReturnExisting": True}, account_key, account_url=None
            )
        except CaProblem as error:
            if error.problem is not None and error.problem.name == "accountDoesNotExist":
                return None
            raise
        return CaAccount(self._location(answer), account_key)

    async def revoke(self, certificate_der: bytes, reason: RevocationReason, account: CaAccount) -> None:
        """Revoke a certificate this account got (section 7.6)."""
        directory = await self.directory()
        payload = {"certificate": unpadded(certificate_der), "reason": int(reason)}
        await self._post(directory.revokeCert, payload, account)

    async def fetch_chain(self, url: str, account: CaAccount) -> str:
        """Download a chain in PEM; nothing about it is checked."""
        return read_chain(await self._post(url, None, account))

    async def terms_url(self) -> str | None:
        """Return the terms the operator configured, else those of the directory."""
        told = (await self.directory()).meta.get("termsOfService")
        return self.description.terms_url or (told if isinstance(told, str) else None)

    async def directory(self) -> DirectoryDocument:
        """Return the directory, fetched a few times a day; every URL in it is the authority's own."""
        async with self._directory_lock:
            if self._directory is None or self._clock.now() >= self._directory_until:
                answer = await self._transport.send("GET", self.description.directory_url)
                self._raise_for_problem(answer)
                found = decode(answer.body, DirectoryDocument)
                for url in (found.newNonce, found.newAccount, found.newOrder, found.revokeCert):
                    self._transport.origin.check(url)
                self._directory, self._directory_until = found, self._clock.now() + DIRECTORY_LIFETIME
            return self._directory

    async def _post(self, url: str, payload: dict[str, Any] | None, account: CaAccount) -> Answer:
        return await self._post_signed(url, payload, account.account_key, account_url=account.url)

    async def _post_signed(
        self, url: str, payload: dict[str, Any] | None, account_key: CaAccountKey, *, account_url: str | None
    ) -> Answer:
        """Sign and send; repeat with the nonce of the refusal while it is only the nonce that is refused (6.5)."""
        self._transport.origin.check(url)
        nonce = await self._nonce()
        patience = self._clock.now() + NONCE_PATIENCE
        for _ in range(NONCE_TRIES):
            body = sign_request(account_key, url=url, nonce=nonce, payload=payload, account_url=account_url)
            answer = await self._transport.send("POST", url, body)
            now = self._clock.now()
            self._nonces.keep(answer.headers.get("Replay-Nonce"), now)
            if not _is_bad_nonce(answer) or now > patience:
                break
            nonce = self._nonces.take(now) or await self._nonce()
        self._raise_for_problem(answer)
        return answer

    async def _nonce(self) -> str:
        nonce = self._nonces.take(self._clock.now())
        if nonce is not None:
            return nonce
        directory = await self.directory()
        answer = await self._transport.send("HEAD", directory.newNonce)
        self._raise_for_problem(answer)
        now = self._clock.now()
        if self._nonces.keep(answer.headers.get("Replay-Nonce"), now) is None:
            raise _protocol("The authority gave no nonce.")
        return self._nonces.take(now) or ""

    def _raise_for_problem(self, answer: Answer) -> None:
        if 200 <= answer.status < 300:  # noqa: PLR2004 - RFC 9110
            return
        if 300 <= answer.status < 400:  # noqa: PLR2004 - RFC 9110
            problem = own_problem("redirect", "The authority redirects, which is not followed.")
            raise CaUnreachable(advice(problem), problem=problem)
        retry_at = read_retry_after(answer.headers.get("Retry-After"), self._clock.now())
        problem = decode_problem(answer.body, answer.status, retry_at)
        raise CaProblem(advice(problem), problem=problem)

    def _context(self) -> Context:
        return Context(self._transport.origin, self._clock.now())

    def _location(self, answer: Answer) -> str:
        return self._transport.origin.check(answer.headers.get("Location", ""))


def is_retryable(problem: Problem) -> bool:
    """Tell whether the same request may succeed later without a change by anybody here."""
    return problem.name in _RETRYABLE_NAMES or problem.status in _RETRYABLE_STATUS


def _order_payload(request: NewOrder, directory: DirectoryDocument) -> dict[str, Any]:
    """Send `replaces` only to an authority with ARI: others refuse the whole order for it (RFC 9773 section 5)."""
    payload: dict[str, Any] = {"identifiers": [{"type": "dns", "value": name} for name in request.names]}
    if request.profile is not None:
        payload["profile"] = request.profile
    if request.replaces is not None and directory.renewalInfo is not None:
        payload["replaces"] = request.replaces
    return payload


def _is_bad_nonce(answer: Answer) -> bool:
    return answer.status == 400 and decode_problem(answer.body, 400, None).name == "badNonce"  # noqa: PLR2004


def _protocol(detail: str) -> CaUnreachable:
    problem = own_problem("protocol", detail)
    return CaUnreachable(advice(problem), problem=problem)
