"""The one header that is kept never holds a private key."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from api.http.origin import Origins
from governance.clock import ManualClock

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.clause("3.3-a")
def test_a_private_key_in_the_user_agent_is_not_kept() -> None:
    private_key = ec.generate_private_key(ec.SECP256R1())
    der = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    headers = {"user-agent": base64.b64encode(der).decode()}
    assert Origins((), ManualClock(NOON)).of({"client": ("192.0.2.7", 1)}, headers).user_agent == ""
