"""`/graphql` over the whole application: never a 5xx for bytes, one shape of refusal, all headers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.http.edge import ANONYMOUS_BODY_LIMIT, BODY_LIMIT
from tests.support.database import Cluster
from tests.support.logs import captured_log
from tests.support.platform import CALLER, GRAPHQL_JSON, Site, site
from tests.support.tenants import Tenant, tenant
from tests.unit.http.test_body import MALFORMED


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("accept", [GRAPHQL_JSON, "application/json"])
async def test_malformed_bodies_are_refused_alike(shop: Site, content: bytes, accept: str) -> None:
    response = await shop.post(content, {"accept": accept})
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "BAD_REQUEST", "requestId": response.headers["x-request-id"]}


@pytest.mark.parametrize(
    ("method", "headers", "status", "code"),
    [
        ("GET", {}, 403, "PREFLIGHT_REQUIRED"),
        ("PATCH", {}, 405, "METHOD_NOT_ALLOWED"),
        ("PUT", {}, 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", {}, 405, "METHOD_NOT_ALLOWED"),
        ("POST", {"content-type": "text/plain"}, 415, "MEDIA_TYPE_NOT_SUPPORTED"),
        ("POST", {"content-type": "multipart/form-data; boundary=x"}, 415, "MEDIA_TYPE_NOT_SUPPORTED"),
        ("POST", {"accept": "text/html"}, 406, "NOT_ACCEPTABLE"),
        ("POST", {"content-length": "99999999"}, 413, "BODY_TOO_LARGE"),
        ("POST", {"content-length": "²"}, 200, ""),
        ("POST", {"authorization": "Basic eDp5"}, 401, "CREDENTIAL_REFUSED"),
        ("POST", {"authorization": "Bearer sslm_" + "x" * 36}, 401, "CREDENTIAL_REFUSED"),
        ("POST", {"origin": "https://evil.example"}, 403, "REQUEST_FORGED"),
        ("POST", {"origin": "null"}, 403, "REQUEST_FORGED"),
        ("POST", {"sec-fetch-site": "cross-site"}, 403, "REQUEST_FORGED"),
    ],
)
async def test_a_request_that_is_not_one_is_refused(
    shop: Site, method: str, headers: dict[str, Any], status: int, code: str
) -> None:
    sent = {"content-type": "application/json", "accept": GRAPHQL_JSON} | headers
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
    response = await shop.send(method, "/graphql", headers=encoded, content=b'{"query":"{me{id}}"}')
    assert response.status_code == status
    if code:
        assert response.json()["errors"][0]["extensions"]["code"] == code
        assert "othing" in response.json()["errors"][0]["message"]
    assert ("allow" in response.headers) is (status == 405)
    assert ("www-authenticate" in response.headers) is (status == 401)


async def test_every_answer_has_its_headers(shop: Site) -> None:
    response = await shop.post({"query": "{ me { id } }"})
    assert response.headers["content-type"] == f"{GRAPHQL_JSON}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert set(response.headers["vary"].split(", ")) >= {"Accept", "Authorization", "Cookie", "Origin"}
    assert "access-control-allow-origin" not in response.headers
    assert "set-cookie" not in response.headers


async def test_status_follows_the_media_type(shop: Site) -> None:
    invalid = {"query": "{ nothing }"}
    assert (await shop.post(invalid)).status_code == 400
    assert (await shop.post(invalid, {"accept": "application/json"})).status_code == 200
    assert "data" not in (await shop.post(invalid)).json()


async def test_a_large_body_is_for_those_we_know(shop: Site, alice: Tenant) -> None:
    large = {"query": "{ me { id } }", "variables": {"unused": "a b " * (ANONYMOUS_BODY_LIMIT // 4)}}
    assert (await shop.post(large)).status_code == 413
    assert (await shop.post(large, {"authorization": f"Bearer {alice.api_token}"})).status_code == 200
    huge = b'{"query":"' + b"x" * BODY_LIMIT + b'"}'
    assert (await shop.post(huge, {"authorization": f"Bearer {alice.api_token}"})).status_code == 413


async def test_a_body_in_pieces_is_left_at_the_limit(shop: Site, alice: Tenant) -> None:
    """No length is declared; what is over the limit is neither kept nor parsed."""
    taken = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal taken
        yield b'{"query":"'
        while taken < 10 * BODY_LIMIT:
            taken += 1 << 16
            yield b"x" * (1 << 16)

    with shop.statements() as statements:
        response = await shop.post(pieces(), {"authorization": f"Bearer {alice.api_token}"})
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (413, "BODY_TOO_LARGE")
    assert statements == []


async def test_the_newest_draft_has_statuses_of_its_own(cluster: Cluster, tmp_path: Path) -> None:
    async with site(cluster, tmp_path, SSLM_STATUS_CODES="draft") as running:
        someone = await tenant(running, "canarydraft")
        asked = [
            ({"query": "{ me { id } }"}, 200, None),
            ({"query": "{ me { id"}, 400, "DOCUMENT_INVALID"),
            ({"query": "{ nothing }"}, 422, "DOCUMENT_INVALID"),
            ({"query": "query($n: Int!) { me { domains(first: $n) { totalCount } } }"}, 422, "VARIABLES_INVALID"),
            ({"query": "query A { me { id } }", "operationName": "B"}, 422, "OPERATION_NOT_FOUND"),
            ({"qeury": "{ me { id } }"}, 422, "BAD_REQUEST"),
            ({"query": "{ auditEvents(first: 1) { totalCount } }"}, 403, "ACCESS_DENIED"),
        ]
        for accept in (GRAPHQL_JSON, "application/json"):
            headers = {"authorization": f"Bearer {someone.api_token}", "accept": accept}
            for body, status, code in asked:
                response = await running.post(body, headers)
                answer = response.json()
                assert (response.status_code, code_of(answer)) == (status, code)
                media = accept if status == 200 else GRAPHQL_JSON
                assert response.headers["content-type"] == f"{media}; charset=utf-8"
        broken = await running.post(b"{", headers)
        assert (broken.status_code, code_of(broken.json())) == (400, "BAD_REQUEST")


def code_of(answer: dict[str, Any]) -> str | None:
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None


async def test_other_origins_come_from_the_list(cluster: Cluster, tmp_path: Path) -> None:
    async with site(cluster, tmp_path, SSLM_ALLOWED_ORIGINS="https://app.example") as running:
        preflight = await running.send("OPTIONS", "/graphql", headers={"origin": "https://app.example"})
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-origin"] == "https://app.example"
        assert "Authorization" in preflight.headers["access-control-allow-headers"]
        answered = await running.post({"query": "{ me { id } }"}, {"origin": "https://app.example"})
        assert answered.headers["access-control-allow-origin"] == "https://app.example"
        stranger = await running.send("OPTIONS", "/graphql", headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in stranger.headers


async def test_a_caller_who_leaves_stops_the_work(own_site: Site) -> None:
    """The operation waits for a lock; when the caller goes, its connection is free again and nothing was written."""
    async with own_site.superuser() as connection, connection.transaction():
        await connection.execute("lock table account in access exclusive mode")
        body = b'{"query":"mutation{requestPasswordReset(input:{email:\\"a@example.org\\"}){errors{code}}}"}'
        messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        messages.put_nowait({"type": "http.request", "body": body, "more_body": False})
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "headers": [(b"content-type", b"application/json")],
            "client": CALLER,
        }
        request = asyncio.create_task(own_site.app(scope, messages.get, send))
        waiting = "select count(*) from pg_locks where not granted"
        while not await connection.fetchval(waiting):
            assert not request.done()
        messages.put_nowait({"type": "http.disconnect"})
        await request
        assert sent == []
        while await connection.fetchval(waiting):
            pass
    assert own_site.core.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_a_database_that_is_gone_is_answered_in_the_same_shape(own_site: Site) -> None:
    browser = own_site.browser("x" * 43)
    name = own_site.core.urls.owner.database
    async with own_site.server() as connection:
        await connection.execute(f'alter database "{name}" with allow_connections false')
        await connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
        lost = await own_site.post({"query": "{ me { id } }"}, browser.headers())
        with captured_log() as log:
            response = await own_site.post({"query": "{ me { id } }"}, browser.headers())
        await connection.execute(f'alter database "{name}" with allow_connections true')
    assert (lost.status_code, lost.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
    assert response.status_code == 503
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert error["extensions"]["requestId"] in log.getvalue()
    assert name not in response.text
