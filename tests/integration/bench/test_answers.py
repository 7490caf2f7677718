"""The servers of the GraphQL benchmark answer the same questions with the same JSON; only then may they be timed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from api.app import open_api
from api.db.urls import DatabaseUrl
from bench.graphql.answers import Ask, Different, compare
from bench.graphql.data import Size, read_callers
from bench.graphql.questions import Question, questions
from bench.graphql.servers import limit, plain, tuned
from bench.graphql.servers.unaudited import without_audit
from bench.graphql.stage import Stage, open_stage
from bench.graphql.wire import encode_moment
from tests.support.database import Cluster

SIZE = Size(accounts=3, domains=4, certificates=3)
KEYS = ("A", "B", "C", "P")
COUNT = "select count(*) from audit_event"


@pytest.fixture(scope="module")
def superuser_url(cluster: Cluster) -> Iterator[str]:
    with cluster.fresh() as urls:
        yield DatabaseUrl.parse(cluster.superuser_url).at(database=urls.owner.database).plain


@pytest.fixture(scope="module")
async def stage(superuser_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with open_stage(superuser_url, tmp_path_factory.mktemp("bench"), SIZE) as opened:
        yield opened


@pytest.fixture(scope="module")
async def ask(stage: Stage) -> AsyncIterator[Ask]:
    callers = read_callers(stage.callers_file)
    async with AsyncExitStack() as stack:
        apps: dict[str, Any] = {
            key: await stack.enter_async_context(module.application(stage.competitors_url, callers))
            for key, module in {"A": limit, "B": plain, "C": tuned}.items()
        }
        apps["P"] = await stack.enter_async_context(open_api(stage.core))

        async def send(key: str, body: dict[str, Any], api_token: str) -> tuple[int, bytes]:
            return await ask_app(apps[key], body, api_token)

        yield send


async def ask_app(app: Any, body: dict[str, Any], api_token: str) -> tuple[int, bytes]:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_123))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.post("/graphql", json=body, headers={"authorization": f"Bearer {api_token}"})
    return answer.status_code, answer.content


@pytest.fixture
def asked(stage: Stage) -> dict[str, Question]:
    return questions(stage.filled.expiring_before)


async def test_everybody_gets_the_same_answer_from_every_server(
    stage: Stage, ask: Ask, asked: dict[str, Question]
) -> None:
    sizes = await compare(KEYS, list(asked.values()), stage.filled.callers, ask)
    assert set(sizes) == {(key, question) for key in KEYS for question in asked}
    varying = {key for (key, _), size in sizes.items() if size.least != size.most}
    assert varying <= {"P"}, "only what an answer cost may have more digits or fewer"


@pytest.mark.parametrize(("domains", "certificates"), [(2, 1), (4, 3), (3, 100), (100, 2)])
async def test_pages_that_end_early_are_the_same_too(
    stage: Stage, ask: Ask, asked: dict[str, Question], domains: int, certificates: int
) -> None:
    cut = replace(asked["Q2"], variables={"domains": domains, "certificates": certificates})
    await compare(KEYS, [cut], stage.filled.callers, ask)


async def test_certificates_that_end_later_are_not_expiring(stage: Stage, ask: Ask, asked: dict[str, Question]) -> None:
    """The middle of the spread leaves some out; a page of one cuts the rest."""
    middle = encode_moment(stage.filled.expiring_before - timedelta(days=45))
    for first, before in ((100, middle), (1, asked["Q3"].variables["before"])):
        cut = replace(asked["Q3"], variables={"first": first, "before": before})
        await compare(KEYS, [cut], stage.filled.callers, ask)


async def test_a_server_that_says_something_else_is_found(stage: Stage, ask: Ask, asked: dict[str, Question]) -> None:
    async def changed(key: str, body: dict[str, Any], api_token: str) -> tuple[int, bytes]:
        status, text = await ask(key, body, api_token)
        return status, text.replace(b"host-003", b"host-004") if key == "C" else text

    with pytest.raises(Different, match=r"C and A differ at Q2\.me\.domains\.edges\[0\]\.node\.name"):
        await compare(KEYS, [asked["Q2"]], stage.filled.callers, changed)


async def test_an_error_behind_status_200_is_found(stage: Stage, ask: Ask, asked: dict[str, Question]) -> None:
    async def broken(key: str, body: dict[str, Any], api_token: str) -> tuple[int, bytes]:
        status, text = await ask(key, body, api_token)
        return (200, b'{"data":{"me":null},"errors":[{"message":"no"}]}') if key == "B" else (status, text)

    with pytest.raises(Different, match="B does not answer Q1"):
        await compare(KEYS, [asked["Q1"]], stage.filled.callers, broken)


@pytest.mark.parametrize("question", ["Q1", "M1"])
async def test_only_the_product_as_it_runs_keeps_events(cluster: Cluster, tmp_path: Path, question: str) -> None:
    """The benchmark's own switch: the same answers, and nothing in the log."""
    with cluster.fresh() as urls, without_audit():
        superuser_url = DatabaseUrl.parse(cluster.superuser_url).at(database=urls.owner.database).plain
        async with open_stage(superuser_url, tmp_path, Size(1, 1, 1)) as quiet, open_api(quiet.core) as app:
            body = questions(quiet.filled.expiring_before)[question].body()
            status, text = await ask_app(app, body, quiet.filled.callers[0].api_token)
            assert (status, b'"errors":[{' in text) == (200, False)
            assert await events(quiet) == 0


async def test_the_product_keeps_an_event_for_each_answer(stage: Stage, ask: Ask, asked: dict[str, Question]) -> None:
    before = await events(stage)
    await ask("P", asked["Q1"].body(), stage.filled.callers[0].api_token)
    assert await events(stage) == before + 1


async def events(stage: Stage) -> int:
    connection = await asyncpg.connect(stage.superuser.plain)
    try:
        return int(await connection.fetchval(COUNT))
    finally:
        await connection.close()
