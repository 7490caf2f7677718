"""An account with something in every table that a caller can read, each text holding a canary of its own.

Two tenants with different canaries show whether an answer to one ever holds anything of the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from api.graphql.nodes import encode_id
from api.models import (
    AgentRow,
    AuthorizationRow,
    CertificateRow,
    ChallengeRow,
    DisclosureRow,
    DomainRow,
    DomainValidationRow,
    InstallationRow,
    OrderRow,
    SecurityEventRow,
)
from api.viewer import Role, Viewer
from governance.ids import new_id
from tests.integration.auth.people import Someone, api_token_of, holder, session_of
from tests.support.platform import Browser, Site

Rows = list[tuple[Any, dict[str, Any]]]


@dataclass(frozen=True)
class Tenant:
    """One account holder, with a way in and the ids of what is theirs."""

    someone: Someone
    canary: str
    browser: Browser
    api_token: str
    ids: dict[str, str]

    def shows_in(self, text: str) -> bool:
        """Tell whether anything of this tenant stands in an answer."""
        return any(mark in text for mark in (self.canary, self.canary.encode().hex(), _digest(self.canary)))


async def tenant(site: Site, canary: str, **token: Any) -> Tenant:
    """Write an account full of `canary`; `token` are columns of its API token, which may do all by default."""
    platform = site.platform
    someone = await holder(
        platform, f"{canary}@example.org", display_name=f"{canary} name", company_name=f"{canary} company"
    )
    session_id, secret = await session_of(platform, someone, user_agent=f"{canary} browser")
    all_scopes = sorted(someone.viewer.grants.scopes)
    token_id, minted = await api_token_of(platform, someone, name=f"{canary} token", **({"scopes": all_scopes} | token))
    rows, ids = _rows(site, someone, canary)
    async with platform.works.open(Viewer(Role.JOB)) as work:
        for table, values in rows:
            await work.session.execute(insert(table).values(values))
    ids |= {
        "Account": encode_id("Account", someone.account_id),  # type: ignore[arg-type]
        "Session": encode_id("Session", session_id),
        "ApiToken": encode_id("ApiToken", token_id),
    }
    return Tenant(someone, canary, site.browser(secret), minted.text, {kind: str(value) for kind, value in ids.items()})


def _rows(site: Site, someone: Someone, canary: str) -> tuple[Rows, dict[str, str]]:
    clock, now = site.core.clock, site.core.clock.now()
    ids = {kind: new_id(clock) for kind in ("Domain", "Agent", "Certificate", "Order")}
    own = {"account_id": someone.account_id, "created_at": now}
    name = f"{canary}.example.org"
    rows: Rows = [
        (DomainRow, own | {"id": ids["Domain"], "name": name, "name_unicode": name}),
        (
            DomainValidationRow,
            {"id": new_id(clock), "domain_id": ids["Domain"], "authority": f"{canary} CA", "method": "http-01"}
            | {"validated_at": now, "valid_until": now + timedelta(days=30)},
        ),
        (
            AgentRow,
            own
            | {"id": ids["Agent"], "label": f"{canary} agent", "host_name": f"{canary} host", "agent_version": "0.1.0"}
            | {"operating_system": "Debian 12", "web_server": f"{canary} server"},
        ),
        (CertificateRow, own | _certificate(ids["Certificate"], canary, name) | _validity(now)),
        (OrderRow, own | _order(ids["Order"], ids["Certificate"], canary, name)),
        *_proofs(ids["Order"], canary, name),
        (
            DisclosureRow,
            {"id": new_id(clock), "account_id": someone.account_id, "order_id": ids["Order"], "names": [name]}
            | {"recipient": f"{canary} CA", "fields": [f"{canary}-field"], "purpose": "ISSUANCE", "at": now},
        ),
        (
            InstallationRow,
            {"agent_id": ids["Agent"], "certificate_id": ids["Certificate"], "target_name": f"{canary} place"}
            | {"fingerprint_sha256": _digest(canary), "installed_at": now, "reported_at": now},
        ),
        (
            SecurityEventRow,
            {"id": new_id(clock), "data_subject_id": someone.person.id, "kind": "sign_in", "succeeded": True}
            | {"address": "203.0.113.5", "user_agent": f"{canary} agent", "at": now}
            | {"expires_at": now + timedelta(days=90)},
        ),
    ]
    return rows, {kind: encode_id(kind, value) for kind, value in ids.items()}


def _digest(canary: str) -> str:
    return hashlib.sha256(canary.encode()).hexdigest()


def _validity(now: Any) -> dict[str, Any]:
    return {"not_before": now, "not_after": now + timedelta(days=90)}


def _certificate(row_id: Any, canary: str, name: str) -> dict[str, Any]:
    return {
        "id": row_id,
        "authority": f"{canary} CA",
        "names": [name],
        "serial_number": canary.encode().hex(),
        "fingerprint_sha256": _digest(canary),
        "public_key_sha256": "cd" * 32,
        "issuer_name": f"CN={canary}",
        "chain_pem": f"{canary} chain",
    }


def _order(row_id: Any, certificate_id: Any, canary: str, name: str) -> dict[str, Any]:
    return {
        "id": row_id,
        "authority": f"{canary} CA",
        "names": [name],
        "csr": canary.encode(),
        "csr_key_sha256": "cd" * 32,
        "challenge_type": "HTTP_01",
        "phase": "issued",
        "state": "VALID",
        "attempts": 0,
        "polls": 0,
        "setback": False,
        "generation": 0,
        "certificate_id": certificate_id,
        "problem": {
            "type": "urn:ietf:params:acme:error:dns",
            "status": 400,
            "detail": f"{canary} detail",
            "subproblems": [{"type": "about:blank", "detail": f"{canary} part", "identifier": name}],
        },
    }


def _proofs(order_id: Any, canary: str, name: str) -> Rows:
    place = {"order_id": order_id, "position": 0, "url": f"https://ca.invalid/{canary}", "status": "valid"}
    return [
        (AuthorizationRow, place | {"name": name, "wildcard": False}),
        (
            ChallengeRow,
            place
            | {"authorization_position": 0, "type": "HTTP_01", "challenge_token": f"{canary}-t", "responses": 1}
            | {"confirmed": True, "http_path": f"/{canary}", "http_content": f"{canary} content"},
        ),
    ]
