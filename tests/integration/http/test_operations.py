"""What operators and tools ask: health, readiness, metrics, the schema, GraphiQL; what the log keeps."""

from __future__ import annotations

import re

import pytest

from tests.support.logs import captured_log
from tests.support.platform import Site
from tests.support.tenants import Tenant

LOOPBACK = ("127.0.0.1", 4711)


async def test_alive_and_ready(shop: Site) -> None:
    assert (await shop.send("GET", "/healthz")).json() == {"status": "ok"}
    ready = await shop.send("GET", "/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ok", "failing": []})


async def test_not_ready_names_what_fails(own_site: Site) -> None:
    keys = own_site.core.urls.keys.database
    async with own_site.superuser() as connection:
        await connection.execute(f'alter database "{keys}" with allow_connections false')
        await connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", keys)
        ready = await own_site.send("GET", "/readyz")
        alive = await own_site.send("GET", "/healthz")
        await connection.execute(f'alter database "{keys}" with allow_connections true')
    assert (ready.status_code, ready.json()) == (503, {"status": "unavailable", "failing": ["keys_database"]})
    assert alive.status_code == 200


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        (LOOPBACK, {}, 200),
        (("::1", 1), {}, 200),
        (("203.0.113.9", 1), {}, 404),
        (("203.0.113.9", 1), {"x-forwarded-for": "127.0.0.1"}, 404),
        (LOOPBACK, {"x-forwarded-for": "203.0.113.9"}, 404),
        (LOOPBACK, {"forwarded": "for=203.0.113.9"}, 404),
        (LOOPBACK, {"x-real-ip": "203.0.113.9"}, 404),
        (LOOPBACK, {"via": "1.1 proxy"}, 404),
    ],
)
async def test_metrics_are_for_this_machine(
    shop: Site, address: tuple[str, int], headers: dict[str, str], status: int
) -> None:
    response = await shop.send("GET", "/metrics", address=address, headers=headers)
    assert response.status_code == status
    assert ("sslm_" in response.text) is (status == 200)


async def test_metrics_know_operations_and_nobody(shop: Site, alice: Tenant) -> None:
    await shop.ask("query Canary4711 { me { email } }", by=alice.api_token)
    counted = (await shop.send("GET", "/metrics", address=LOOPBACK)).text
    assert 'sslm_operations_total{operation="me",outcome="answered"}' in counted
    assert 'route="/graphql",status="200"' in counted
    assert "Canary4711" not in counted
    assert alice.canary not in counted


async def test_graphiql_lets_nothing_else_in(shop: Site) -> None:
    first, second = await shop.send("GET", "/graphiql"), await shop.send("GET", "/graphiql")
    policy = first.headers["content-security-policy"]
    (nonce,) = re.findall(r"script-src 'nonce-([\w-]+)'", policy)
    assert f'nonce="{nonce}"' in first.text
    assert nonce not in second.text
    for rule in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "connect-src 'self'"):
        assert rule in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    (asset, *_) = re.findall(r'src="(/graphiql/assets/[\w.-]+)"', first.text)
    served = await shop.send("GET", asset)
    assert served.status_code == 200
    assert served.headers["x-content-type-options"] == "nosniff"
    assert (await shop.send("GET", "/graphiql/assets/../../schema.py")).status_code == 404
    assert (await shop.send("GET", "/graphiql/assets/%2e%2e/schema.py")).status_code == 404


@pytest.mark.clause("1.4-a")
async def test_the_log_keeps_neither_query_nor_credential_nor_address(shop: Site, alice: Tenant) -> None:
    secret = "hunter2-canary"
    with captured_log() as log:
        await shop.send("GET", f"/graphiql?token={secret}", address=("198.51.100.23", 1), headers={"referer": secret})
        await shop.send("GET", f"/nowhere/{secret}?email={secret}", address=("2001:db8:1:2::9", 1))
        await shop.send(
            "POST",
            f"/graphql?access_token={secret}",
            json={"query": f'query {{ node(id: "{secret}") {{ id }} }}', "variables": {"x": secret}},
            headers={"authorization": f"Bearer {alice.api_token}", "user-agent": secret},
        )
        await shop.post({"query": f'{{ nothing(x: "{secret}") }}'}, alice.browser.headers())
    logged = log.getvalue()
    for hidden in (secret, alice.api_token, alice.browser.session_secret, alice.browser.csrf_token, alice.canary):
        assert hidden not in logged
    for whole in ("198.51.100.23", "2001:db8:1:2::9", "203.0.113.77"):
        assert whole not in logged
    assert "198.51.100.0/24" in logged
    assert "2001:db8:1::/48" in logged
    assert "/graphiql" in logged
    assert "/nowhere" not in logged


async def test_an_unknown_path_is_not_found(shop: Site) -> None:
    assert (await shop.send("GET", "/graphql/")).status_code in {307, 404}
    assert (await shop.send("GET", "/.env")).status_code == 404
