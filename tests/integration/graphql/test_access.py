"""Who may do what: cookies need proof of origin, tokens need scopes, and a refusal reads and changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text

from api.auth.api_tokens import mint
from api.db.reading import ReaderPool
from api.viewer import Role
from tests.integration.auth.people import session_of, staff
from tests.support.platform import ORIGIN, Browser, Site
from tests.support.tenants import Tenant, tenant

CHANGE = 'mutation { updateSettings(input: {displayName: "changed"}) { account { id } errors { code } } }'
READ = "{ me { id } }"
ME = "{ me { email } }"
HIDDEN = """mutation { a: signOut { errors { code } } ...F }
fragment F on Mutation { b: addDomain(input: {name: "n.org"}) { domain { id } } }"""


def code_of(answer: dict[str, Any]) -> str:
    (error,) = answer["errors"]
    return str(error["extensions"]["code"])


def forged(browser: Browser, other: Browser) -> dict[str, dict[str, str]]:
    cookie = f"__Host-session={browser.session_secret}"
    return {
        "no CSRF token": browser.headers(**{"x-csrf-token": ""}),
        "a wrong one": browser.headers(**{"x-csrf-token": "A" * 22 + "." + "A" * 43}),
        "no CSRF cookie": browser.headers(cookie=cookie),
        "that of another session": browser.headers(
            **{"cookie": f"{cookie}; __Host-csrf={other.csrf_token}", "x-csrf-token": other.csrf_token}
        ),
        "the cookie twice": browser.headers(
            cookie=f"{cookie}; __Host-csrf={browser.csrf_token}; __Host-csrf={browser.csrf_token}"
        ),
        "another origin": browser.headers(origin="https://evil.example"),
        "our host on another port": browser.headers(origin="http://localhost:9999"),
        "an opaque origin": browser.headers(origin="null"),
        "another site, no origin": browser.headers(**{"origin": "", "sec-fetch-site": "cross-site"}),
        "a sister site": browser.headers(**{"origin": "", "sec-fetch-site": "same-site"}),
    }


async def test_a_cookie_alone_changes_nothing(shop: Site) -> None:
    victim, attacker = await tenant(shop, "canaryvictim"), await tenant(shop, "canaryattacker")
    before = await shop.everything()
    for how, headers in forged(victim.browser, attacker.browser).items():
        for document in (CHANGE, READ):
            response = await shop.post({"query": document}, headers)
            assert (response.status_code, code_of(response.json())) == (403, "REQUEST_FORGED"), how
            assert "set-cookie" not in response.headers
    assert await shop.everything() == before
    assert (await shop.ask(CHANGE, by=victim.browser))["data"]["updateSettings"]["errors"] == []


async def test_signing_in_from_elsewhere_is_refused_too(shop: Site) -> None:
    """A page of somebody else cannot sign a visitor in to an account of its own."""
    document = 'mutation { signIn(input: {email: "a@example.org", password: "x"}) { errors { code } } }'
    response = await shop.post({"query": document}, {"origin": "https://evil.example"})
    assert (response.status_code, code_of(response.json())) == (403, "REQUEST_FORGED")


async def test_an_unknown_session_is_nobody(shop: Site) -> None:
    assert (await shop.ask(READ, by=shop.browser("x" * 43))) == {"data": {"me": None}}


async def test_a_wrong_checksum_is_refused_without_the_database(shop: Site) -> None:
    good = mint().text
    for wrong in (good[:-1] + ("0" if good[-1] != "0" else "1"), good[:-1], "sslm_", "", good.upper(), f"{good} x"):
        with shop.statements() as statements:
            response = await shop.post({"query": READ}, {"authorization": f"Bearer {wrong}"})
        assert (response.status_code, code_of(response.json())) == (401, "CREDENTIAL_REFUSED")
        assert statements == []
        assert wrong == "" or wrong not in response.text


async def test_an_unknown_token_is_refused_after_one_look(shop: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []

    async def fetch_row(self: ReaderPool, sql: str, parameters: Sequence[Any]) -> Any:
        looks.append(sql)
        return await ask(self, sql, parameters)

    ask = ReaderPool.fetch_row
    monkeypatch.setattr(ReaderPool, "fetch_row", fetch_row)
    with shop.statements() as statements:
        response = await shop.post({"query": READ}, {"authorization": f"Bearer {mint().text}"})
    assert response.status_code == 401
    assert len(looks) == 1
    assert statements == [], "it is looked up on connections of its own, and nothing else is asked"


async def test_a_token_does_not_ride_on_a_cookie(shop: Site, alice: Tenant) -> None:
    response = await shop.post({"query": READ}, alice.browser.headers() | {"authorization": f"Bearer {mint().text}"})
    assert response.status_code == 401


@pytest.mark.parametrize(
    ("document", "missing"),
    [
        (ME, ["account:read"]),
        (CHANGE, ["account:write"]),
        ("{ me { orders(first: 1) { totalCount } } }", ["certificates:read"]),
        ('mutation { addDomain(input: {name: "new.example.org"}) { domain { id } } }', ["domains:write"]),
        ('mutation { createApiToken(input: {name: "x", scopes: ["account:read"]}) { secret } }', ["tokens:write"]),
        ("{ __schema { types { name } } }", ["schema:read"]),
        ("{ auditEvents(first: 1) { edges { node { operation } } } }", ["audit:read"]),
        ('{ node(id: "x") { ... on Certificate { chainPem } } }', ["certificates:read"]),
        ('{ node(id: "x") { ... on Order { problem { detail } } } }', ["certificates:read"]),
        (HIDDEN, ["domains:write"]),
    ],
)
async def test_a_lacking_scope_is_refused_before_any_row_is_read(shop: Site, document: str, missing: list[str]) -> None:
    holder = await tenant(shop, "canaryscopes", scopes=["domains:read"], categories=["user"])
    await shop.ask(READ, by=holder.api_token)
    before = await shop.everything()
    with shop.statements() as statements:
        answer = await shop.ask(document, by=holder.api_token)
    assert code_of(answer) == "ACCESS_DENIED"
    assert answer["errors"][0]["extensions"]["missing"] == missing
    assert "data" not in answer
    assert [one for one in statements if "api_token" not in one and "set transaction" not in one] == []
    after = await shop.everything()
    changed = {name for name in after if after[name] != before[name] and not name.startswith(("audit_", "api_token"))}
    assert changed == set()
    (event,) = {row for name in after if name.startswith("audit_event") for row in after[name]} - {
        row for name in before if name.startswith("audit_event") for row in before[name]
    }
    assert "denied" in event
    assert "security" in event
    async with shop.superuser() as connection:
        await connection.execute("delete from account where id = $1", holder.someone.account_id)


async def test_a_lacking_data_category_is_refused(shop: Site) -> None:
    holder = await tenant(shop, "canarycategory", categories=["user.contact.url"])
    answer = await shop.ask(ME, by=holder.api_token)
    assert answer["errors"][0]["extensions"]["missing"] == ["data:user.contact.email"]
    named = await shop.ask("{ me { domains(first: 1) { edges { node { name } } } } }", by=holder.api_token)
    assert "errors" not in named


async def test_a_token_for_domains_reads_them_without_the_account(shop: Site) -> None:
    holder = await tenant(shop, "canarydomains", scopes=["domains:read"])
    answer = await shop.ask("{ me { id domains(first: 1) { edges { node { name } } } } }", by=holder.api_token)
    assert answer["data"]["me"]["domains"]["edges"][0]["node"]["name"] == "canarydomains.example.org"


async def test_introspection_is_for_those_we_know(shop: Site, alice: Tenant) -> None:
    document = '{ __schema { queryType { name } } __type(name: "Account") { name } }'
    assert code_of(await shop.ask(document)) == "ACCESS_DENIED"
    for by in (alice.browser, alice.api_token):
        assert (await shop.ask(document, by=by))["data"]["__schema"]["queryType"]["name"] == "Query"
    assert "Did you mean" not in str(await shop.ask("{ mee { id } }"))
    assert "Did you mean" in str(await shop.ask("{ mee { id } }", by=alice.browser))


EVENTS = "{ auditEvents(first: 3) { totalCount edges { cursor node { operation actor dataSubjects coordinates } } } }"


@pytest.mark.parametrize("role", [Role.COMPLIANCE_OFFICER, Role.AUDITOR, Role.SUPPORT, Role.ADMINISTRATOR])
async def test_officers_and_auditors_read_the_log_and_staff_nothing_else(shop: Site, alice: Tenant, role: Role) -> None:
    member = await staff(shop.platform, role, email=f"{role}@staff.example", email_key=f"{role}@staff.example")
    _, secret = await session_of(shop.platform, member)
    browser = shop.browser(secret)
    await shop.ask(ME, by=alice.browser)
    answer = await shop.ask(EVENTS, by=browser)
    reads = role in {Role.COMPLIANCE_OFFICER, Role.AUDITOR}
    assert ("data" in answer) is reads
    if reads:
        (newest, *_) = answer["data"]["auditEvents"]["edges"]
        assert newest["node"]["coordinates"] == ["Account.email"]
        page = await shop.ask(
            "query($a: Cursor!) { auditEvents(first: 100, after: $a) { edges { cursor } } }",
            {"a": newest["cursor"]},
            by=browser,
        )
        assert newest["cursor"] not in str(page)
        async with shop.core.sessions.read() as session:
            own = text("select count(*) from audit_event where actor = :actor")
            assert (await session.execute(own, {"actor": member.person.pseudonym})).scalar_one() >= 1
    assert (await shop.ask(READ, by=browser))["data"] == {"me": None}
    for document in (ME, CHANGE, f'{{ node(id: "{alice.ids["Domain"]}") {{ id ... on Domain {{ name }} }} }}'):
        refused = await shop.ask(document, by=browser)
        assert code_of(refused) == "ACCESS_DENIED"
        assert not alice.shows_in(str(refused))
    node = await shop.ask("query($id: ID!) { node(id: $id) { id } }", {"id": alice.ids["Account"]}, by=browser)
    assert node["data"] == {"node": None}


async def test_a_filter_of_the_log_that_makes_no_sense_is_no_input_or_matches_nothing(shop: Site) -> None:
    member = await staff(shop.platform, Role.AUDITOR, email="f@staff.example", email_key="f@staff.example")
    _, secret = await session_of(shop.platform, member)
    browser = shop.browser(secret)
    document = "query($f: AuditEventFilter, $a: Cursor) { auditEvents(first: 1, filter: $f, after: $a) { totalCount } }"
    for variables in (
        {"f": {"since": "0001-01-01T00:00:00+14:00"}},
        {"f": {"until": "9999-12-31T23:59:59-14:00"}},
        {"a": "nothing"},
    ):
        answer = await shop.ask(document, variables, by=browser)
        assert code_of(answer) == "VARIABLES_INVALID", variables
        assert "data" not in answer
        assert "nothing" not in answer["errors"][0]["message"]
    fine = {"since": "2020-01-01T00:00:00", "kinds": ["DISCLOSURE"], "dataSubject": "0" * 32}
    for wanted in (fine, {"actor": "nobody"}, {"dataSubject": "nobody"}):
        answer = await shop.ask(document, {"f": wanted}, by=browser)
        assert answer["data"]["auditEvents"]["totalCount"] == 0


async def test_trying_passwords_under_aliases_is_refused(shop: Site) -> None:
    tries = " ".join(
        f'a{number}: signIn(input: {{email: "a@example.org", password: "guess {number}"}}) {{ errors {{ code }} }}'
        for number in range(5)
    )
    with shop.statements() as statements:
        assert code_of(await shop.ask(f"mutation {{ {tries} }}")) == "REPEATED_FIELD"
    assert statements == []


def test_the_origin_of_the_site_is_what_tests_send() -> None:
    assert ORIGIN.startswith("http://localhost:")
