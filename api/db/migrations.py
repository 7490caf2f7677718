"""Bring both databases to the newest schema. Safe to repeat and to run from several processes at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from api.db.urls import DatabaseUrl, DatabaseUrls

FOLDER: Final = Path(__file__).resolve().parents[2] / "migrations"
_VERSIONS: Final = {"main": FOLDER / "versions", "keys": FOLDER / "keys"}


def configuration(database: str, url: DatabaseUrl) -> Config:
    """Return alembic's configuration for the `main` or the `keys` database."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("version_locations", str(_VERSIONS[database]))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["database"] = database
    config.attributes["url"] = url.sqlalchemy
    return config


def upgrade(urls: DatabaseUrls) -> None:
    """Migrate as the owner; a failing step leaves its database as it was before that step."""
    command.upgrade(configuration("keys", urls.keys_owner), "head")
    command.upgrade(configuration("main", urls.owner), "head")


async def upgrade_from_loop(urls: DatabaseUrls) -> None:
    """Do the same from within a running event loop."""
    await asyncio.to_thread(upgrade, urls)


def heads(database: str) -> list[str]:
    """Return the newest revisions of the scripts; more than one means that two branches met."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("version_locations", str(_VERSIONS[database]))
    config.set_main_option("path_separator", "newline")
    return list(ScriptDirectory.from_config(config).get_heads())
