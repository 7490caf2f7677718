"""`sslm documents`: load trusted documents where every process finds them, and list them."""

from __future__ import annotations

from pathlib import Path

from api.app import open_core
from api.documents.checking import check_documents
from api.documents.folder import read_folder
from api.documents.store import listed_documents, put_documents
from api.execution.plans import Plans
from api.graphql.schema import schema_map
from api.models import TrustedDocumentRow
from api.settings import Settings


async def load_documents(settings: Settings, folder: Path) -> tuple[int, int]:
    """Store the documents of a folder, all or none; return how many there are, and how many are new."""
    found = read_folder(folder)
    check_documents(found, Plans(schema_map()))
    async with open_core(settings) as core, core.sessions.write() as session:
        return len(found), await put_documents(session, found, core.clock)


async def stored_documents(settings: Settings) -> list[TrustedDocumentRow]:
    """Return the documents that were loaded."""
    async with open_core(settings) as core, core.sessions.read() as session:
        return await listed_documents(session)
