"""Whatever a holder with all scopes asks, nothing breaks and nothing of another tenant is in the answer."""

from __future__ import annotations

from collections import Counter

import pytest
from graphql import parse, validate

from api.graphql.schema import schema
from tests.integration.graphql.documents import Documents
from tests.support.platform import GRAPHQL_JSON, Site
from tests.support.tenants import tenant

DOCUMENTS = 400
SKIPPED = frozenset(
    {
        *("signOut", "auditEvents", "revokeCertificate"),
        *("signUp", "signIn", "staffSignIn", "changePassword", "resetPassword"),
    }
)
"""What ends the session, is not a holder's, calls the authority, or costs an Argon2 hash each time."""
FINE = {"INVALID_INPUT", "DOCUMENT_TOO_LARGE", "DOCUMENT_INVALID", "NOT_FOUND", "COST_TOO_HIGH"}


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 60))])
async def test_random_documents_break_nothing_and_show_nothing_foreign(own_site: Site, seed: int) -> None:
    holder, other = await tenant(own_site, f"canaryown{seed}"), await tenant(own_site, f"canaryforeign{seed}")
    # The ids of both, but not the own session's: a random document would end it, and the rest be refused.
    own = [value for kind, value in holder.ids.items() if kind != "Session"]
    documents = Documents(schema._schema, [*own, *other.ids.values(), "x"], seed)
    before = [row for rows in (await own_site.everything()).values() for row in rows if other.shows_in(row)]
    codes: Counter[str] = Counter()
    async with own_site.client() as client:
        for _ in range(DOCUMENTS // 4):
            document = documents.make(SKIPPED)
            sent = {"accept": GRAPHQL_JSON, **holder.browser.headers()}
            response = await client.post("/graphql", json={"query": document}, headers=sent)
            assert response.status_code in {200, 400}, document
            body = response.json()
            found = {error["extensions"]["code"] for error in body.get("errors", ())}
            assert found <= FINE, (found, document)
            assert not other.shows_in(response.text), document
            codes.update(found or {"answered"})
    assert codes["answered"] >= DOCUMENTS // 8, codes
    after = [row for rows in (await own_site.everything()).values() for row in rows if other.shows_in(row)]
    assert sorted(after) == sorted(before)


def test_the_documents_are_mostly_valid() -> None:
    documents = Documents(schema._schema, ["x"], 7)
    made = [documents.make() for _ in range(100)]
    valid = [text for text in made if not validate(schema._schema, parse(text))]
    assert len(valid) >= 50
    assert any("fragment" in text for text in valid)
    assert any(text.startswith("mutation") for text in valid)
