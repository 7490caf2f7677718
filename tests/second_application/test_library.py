"""Governance serves an application it has never heard of: catalogue, register, schema, log and keys."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import text

from governance.audit.reading import AuditReader
from governance.audit.writer import AuditLog
from governance.catalog import SubjectPath
from governance.errors import AuditUnavailable, DataSubjectErased
from governance.graphql import schema_tags, unmarked_fields
from governance.register import FieldKind, RegisteredField, register_rows
from governance.register_formats import as_json
from governance.tags import Origin
from tests.second_application.library import REASON, SCHEMA, Library
from tests.second_application.tables import CATALOG, GOVERNANCE, Keep, Purpose, held

ALL = "{ me { id name email loans { title due fines { cents reason } } } openingHours }"


def test_the_catalogue_is_complete_through_ring_and_fork() -> None:
    CATALOG.check()
    fine = CATALOG.paths["fine"]
    assert isinstance(fine, SubjectPath)
    assert [str(source) for source, _ in fine.steps] == ["fine.loan_id", "loan.reader_id", "reader.data_subject_id"]


def test_the_register_speaks_the_librarys_words() -> None:
    cookie = RegisteredField(
        FieldKind.COOKIE, "card", held("user.unique_id", Purpose.LENDING, Keep.MEMBER, Origin.OBSERVED), "by the card"
    )
    rows = {row["name"]: row for row in json.loads(as_json(register_rows(CATALOG, (cookie,))))["rows"]}
    assert rows["card"]["kind"] == "cookie"
    assert rows["fine.cents"]["retained_because"] == "the town's accounts"
    assert rows["fine.cents"]["recipients"] == ["the town's treasury"]
    assert rows["fine.cents"]["person"] == "fine.loan_id > loan.reader_id > reader.data_subject_id"
    assert rows["reader.email"]["portable_because"] == "provided, on consent"


def test_the_schema_shows_the_librarys_tags_and_nothing_unmarked() -> None:
    assert unmarked_fields(SCHEMA) == []
    assert set(schema_tags(SCHEMA)) == {"Reader.name", "Reader.email", "Loan.due", "Fine.cents", "Fine.reason"}
    assert (
        'email: String @personalData(category: "user.contact.email", purposes: [REMINDERS], origin: PROVIDED, '
        "retention: MEMBER, erasure: DELETE, portable: true)"
    ) in SCHEMA.as_str()
    assert "erasure: RETAIN, portable: false)" in SCHEMA.as_str()


async def test_an_answer_leaves_one_event_about_its_reader(library: Library) -> None:
    ada, ada_reader = await library.join("Ada", "ada@library.test")
    library.clock.advance(timedelta(seconds=1))
    await library.borrow(ada, ada_reader, "Emma", "coffee on page 7")
    library.clock.advance(timedelta(seconds=1))
    await library.join("Bob", None)
    async with AuditLog(library.connect_audit, library.sealer) as log:
        answer = await library.answer(log, ada, ALL)
        assert await library.answer(log, ada, "{ openingHours }") == {"openingHours": "9 to 5"}
    assert answer == {
        "me": {
            "id": str(ada_reader),
            "name": "Ada",
            "email": "ada@library.test",
            "loans": [{"title": "Emma", "due": "2026-12-01", "fines": [{"cents": 50, "reason": "coffee on page 7"}]}],
        },
        "openingHours": "9 to 5",
    }
    async with library.sessions() as session:
        page = await AuditReader(GOVERNANCE).events_about(session, ada.pseudonym, first=10)
        dump = str((await session.execute(text("select * from audit_event"))).all())
    shown, *changes = page.events
    assert shown.intact
    assert set(shown.header.coordinates) == {"Reader.name", "Reader.email", "Loan.due", "Fine.cents", "Fine.reason"}
    assert shown.header.row_counts == {"Reader": 1, "Loan": 1, "Fine": 1}
    assert shown.header.data_subjects == (ada.pseudonym,)
    assert [event.header.operation.name for event in changes] == ["borrow", "join"]
    assert not any(word in dump for word in ("Ada", "ada@library.test", "coffee", "window 3"))


async def test_no_record_no_answer(library: Library) -> None:
    ada, _ = await library.join("Ada", None)
    async with library.engine.begin() as connection:
        await connection.execute(text("alter table audit_event rename to elsewhere"))
    async with AuditLog(library.connect_audit, library.sealer) as log:
        with pytest.raises(AuditUnavailable):
            await library.answer(log, ada, "{ me { name } }")
        assert await library.answer(log, ada, "{ openingHours }") == {"openingHours": "9 to 5"}


async def test_without_the_key_the_sealed_reason_is_gone(library: Library) -> None:
    ada, reader = await library.join("Ada", None)
    await library.borrow(ada, reader, "Emma", "coffee on page 7")
    async with library.sessions() as session:
        sealed = (await session.execute(text("select reason from fine"))).scalar_one()
    assert await library.keys.unseal(ada.id, sealed, REASON) == b"coffee on page 7"
    await library.keys.destroy(ada.id)
    with pytest.raises(DataSubjectErased):
        await library.keys.unseal(ada.id, sealed, REASON)


IMPORTS = """
import importlib, pkgutil, sys
import governance, tests.second_application.library
for module in pkgutil.walk_packages(governance.__path__, "governance."):
    importlib.import_module(module.name)
print(sorted(name for name in sys.modules if name.split(".")[0] in ("api", "agent", "sslm_agent")))
"""


def test_governance_and_the_library_load_nothing_of_the_first_application() -> None:
    loaded = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
