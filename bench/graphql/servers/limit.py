"""A, the limit: what somebody writes by hand who knows these four questions and nothing else.

Starlette, asyncpg and one statement each that builds the whole answer as JSON. No document is parsed, nothing is
authorised beyond the viewer, nothing is recorded; connections come from a pool that sends no reset.

Q2 looks certificates up by name, in the table that the product keeps for this.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

POOL: Final = 16


def _encoded(kind: int, column: str) -> str:
    return f"translate(rtrim(encode('\\x{kind:02x}'::bytea || uuid_send({column}), 'base64'), '='), '+/', '-_')"


def _cursor(column: str) -> str:
    return f"translate(rtrim(encode(uuid_send({column}), 'base64'), '='), '+/', '-_')"


def _moment(column: str) -> str:
    return f"""to_char({column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


_Q1: Final = f"""
select json_build_object('data', json_build_object('me', json_build_object(
  'id', {_encoded(1, "id")}, 'email', email, 'displayName', display_name, 'companyName', company_name,
  'country', country, 'language', language, 'timeZone', time_zone, 'createdAt', {_moment("created_at")})))::text
from account where id = $1
"""  # noqa: S608 - put together from constants
_Q2: Final = f"""
select json_build_object('data', json_build_object('me', json_build_object('domains', json_build_object(
  'edges', coalesce(json_agg(json_build_object('node', json_build_object(
      'id', {_encoded(2, "d.id")}, 'name', d.name, 'certificates', c.page))) filter (where d.place <= $2), '[]'),
  'pageInfo', json_build_object('hasNextPage', count(*) > $2,
      'endCursor', (array_agg({_cursor("d.id")}) filter (where d.place <= $2))[least(count(*), $2)])))))::text
from (
  select id, name, row_number() over (order by id desc) as place
  from domain where account_id = $1 order by id desc limit $2 + 1
) d
cross join lateral (
  select json_build_object(
    'edges', coalesce(json_agg(json_build_object('node', json_build_object(
        'id', {_encoded(4, "k.id")}, 'serialNumber', k.serial_number, 'fingerprintSha256', k.fingerprint_sha256,
        'issuerName', k.issuer_name, 'notBefore', {_moment("k.not_before")}, 'notAfter', {_moment("k.not_after")},
        'revokedAt', {_moment("k.revoked_at")}))) filter (where k.place <= $3), '[]'),
    'pageInfo', json_build_object('hasNextPage', count(*) > $3,
        'endCursor', (array_agg({_cursor("k.id")}) filter (where k.place <= $3))[least(count(*), $3)])) as page
  from (
    select *, row_number() over (order by id desc) as place
    from certificate
    where id in (select certificate_id from certificate_name where account_id = $1 and name = d.name)
    order by id desc limit $3 + 1
  ) k
) c
"""  # noqa: S608 - put together from constants
_Q3: Final = f"""
select json_build_object('data', json_build_object('me', json_build_object('certificates', json_build_object(
  'edges', coalesce(json_agg(json_build_object('node', json_build_object(
      'id', {_encoded(4, "k.id")}, 'serialNumber', k.serial_number, 'notAfter', {_moment("k.not_after")},
      'issuerName', k.issuer_name, 'domains', d.list))), '[]')))))::text
from (
  select * from certificate where account_id = $1 and not_after < $3 and revoked_at is null order by id desc limit $2
) k
cross join lateral (
  select coalesce(json_agg(json_build_object('id', {_encoded(2, "id")}, 'name', name)), '[]') as list
  from (select id, name from domain where account_id = $1 and name = any(k.names) order by name) named
) d
"""  # noqa: S608 - put together from constants
_M1: Final = f"""
update account set display_name = $2 where id = $1
returning json_build_object('data', json_build_object('updateSettings', json_build_object(
  'account', json_build_object('id', {_encoded(1, "id")}, 'displayName', display_name), 'errors', '[]'::json)))::text
"""  # noqa: S608 - put together from constants
_STATEMENTS: Final[dict[str, tuple[str, Callable[[dict[str, Any]], tuple[Any, ...]]]]] = {
    "Reader": (_Q1, lambda _: ()),
    "Domains": (_Q2, lambda given: (given["domains"], given["certificates"])),
    "Expiring": (_Q3, lambda given: (given["first"], datetime.fromisoformat(given["before"]))),
    "Rename": (_M1, lambda given: (given["input"]["displayName"],)),
}


async def _no_reset(_connection: object) -> None:
    """Leave the connection as it is: nothing here changes its state."""


@asynccontextmanager
async def application(database: str, callers: dict[str, UUID]) -> AsyncIterator[Starlette]:
    """Yield the ASGI application."""
    async with asyncpg.create_pool(database, min_size=POOL, max_size=POOL, reset=_no_reset) as pool:

        async def answer(request: Request) -> Response:
            account_id = callers[request.headers["authorization"].removeprefix("Bearer ")]
            asked = json.loads(await request.body())
            statement, arguments = _STATEMENTS[asked["operationName"]]
            text = await pool.fetchval(statement, account_id, *arguments(asked["variables"]))
            return Response(text, media_type="application/json")

        yield Starlette(routes=[Route("/graphql", answer, methods=["POST"])])
