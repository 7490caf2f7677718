"""Lookups that happen for almost every request: compiled to SQL once, run on connections of their own.

The rule: a statement has the same text whatever it looks for; what it looks for are named parameters. Within a session
it runs like any other statement, so that what the session changed is seen.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Final, TypeAlias

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import asyncpg as driver

from api.db.reading import ReaderPool
from api.db.sessions import ReadSession

_DIALECT: Final = driver.dialect()  # type: ignore[no-untyped-call]
Looks: TypeAlias = ReadSession | ReaderPool
"""Where a lookup runs: in somebody's session, or on the connections for lookups."""


class Prepared:
    """A SELECT of at most one row."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        compiled = statement.compile(dialect=_DIALECT)
        self._sql = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}

    async def one(self, looks: Looks, **values: Any) -> Any:
        """Return the row, its columns as attributes; None where there is none."""
        if not isinstance(looks, ReaderPool):
            return (await looks.execute(self._statement, values)).one_or_none()
        given = self._fixed | values
        row = await looks.fetch_row(self._sql, [given[name] for name in self._names])
        return SimpleNamespace(**row) if row is not None else None
