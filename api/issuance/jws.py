"""Signed requests (RFC 8555 section 6.2, RFC 7515 flattened JSON).

The rule: every signature covers the exact URL it is sent to and one nonce that is never used again.
"""

from __future__ import annotations

from typing import Any

import msgspec

from api.issuance.account_key import CaAccountKey, unpadded


def sign_request(
    account_key: CaAccountKey, *, url: str, nonce: str, payload: dict[str, Any] | None, account_url: str | None
) -> bytes:
    """Return the body to POST. A payload of None is POST-as-GET (section 6.3), `{}` is an empty object: not the same.

    Without `account_url` the public key itself is sent, as newAccount wants.
    """
    header: dict[str, Any] = {"alg": "ES256", "nonce": nonce, "url": url}
    header |= {"jwk": account_key.jwk} if account_url is None else {"kid": account_url}
    protected = unpadded(msgspec.json.encode(header))
    content = "" if payload is None else unpadded(msgspec.json.encode(payload))
    signature = unpadded(account_key.sign(f"{protected}.{content}".encode("ascii")))
    return msgspec.json.encode({"protected": protected, "payload": content, "signature": signature})
