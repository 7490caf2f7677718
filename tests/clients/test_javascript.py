"""Clients and compilers of the JavaScript world: what their users write against the schema works."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from api.documents.checking import check_documents
from api.documents.folder import read_folder
from api.execution.plans import Plans
from api.graphql.schema import schema_map
from tests.clients.conftest import HERE, ROOT, Node, Served
from tests.unit.house.sources import ROOT as REPOSITORY

PAGES = sorted((ROOT / "api" / "pages").rglob("*.graphql"))
EXAMPLES = sorted((ROOT / "docs" / "examples").rglob("documents/*.graphql"))
WITHOUT_ID = [
    "AccessDenied", "Authorization", "CaProblem", "CaSubproblem", "Challenge", "Conflict", "Disclosure",
    "DomainValidation", "Installation", "InvalidInput", "IssuanceFailure", "NameWarning", "NotFound", "Notice",
    "NotificationSettings", "OrderNotices", "OtherError", "PageInfo", "RateLimited", "RowCount", "SecurityEvent",
    "AccessInvitation", "ExplainedPersonalData", "Explanation", "GrantedAccount", "Teammate",
]  # fmt: skip
"""Types that are parts of an object or values of the moment: their rows are not objects of their own."""

ACCEPTED = (
    "schema.graphql @graphql-eslint/no-typename-prefix: "
    'Field "agentVersion" starts with the name of the parent type "Agent"'
)
"""`version` alone would be taken for the version of the row."""


def test_the_folder_is_in_the_repository() -> None:
    assert ROOT == REPOSITORY
    assert len(PAGES) > 10
    assert EXAMPLES


async def test_the_audits_of_graphql_http_all_pass(node: Node, served: Served) -> None:
    results = await node.run("audits.mjs", served.url, TOKEN=served.alice.api_token)
    assert [one for one in results if one["status"] != "ok"] == []
    assert len(results) == 61


async def test_apollo_client(node: Node, served: Served) -> None:
    told = await node.run("apollo.mjs", served.url, TOKEN=served.alice.api_token)
    assert told["email"] == told["persisted"] == "canaryalice@example.org"
    assert "canaryalice.example.org" in told["domains"]
    assert told["removed"] == ["NOT_FOUND"]
    assert told["refusal"] == "DOCUMENT_INVALID"


async def test_urql(node: Node, served: Served) -> None:
    told = await node.run("urql.mjs", served.url, TOKEN=served.alice.api_token)
    assert told["posting"] == told["getting"] == "canaryalice@example.org"
    assert told["adding"] == "urql.canarysuites.example.org"
    assert told["refused"] == ["DOCUMENT_INVALID"]
    assert {one.partition(" ")[0] for one in told["accepted"]} == {"GET", "POST"}
    assert all("text/event-stream" in one for one in told["accepted"]), "urql no longer shows what this is for"


async def test_codegen_with_strict_scalars(node: Node, folder: Path) -> None:
    told = await node.run("codegen.mjs", str(folder), *map(str, PAGES))
    assert told["problems"] == []
    loaded = read_folder(folder / "graphql")
    check_documents(loaded, Plans(schema_map()))
    assert len(loaded) == len(PAGES)


async def test_the_compiler_of_relay(node: Node, folder: Path) -> None:
    (folder / "src").mkdir()
    shutil.copy(HERE / "documents" / "relay.ts", folder / "src")
    told = await node.run("relay.mjs", str(folder))
    assert {"relayDomainsPageQuery.graphql.ts", "relayDomainQuery.graphql.ts"} <= set(told["artifacts"])
    (folder / "loaded").mkdir()
    shutil.move(folder / "persisted.json", folder / "loaded")
    loaded = read_folder(folder / "loaded")
    check_documents(loaded, Plans(schema_map()))
    assert len(loaded) == 4


@pytest.mark.parametrize("documents", [PAGES, EXAMPLES], ids=["pages", "examples"])
async def test_graphql_eslint(node: Node, documents: list[Path]) -> None:
    """Documents of different clients are looked at apart: each may have an operation `SignIn` of its own."""
    told = await node.run("lint.mjs", *map(str, documents), WITHOUT_ID=json.dumps(WITHOUT_ID))
    assert [one for one in told["problems"] if one != ACCEPTED] == []
    assert told["files"] == 1 + len(documents)
