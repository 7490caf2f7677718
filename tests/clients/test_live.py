"""The clients graphql-ws and graphql-sse on a subscription: collected as soon as the schema has one."""

from __future__ import annotations

import asyncio
import subprocess

import pytest
from graphql import GraphQLNonNull

from api.graphql.schema import schema_map
from tests.clients.conftest import HERE, PATIENCE, Node, Served

SUBSCRIPTIONS = schema_map().schema.subscription_type
SCRIPTS = {"ws.mjs": "ws", "sse.mjs": "http"}

if SUBSCRIPTIONS is not None:
    FIELDS = [
        name
        for name, field in SUBSCRIPTIONS.fields.items()
        if not any(isinstance(one.type, GraphQLNonNull) for one in field.args.values())
    ]

    def test_a_field_can_be_asked_for_without_arguments() -> None:
        assert FIELDS

    @pytest.mark.parametrize("field", FIELDS)
    @pytest.mark.parametrize("script", SCRIPTS)
    async def test_a_client_subscribes(node: Node, served: Served, script: str, field: str) -> None:
        """It subscribes, is served until it is ended, and complains of nothing."""
        url = served.url.replace("http", SCRIPTS[script], 1)
        process = await asyncio.create_subprocess_exec(
            *(node.path, str(HERE / "scripts" / script), url, f"subscription {{ {field} {{ __typename }} }}"),
            cwd=HERE,
            env={"PATH": "/usr/bin:/bin", "TOKEN": served.alice.api_token},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        try:
            said = await asyncio.wait_for(process.stderr.readline(), PATIENCE)
            assert said == b"subscribing\n"
            said = await asyncio.wait_for(process.stderr.readline(), PATIENCE)
            assert said == b"open\n", (said + await process.stderr.read()).decode()
        finally:
            process.kill()
            await process.wait()
