"""One certificate: what it is, its chain to download, and its revocation."""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import Response

from api.kit.secrets import random_url_token
from api.pages.endpoint import Audience, Page
from api.pages.languages import later
from api.pages.outcome import Outcome
from api.pages.rendering import NO_STORE, SECURITY_HEADERS
from api.pages.visit import Visit

REASONS: Final = {
    "UNSPECIFIED": later("No particular reason"),
    "KEY_COMPROMISE": later("Somebody else may have the private key"),
    "SUPERSEDED": later("Another certificate took its place"),
    "CESSATION_OF_OPERATION": later("The name is given up"),
}
_CHAIN_TYPE: Final = "application/pem-certificate-chain"  # RFC 8555 section 9.1


async def show(visit: Visit, outcome: Outcome | None = None) -> Response:
    """Show the certificate."""
    certificate, _ = await visit.read_node("certificates/CertificateDetails", visit.path_part("certificate_id"))
    return visit.render(
        "certificates/certificate.html",
        outcome.status if outcome else 200,
        form=visit.form(outcome),
        certificate=certificate,
        reasons=REASONS,
        idempotency_key=visit.fields.text("idempotencyKey") or random_url_token(),
    )


async def download(visit: Visit) -> Response:
    """Send the chain as a file."""
    certificate, _ = await visit.read_node("certificates/CertificateChain", visit.path_part("certificate_id"))
    name = re.sub(r"[^a-z0-9.-]", "_", certificate["names"][0].lower().replace("*", "wildcard"))
    disposition = {"content-disposition": f'attachment; filename="{name}.pem"'}
    headers = {**SECURITY_HEADERS, **NO_STORE, **disposition}
    return Response(certificate["chainPem"], media_type=_CHAIN_TYPE, headers=headers)


async def revoke(visit: Visit) -> Response:
    """Revoke the certificate at its authority."""
    certificate_id = visit.path_part("certificate_id")
    asked = visit.fields.text("reason")
    outcome = await visit.change(
        "certificates/RevokeCertificate",
        certificateId=certificate_id,
        reason=asked if asked in REASONS else "UNSPECIFIED",
        idempotencyKey=visit.fields.text("idempotencyKey"),
    )
    if outcome.refusals:
        return await show(visit, outcome)
    return visit.redirect(f"/account/certificates/{certificate_id}?done=revoked")


PAGES: Final = (
    Page("/account/certificates/{certificate_id}", Audience.HOLDERS, show),
    Page("/account/certificates/{certificate_id}/chain.pem", Audience.HOLDERS, download),
    Page("/account/certificates/{certificate_id}/revoke", Audience.HOLDERS, act=revoke),
)
