"""`/schema.graphql`: each caller is shown what they may use, and may keep it as long as it is the same."""

from __future__ import annotations

import pytest
from graphql import build_schema

from api.auth.api_tokens import mint
from api.graphql.schema import print_schema_text
from tests.support.platform import Browser, Site
from tests.support.tenants import Tenant, tenant

PATH = "/schema.graphql"


def shown_by(who: Browser | str | None) -> dict[str, str]:
    if isinstance(who, Browser):
        return {"cookie": f"__Host-session={who.session_secret}"}
    return {"authorization": f"Bearer {who}"} if who else {}


async def text_for(shop: Site, who: Browser | str | None) -> str:
    response = await shop.send("GET", PATH, headers=shown_by(who))
    assert response.status_code == 200
    assert response.headers["cache-control"] == "private, no-cache"
    assert {"Authorization", "Cookie"} <= set(response.headers["vary"].split(", "))
    build_schema(response.text)
    return response.text


async def test_everybody_is_shown_their_part(shop: Site, alice: Tenant) -> None:
    nobody = await text_for(shop, None)
    assert "signUp(" in nobody
    assert "addDomain" not in nobody
    assert "@personalData" not in nobody
    holder = await text_for(shop, alice.browser)
    assert "addDomain" in holder
    assert "@personalData(category:" in holder
    assert "auditEvents" not in holder
    narrow = await tenant(shop, "canaryschema", scopes=["domains:read"], categories=["user.contact.url"])
    text = await text_for(shop, narrow.api_token)
    assert "nameUnicode" in text
    assert "addDomain" not in text
    assert "type DomainValidation " not in text
    assert "type Challenge" not in text


async def test_an_ended_session_is_nobody_and_a_wrong_token_is_refused(shop: Site) -> None:
    assert await text_for(shop, shop.browser("x" * 43)) == await text_for(shop, None)
    response = await shop.send("GET", PATH, headers=shown_by(mint().text))
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert response.json()["errors"][0]["extensions"]["code"] == "CREDENTIAL_REFUSED"


async def test_the_whole_is_for_those_who_may_read_the_schema(shop: Site, alice: Tenant) -> None:
    whole = await shop.send("GET", f"{PATH}?all=1", headers=shown_by(alice.browser))
    assert whole.text == print_schema_text()
    narrow = await tenant(shop, "canarywhole", scopes=["domains:read"])
    for who in (None, narrow.api_token):
        refused = await shop.send("GET", f"{PATH}?all=1", headers=shown_by(who))
        assert refused.status_code == 403
        (error,) = refused.json()["errors"]
        assert (error["extensions"]["code"], error["extensions"]["missing"]) == ("ACCESS_DENIED", ["schema:read"])


async def test_equal_callers_have_equal_tags_and_others_do_not(shop: Site, alice: Tenant, bob: Tenant) -> None:
    tags = [
        (await shop.send("GET", PATH, headers=shown_by(who))).headers["etag"]
        for who in (alice.browser, bob.browser, alice.api_token, None)
    ]
    assert tags[0] == tags[1] == tags[2] != tags[3]
    crossed = await shop.send("GET", PATH, headers=shown_by(None) | {"if-none-match": tags[0]})
    assert crossed.status_code == 200


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
async def test_a_known_text_is_not_sent_again(shop: Site, alice: Tenant, form: str) -> None:
    tag = (await shop.send("GET", PATH, headers=shown_by(alice.browser))).headers["etag"]
    known = {"if-none-match": form.format(tag)}
    again = await shop.send("GET", PATH, headers=shown_by(alice.browser) | known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["vary"] == "Authorization, Cookie, Sslm-Act-For"
    other = await shop.send("GET", PATH, headers=shown_by(alice.browser) | {"if-none-match": '"other"'})
    assert other.status_code == 200


async def test_a_database_that_is_away_is_said_so(own_site: Site) -> None:
    holder = await tenant(own_site, "canaryaway")
    name = own_site.core.urls.owner.database
    async with own_site.server() as server:
        await server.execute(f'alter database "{name}" with allow_connections false')
        await server.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
        away = await own_site.send("GET", PATH, headers=shown_by(holder.browser))
        nobody = await own_site.send("GET", PATH)
        await server.execute(f'alter database "{name}" with allow_connections true')
    assert (away.status_code, away.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
    assert nobody.status_code == 200
