"""Documents by id: found, refused, loaded by another process, and alone where the operator wants that."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.document_commands import load_documents, stored_documents
from api.documents.errors import DocumentsRefused
from api.documents.folder import Found, read_folder
from api.documents.store import DocumentStore, put_documents
from api.execution.errors import DocumentNotFound
from api.execution.run import Request
from api.execution.trusted import TrustedDocuments, document_id
from api.http.documents import Documents
from api.http.requests import Asked
from api.viewer import Origin, anonymous
from governance.clock import ManualClock
from tests.support.database import Cluster
from tests.support.platform import Site, site
from tests.support.tenants import tenant

ME = "query Me { me { id email } }"
ID = document_id(ME)
OTHER = "query Other { me { id } }"


async def sent(shop: Site, by: Any, **members: Any) -> tuple[int, dict[str, Any]]:
    headers = by if isinstance(by, dict) else {"authorization": f"Bearer {by}"}
    response = await shop.post(members, headers)
    return response.status_code, response.json()


def code(answer: dict[str, Any]) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


def by_apollo(digest: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": digest.removeprefix("sha256:")}}


async def load(shop: Site, *texts: str) -> int:
    async with shop.core.sessions.write() as session:
        return await put_documents(
            session, [Found(f"{n}.graphql", text) for n, text in enumerate(texts)], shop.core.clock
        )


async def test_a_document_is_found_once_another_process_loaded_it(own_site: Site) -> None:
    alice = await tenant(own_site, "canaryalice")
    status, answer = await sent(own_site, alice.api_token, documentId=ID)
    assert (status, code(answer)) == (400, "DOCUMENT_NOT_FOUND")
    _, answer = await sent(own_site, alice.api_token, extensions=by_apollo(ID))
    assert code(answer) == "PERSISTED_QUERY_NOT_FOUND"
    assert (await load(own_site, ME), await load(own_site, ME)) == (1, 0)
    while "errors" in (await sent(own_site, alice.api_token, documentId=ID))[1]:
        pass  # what another process loaded is looked for once a second
    for members in ({"documentId": ID}, {"extensions": by_apollo(ID)}, {"documentId": ID, "query": ME}):
        status, answer = await sent(own_site, alice.api_token, **members)
        assert (status, answer["data"]["me"]["id"]) == (200, alice.ids["Account"])
    preflight = alice.browser.headers() | {"graphql-require-preflight": "1"}
    got = await own_site.send("GET", f"/graphql?documentId={ID}", headers=preflight)
    assert got.json()["data"]["me"]["id"] == alice.ids["Account"]
    for missing in ("graphql-require-preflight", "x-csrf-token"):
        headers = {name: value for name, value in preflight.items() if name != missing}
        assert (await own_site.send("GET", f"/graphql?documentId={ID}", headers=headers)).status_code == 403


async def test_guessing_ids_reads_once_a_second(own_site: Site) -> None:
    clock = ManualClock(own_site.core.clock.now())
    trusted = TrustedDocuments()
    documents = Documents(trusted, DocumentStore(own_site.core.sessions, clock, trusted).look_again)
    nobody = anonymous(Origin())
    with own_site.statements() as statements:
        for number in range(20):
            with pytest.raises(DocumentNotFound):
                await documents.request(Asked("", f"sha256:{number:064x}", None, {}), nobody)
    assert len([one for one in statements if "trusted_document" in one]) == 1
    await load(own_site, ME)
    clock.advance(timedelta(seconds=1))
    assert await documents.request(Asked("", ID, None, {}), nobody) == Request(ME, None, {}, trusted=True)
    await load(own_site, OTHER)
    clock.advance(timedelta(seconds=1))
    assert (await documents.request(Asked("", document_id(OTHER), None, {}), nobody)).document == OTHER


async def test_only_trusted_documents_run_where_the_operator_wants_that(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "me.graphql").write_text(ME)
    settings = {"SSLM_TRUSTED_DOCUMENTS_ONLY": "1", "SSLM_DOCUMENTS": str(folder)}
    async with site(cluster, tmp_path, **settings) as running:
        alice = await tenant(running, "canaryalice")
        browser = alice.browser.headers()
        for by in (browser, {}):
            with running.statements() as statements:
                status, answer = await sent(running, by, query="query Mine { me { email } }")
            assert (status, code(answer), "data" in answer) == (400, "DOCUMENT_NOT_TRUSTED", False)
            assert not any("from account" in statement for statement in statements)
        for members in ({"query": ME}, {"documentId": ID}):
            assert (await sent(running, browser, **members))[1]["data"]["me"]["id"] == alice.ids["Account"]
        _, answer = await sent(running, alice.api_token, query="query Mine { me { email } }")
        assert answer["data"]["me"]["email"]


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("a.graphql", "{ me { nothing } }", "a.graphql: line 1: Cannot query field 'nothing' on type 'Account'."),
        ("a.graphql", "{ me {", "a.graphql: line 1: Syntax Error"),
        ("a.graphql", "fragment F on Account { id }", "a.graphql"),
        ("persisted-documents.json", '{"0123": "{ me { id } }"}', "0123 is not the SHA-256 of its text"),
        ("persisted-documents.json", "[1]", "is not a map"),
        ("persisted-documents.json", "{", "cannot be read"),
    ],
)
async def test_a_document_that_does_not_fit_stops_the_start(
    cluster: Cluster, tmp_path: Path, name: str, content: str, wrong: str
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / name).write_text(content)
    with pytest.raises(DocumentsRefused, match=re.escape(wrong)):
        async with site(cluster, tmp_path, SSLM_DOCUMENTS=str(folder)):
            pass


def test_maps_of_build_tools_are_read(tmp_path: Path) -> None:
    digest = ID.removeprefix("sha256:")
    (tmp_path / "persisted-documents.json").write_text(f'{{"{digest}": "{ME}"}}')
    (tmp_path / "relay").mkdir()
    (tmp_path / "relay" / "persisted.json").write_text(f'{{"{ID}": "{ME}"}}')
    assert read_folder(tmp_path) == (Found(f"persisted-documents.json#{digest[:12]}", ME),)
    with pytest.raises(DocumentsRefused, match="no such folder"):
        read_folder(tmp_path / "missing")


async def test_the_command_stores_all_or_none(own_site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "me.graphql").write_text(ME)
    (folder / "wrong.graphql").write_text("{ nothing }")
    settings = own_site.core.settings
    with pytest.raises(DocumentsRefused, match=r"wrong\.graphql"):
        await load_documents(settings, folder)
    (folder / "wrong.graphql").unlink()
    assert await load_documents(settings, folder) == (1, 1)
    assert await load_documents(settings, folder) == (1, 0)
    assert [(row.id, row.name, row.text) for row in await stored_documents(settings)] == [(ID, "me.graphql", ME)]
