"""A worker as a process of its own, for tests that kill it. Its one argument is a JSON object."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from api.db.engine import open_engine
from api.db.sessions import Sessions
from api.db.urls import DatabaseUrl
from api.jobs.deliveries import Deliveries, deliveries_source
from api.jobs.worker import JobWorker, WorkerTimes
from api.kit.logging import configure_logging
from api.kit.metrics import Metrics
from api.mail.sending import open_transport
from api.models import CONTENT_KEY_TABLE, GOVERNANCE
from api.work import Works
from governance.audit.seal import EventSealer
from governance.audit.trail import AuditTrail
from governance.clock import SystemClock
from governance.keys import ContentKeys, KeyEncryptionKeys
from tests.integration.jobs.parts import renderer_in

QUICK = WorkerTimes(
    stop_seconds=5, stalled_every=0.2, stalled_after=1.5, heartbeat=0.3, maintenance_every=3600, poll=0.5
)


def works_on(database: DatabaseUrl, keys_database: DatabaseUrl, key_folder: Path) -> Works:
    """Put together what units of work need, on the machine's clock."""
    clock = SystemClock()
    keys = ContentKeys(
        open_engine(keys_database.sqlalchemy, pool_size=4), CONTENT_KEY_TABLE, KeyEncryptionKeys.load(key_folder), clock
    )
    engine = open_engine(database.sqlalchemy, pool_size=10)
    return Works(Sessions(engine), clock, AuditTrail(GOVERNANCE, EventSealer(keys, clock)), keys)


async def main(given: dict[str, Any]) -> None:
    configure_logging(SystemClock(), console=False, strict=True)
    database = DatabaseUrl(given["database"])
    works = works_on(database, DatabaseUrl(given["keys_database"]), Path(given["key_folder"]))
    metrics = Metrics()
    deliveries = Deliveries(
        works=works,
        renderer=renderer_in(Path(given["templates"])),
        transport=open_transport(given["mail"], timeout=20),
        metrics=metrics,
    )
    source = deliveries_source(deliveries)
    worker = JobWorker(
        url=database,
        sessions=works.sessions,
        clock=works.clock,
        sources=[replace(source, batch=20)],
        maintenance=None,
        metrics=metrics,
        concurrency=given["concurrency"],
        times=replace(QUICK, stop_seconds=given.get("stop_seconds", QUICK.stop_seconds)),
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await worker.run(stop)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
