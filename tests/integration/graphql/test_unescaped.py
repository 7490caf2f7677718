"""Text that goes into answers as it is stored: the database itself keeps out what could end a JSON string."""

from __future__ import annotations

import asyncpg
import pytest

from api.graphql.column_json import UNESCAPED
from tests.integration.graphql.full_house import House
from tests.support.platform import Site

FORBIDDEN = ('"', "\\", *map(chr, range(1, 32)))


async def test_no_column_without_encoding_holds_what_would_need_it(own_site: Site) -> None:
    await House(own_site, 7).filled("unescaped")
    async with own_site.superuser() as connection:
        for coordinate in sorted(UNESCAPED):
            table, _, column = coordinate.partition(".")
            found = f"select ctid, coalesce({column}, 'DE') as text from {table} order by {column} limit 1"  # noqa: S608
            row = await connection.fetchrow(found)
            assert row is not None
            text, change = row["text"], f"update {table} set {column} = $1 where ctid = $2"  # noqa: S608
            for letter in FORBIDDEN:
                for bad in (letter, text + letter, letter + text, text[:1] + letter + text[2:]):
                    with pytest.raises((asyncpg.CheckViolationError, asyncpg.StringDataRightTruncationError)):
                        await connection.execute(change, bad, row["ctid"])
