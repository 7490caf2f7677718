"""What mutations and fields call: the services of the rooms below, made once in the composition root."""

from __future__ import annotations

from dataclasses import dataclass

from api.accounts.parts import AccountParts
from api.certificates.parts import CertificateParts
from api.db.signals import Signals


@dataclass(frozen=True, slots=True)
class Services:
    """One process's services, the secret that binds CSRF tokens to sessions, and who follows which rows."""

    accounts: AccountParts
    certificates: CertificateParts
    csrf_secret: bytes
    signals: Signals
