"""What the certificate services need beside a unit of work; made once in the composition root."""

from __future__ import annotations

from dataclasses import dataclass

from api.certificates.orders import OrderRules
from api.certificates.revocation import Revoker


@dataclass(frozen=True, slots=True)
class CertificateParts:
    """The rules of orders, the revoker, and which names may be added."""

    rules: OrderRules
    revoker: Revoker
    allow_reserved_names: bool = False
