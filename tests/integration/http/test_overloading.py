"""What tools that probe GraphQL servers try, as nobody known: overloading, leaking by suggestion, acting by address.

The probes of graphql-cop, in our own words; its package on PyPI is empty, so it cannot be run as it is.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.platform import Site

REFUSED = "DOCUMENT_TOO_LARGE"


async def first_code(shop: Site, document: str) -> str:
    answer = await shop.ask(document)
    assert "data" not in answer
    assert len(answer["errors"]) < 10, "ten errors for ten mistakes is how overloading is told"
    return str(answer["errors"][0]["extensions"]["code"])


async def test_aliases(shop: Site) -> None:
    assert await first_code(shop, "{ " + " ".join(f"a{n}: __typename" for n in range(101)) + " }") == REFUSED


async def test_directives(shop: Site) -> None:
    assert await first_code(shop, "{ __typename " + "@aa " * 10 + "}") == "DOCUMENT_INVALID"
    assert await first_code(shop, "{ __typename " + "@aa " * 60 + "}") == REFUSED


async def test_fields_again_and_again(shop: Site) -> None:
    assert await first_code(shop, "{ " + "__typename " * 500 + "}") == REFUSED


async def test_circular_introspection(shop: Site) -> None:
    inner = "name"
    for _ in range(8):
        inner = f"fields {{ name type {{ {inner} }} }}"
    code = await first_code(shop, f"{{ __schema {{ types {{ {inner} }} }} }}")
    assert code in {REFUSED, "ACCESS_DENIED", "DOCUMENT_INVALID"}


@pytest.mark.parametrize(
    "document",
    ["{ __schema { directive } }", "{ nod(id: 1) { id } }", '{ node(idd: "x") { id } }',
     "query($a: Strin) { me { id } }", "{ me { domains(firs: 1) { totalCount } } }", "{ me { ... on Accoun { id } } }",
     'mutation { addDomain(input: {nam: "x"}) { errors { code } } }', "{ me { id @skp(if: true) } }"],
)  # fmt: skip
async def test_suggestions(shop: Site, document: str) -> None:
    answer = await shop.ask(document)
    assert answer["errors"]
    assert "Did you mean" not in str(answer)


async def test_introspection(shop: Site) -> None:
    assert await first_code(shop, "{ __schema { types { name } } }") == "ACCESS_DENIED"


async def test_batches(shop: Site) -> None:
    response = await shop.post(b'[{"query":"{__typename}"},{"query":"{__typename}"}]')
    assert response.status_code == 400
    assert isinstance(response.json(), dict)


@pytest.mark.parametrize("query", ["query={__typename}", "query=mutation{signOut{errors{code}}}", ""])
async def test_acting_by_address(shop: Site, query: str) -> None:
    response = await shop.send("GET", f"/graphql?{query}")
    assert response.status_code == 403
    assert "data" not in response.json()


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "text/application/json",
     "application/jsonx", "application/json, text/plain", ""],
)  # fmt: skip
async def test_forms_of_other_pages(shop: Site, content_type: str) -> None:
    response = await shop.post(b'{"query":"{__typename}"}', {"content-type": content_type})
    assert response.status_code == 415


async def test_an_explorer_on_the_endpoint(shop: Site) -> None:
    response = await shop.send("GET", "/graphql", headers={"accept": "text/html"})
    assert response.status_code == 406
    assert "graphiql" not in response.text.lower()


async def test_traces_and_stacks(shop: Site) -> None:
    for body in ({"query": "{ __typename }"}, {"query": "query Broken {"}, {"query": "\\"}):
        answer: dict[str, Any] = (await shop.post(body)).json()
        assert "tracing" not in answer.get("extensions", {})
        assert not any(word in str(answer) for word in ("Traceback", "stacktrace", ".py", "graphql.error"))
