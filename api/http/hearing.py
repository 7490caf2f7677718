"""Joins what the database announces to who waits for it in this process: followers of rows, watched credentials."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.auth.credential_cache import CredentialCache
from api.db.listening import Listening
from api.db.signals import CHANNEL as PROGRESS
from api.db.signals import Signals
from api.db.urls import DatabaseUrl
from api.http.edge import stopped
from api.http.watch import CHANNEL as CREDENTIALS
from api.http.watch import CredentialWatch
from api.kit.metrics import Metrics


@asynccontextmanager
async def hearing(
    url: DatabaseUrl, signals: Signals, watch: CredentialWatch, credentials: CredentialCache, metrics: Metrics
) -> AsyncIterator[None]:
    """Hear notices and watch credentials while the block runs."""

    def heard(payload: str) -> None:
        credentials.hear(payload)  # before anybody looks again
        watch.hear(payload)

    def resumed() -> None:
        credentials.forget()
        signals.look_again()
        watch.look_again()

    listening = Listening(url, {PROGRESS: signals.hear, CREDENTIALS: heard}, resumed)
    credentials.follow(lambda: listening.connected)
    metrics.watch_listening(lambda: listening.connected)
    tasks = [asyncio.create_task(work, name="live") for work in (listening.run(), watch.run())]
    try:
        yield
    finally:
        await stopped(*tasks)
