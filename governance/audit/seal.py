"""Turn an event into its stored form: stamp it, and seal each person's part under that person's content key."""

from __future__ import annotations

from governance.audit.event import SEALED_CONTEXT, AuditEvent, SealedPart, StoredEvent, canonical, store_form
from governance.clock import Clock
from governance.ids import EventId, new_id
from governance.keys import ContentKeys


class EventSealer:
    """Makes stored events; shared by everything that appends, so that there is one format."""

    def __init__(self, keys: ContentKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def seal(self, event: AuditEvent) -> StoredEvent:
        """Seal and stamp. Raise `DataSubjectErased` if a person's key is gone: nothing can be recorded of them."""
        at = self._clock.now()
        parts = [
            SealedPart(person.pseudonym, await self._keys.seal(person.id, canonical(dict(body)), SEALED_CONTEXT))
            for person, body in sorted(event.sealed.items(), key=lambda item: str(item[0].pseudonym))
            if body
        ]
        return store_form(event, EventId(new_id(self._clock)), at, tuple(parts))
