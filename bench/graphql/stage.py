"""Where the benchmark takes place: the product's databases filled, and a login for those that are compared with it.

The competitors read through `sslm_bench`: it sees every row whatever row-level security says, may read three tables and
rename accounts, and begins with generic plans, which suit every one of them here.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from api.app import Core, open_core
from api.db.roles import quoted, scram_verifier
from api.db.urls import DatabaseUrl
from api.settings import load
from bench.graphql.data import Filled, Report, Size, fill

LOGIN: Final = "sslm_bench"
_LOCK: Final = 7_306_010
_GRANTS: Final = (
    f"grant usage on schema public to {LOGIN}",
    f"grant select on account, domain, certificate, certificate_name to {LOGIN}",
    f"grant update (display_name) on account to {LOGIN}",
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Filled databases. `environment` is that of the product's processes, all but the port."""

    core: Core
    superuser: DatabaseUrl
    folder: Path
    environment: dict[str, str]
    competitors_url: str
    callers_file: Path
    filled: Filled


@asynccontextmanager
async def open_stage(
    superuser_url: str, folder: Path, size: Size, report: Report = lambda *_: None
) -> AsyncIterator[Stage]:
    """Prepare the product's databases on the server of `superuser_url` and fill them; files go to `folder`."""
    environment = product_environment(superuser_url, folder)
    async with open_core(load(environment)) as core:
        superuser = DatabaseUrl.parse(superuser_url).at(database=core.urls.owner.database)
        competitors_url = await _make_login(superuser)
        filled = await fill(core, size, report)
        callers_file = folder / "callers.json"
        filled.write(callers_file)
        yield Stage(core, superuser, folder, environment, competitors_url, callers_file, filled)


def product_environment(superuser_url: str, folder: Path) -> dict[str, str]:
    """Return the settings of a production installation behind a proxy; its callers may ask as fast as they can.

    Nothing is charged less often for that: each operation still pays from its bucket, which is only larger.
    """
    return {
        "SSLM_MODE": "production",
        "SSLM_SITE_URL": "https://bench.example",
        "SSLM_SECRET": secrets.token_hex(32),
        "SSLM_VAR": str(folder),
        "SSLM_MAIL_URL": f"folder://{folder / 'mail'}",
        "SSLM_QUOTA_HOLDER": "1000000000/1000",
        "DATABASE_URL": superuser_url,
    }


async def _make_login(superuser: DatabaseUrl) -> str:
    """Make the competitors' role; where the server asks for passwords, its own is derived from the superuser's."""
    password = None
    if superuser.password is not None:
        password = hmac.digest(superuser.password.encode(), LOGIN.encode(), hashlib.sha256).hex()
    connection = await asyncpg.connect(superuser.plain)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        if not await connection.fetchval("select true from pg_roles where rolname = $1", LOGIN):
            await connection.execute(f"create role {LOGIN} login bypassrls")
            await connection.execute(f"alter role {LOGIN} set plan_cache_mode = 'force_generic_plan'")
        if password is not None:
            await connection.execute(f"alter role {LOGIN} password '{scram_verifier(password)}'")
        await connection.execute(f"grant connect on database {quoted(superuser.database)} to {LOGIN}")
        for statement in _GRANTS:
            await connection.execute(statement)
    finally:
        await connection.close()
    return superuser.at(user=LOGIN, password=password or "").plain
