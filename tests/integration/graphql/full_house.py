"""An account with many rows of every kind: gaps, pages, nulls, and texts that try to break out of JSON."""

from __future__ import annotations

import hashlib
import random
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
from tests.support.platform import Site

WILD = (
    'say "yes" \\ or \\"no\\"',
    "line\nbreak\tand \r return",
    "\u0001\u0002\u0003\u0004\u001f\u007f",
    "\u2028\u2029 \ufeff é ü ß 漢字 \U0001f512",
    "</script>' or 1=1 --",
    '}],"errors":[{',
    "",
    "plain",
)
_STATES = ("REQUESTED", "PENDING", "VALIDATING", "FINALIZING", "VALID", "INVALID")


class House:
    """Fills one account; `ids` are the opaque ids of its rows."""

    def __init__(self, site: Site, seed: int) -> None:
        self._site = site
        self._random = random.Random(seed)  # noqa: S311 - nothing secret
        self.ids: list[str] = []

    async def filled(self, name: str) -> Someone:
        """Write everything; return the holder."""
        platform = self._site.platform
        someone = await holder(platform, f"{name}@example.org", display_name=self._wild(80), company_name=None)
        for _ in range(3):
            session_id, _ = await session_of(platform, someone, user_agent=self._wild(300))
            token_id, _ = await api_token_of(platform, someone, name=self._wild(80))
            self.ids += [encode_id("Session", session_id), encode_id("ApiToken", token_id)]
        self.ids.append(encode_id("Account", someone.account_id))  # type: ignore[arg-type]
        async with platform.works.open(Viewer(Role.JOB)) as work:
            for table, values in self._rows(someone, name):
                await work.session.execute(insert(table).values(values))
        return someone

    def _wild(self, longest: int) -> str:
        return self._random.choice(WILD)[:longest]

    def _some(self, value: Any) -> Any:
        return value if self._random.random() < 0.6 else None

    def _new(self, kind: str) -> Any:
        made = new_id(self._site.core.clock)
        if kind:
            self.ids.append(encode_id(kind, made))
        return made

    def _rows(self, someone: Someone, name: str) -> list[tuple[Any, dict[str, Any]]]:
        now = self._site.core.clock.now()
        own = {"account_id": someone.account_id, "created_at": now - timedelta(microseconds=self._random.randint(0, 9))}
        rows: list[tuple[Any, dict[str, Any]]] = []
        domains = [f"{'*.' if number % 3 == 0 else ''}d{number}.{name}.example.org" for number in range(7)]
        for domain in domains:
            row_id = self._new("Domain")
            rows.append((DomainRow, own | {"id": row_id, "name": domain, "name_unicode": self._wild(253)}))
            rows += [(DomainValidationRow, self._validation(row_id)) for _ in range(self._random.randint(0, 3))]
        agents = [self._agent(own) for _ in range(2)]
        certificates = [self._certificate(own, domains) for _ in range(8)]
        rows += [(AgentRow, one) for one in agents] + [(CertificateRow, one) for one in certificates]
        rows += [(InstallationRow, self._installation(agent, one)) for agent in agents for one in certificates[:3]]
        for _ in range(6):
            rows += self._order(own, self._some(certificates[0]["id"]), domains)
        rows += [(SecurityEventRow, self._event(someone)) for _ in range(4)]
        return rows

    def _validation(self, domain_id: Any) -> dict[str, Any]:
        now = self._site.core.clock.now()
        made = {"id": self._new(""), "domain_id": domain_id, "authority": self._wild(64), "method": "http-01"}
        return made | {"validated_at": now, "valid_until": self._some(now + timedelta(seconds=0.5))}

    def _agent(self, own: dict[str, Any]) -> dict[str, Any]:
        made = {"id": self._new("Agent"), "label": self._wild(80), "host_name": self._wild(250), "agent_version": "1"}
        contact = self._some(own["created_at"])
        return own | made | {"operating_system": "x", "web_server": self._some("nginx"), "last_contact_at": contact}

    def _certificate(self, own: dict[str, Any], domains: list[str]) -> dict[str, Any]:
        now, number = own["created_at"], self._random.getrandbits(64)
        names = self._random.sample(domains, k=self._random.randint(1, 3))
        return own | {
            "id": self._new("Certificate"),
            "authority": self._wild(64),
            "names": names,
            "serial_number": f"{number:x}",
            "fingerprint_sha256": hashlib.sha256(str(number).encode()).hexdigest(),
            "public_key_sha256": "cd" * 32,
            "issuer_name": self._wild(90),
            "chain_pem": self._wild(99) * 30,
            "not_before": now,
            "not_after": now + timedelta(days=self._random.randint(-9, 90)),
            "revoked_at": self._some(now),
            "revocation_reason": self._some("SUPERSEDED"),
        }

    def _installation(self, agent: dict[str, Any], certificate: dict[str, Any]) -> dict[str, Any]:
        now = self._site.core.clock.now()
        target = f"{certificate['serial_number']}{self._wild(200)}"
        made = {"agent_id": agent["id"], "certificate_id": certificate["id"], "target_name": target}
        return made | {"fingerprint_sha256": self._wild(64), "installed_at": now, "reported_at": now}

    def _problem(self) -> dict[str, Any] | None:
        parts = [{"type": "about:blank", "detail": self._wild(99), "identifier": self._some("a.org")} for _ in range(2)]
        return self._some(
            {
                "type": "urn:ietf:params:acme:error:dns",
                "status": self._some(400),
                "detail": self._some(self._wild(99)),
                "retry_at": self._some("2026-11-23T13:00:00+00:00"),
                "subproblems": self._some(parts),
            }
        )

    def _order(self, own: dict[str, Any], certificate_id: Any, domains: list[str]) -> list[tuple[Any, dict[str, Any]]]:
        order_id, now = self._new("Order"), own["created_at"]
        state = self._random.choice(_STATES)
        order = own | {"id": order_id, "authority": self._wild(64), "names": domains[:2], "csr": b"x"}
        order |= {"csr_key_sha256": "x", "challenge_type": self._random.choice(("HTTP_01", "DNS_01")), "phase": "x"}
        order |= {"state": state, "attempts": 0, "polls": 0, "setback": False, "generation": 0}
        order |= {"certificate_id": certificate_id, "problem": self._problem(), "expires_at": self._some(now)}
        order |= {"ended_at": self._some(now), "resume_at": self._some(now)}
        rows: list[tuple[Any, dict[str, Any]]] = [(OrderRow, order)]
        for position in range(self._random.randint(0, 2)):
            place = {"order_id": order_id, "position": position, "url": "https://ca.invalid/x", "status": "valid"}
            name = self._some(domains[position])
            rows.append((AuthorizationRow, place | {"name": name, "wildcard": False, "expires_at": self._some(now)}))
            for number, kind in enumerate(("HTTP_01", "DNS_01", "HTTP_01")):
                challenge = {"order_id": order_id, "authorization_position": position, "position": number, "type": kind}
                challenge |= {"url": "x", "status": self._wild(64), "challenge_token": "t", "responses": 0}
                challenge |= {"confirmed": False, "http_path": self._some("/x"), "problem": self._problem()}
                rows.append((ChallengeRow, challenge))
        told = {"id": self._new(""), "account_id": own["account_id"], "order_id": order_id, "recipient": self._wild(64)}
        rows.append(
            (DisclosureRow, told | {"names": domains[:1], "fields": WILD[:3], "purpose": "ISSUANCE", "at": now})
        )
        return rows

    def _event(self, someone: Someone) -> dict[str, Any]:
        now = self._site.core.clock.now()
        made = {"id": self._new(""), "data_subject_id": someone.person.id, "kind": "sign_in", "succeeded": True}
        return made | {"address": "203.0.113.5", "user_agent": self._wild(300), "at": now, "expires_at": now}
