"""What mutations and fields call: the services of the rooms below, made once in the composition root."""

from __future__ import annotations

from dataclasses import dataclass

from api.accounts.parts import AccountParts
from api.certificates.parts import CertificateParts


@dataclass(frozen=True, slots=True)
class Services:
    """One process's services, and the secret that binds CSRF tokens to sessions."""

    accounts: AccountParts
    certificates: CertificateParts
    csrf_secret: bytes
