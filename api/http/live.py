"""Run one operation for a connection that stays open: the answers of a query or mutation, or of each event in turn.

The rule: before each answer the caller's credential is read anew, and every event goes through the runner like a query
of its own: planned, decided, executed and recorded, with a context that no other event sees.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from graphql import GraphQLError, OperationType

from api.auth.errors import CredentialRefused, GrantRefused
from api.execution.answers import Answer, refusal, request_errors
from api.execution.plan import Plan
from api.execution.read import Event
from api.execution.run import Request, Runner, failure
from api.execution.schema_map import EventSources
from api.graphql.cookies import SETS_COOKIES
from api.http.documents import Documents
from api.http.edge import EdgeContext, MakeContext
from api.http.errors import PlainRequestNeeded
from api.http.live_limits import LiveLimits
from api.http.places import Places
from api.http.watch import CredentialWatch
from api.kit.errors import AccessDenied
from api.kit.metrics import Metrics
from api.viewer import Origin, Viewer
from governance.clock import Clock
from governance.errors import SafeError
from governance.ids import new_id

GONE: Final = (CredentialRefused, GrantRefused)
"""Why a caller may have nothing more: the credential ended, or the grant acted under."""


class OperationRefused(Exception):
    """The operation ended because it, or one of its events, was refused; `answer` says why and shows nothing."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.code)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Caller:
    """Who opened a connection, and how to find out again whether they still are."""

    viewer: Viewer
    headers: dict[str, str]
    again: Callable[[Origin], Awaitable[Viewer]]

    @property
    def key(self) -> UUID | str:
        """Return by what the caller's connections are counted."""
        return self.viewer.person.id if self.viewer.person is not None else self.viewer.origin.address

    async def now(self, origin: Origin) -> Viewer:
        """Return the viewer as things stand now; raise what is in `GONE` if they are not who they were."""
        try:
            viewer = await self.again(origin)
        except GrantRefused:
            raise
        except AccessDenied:
            raise CredentialRefused from None
        if _who(viewer) != _who(self.viewer):
            raise CredentialRefused
        return viewer

    async def holds(self) -> Viewer:
        """Do the same, for whoever asks only whether it is so."""
        return await self.now(self.viewer.origin)


def _who(viewer: Viewer) -> tuple[object, ...]:
    return viewer.person, viewer.account_id, viewer.session_id, viewer.api_token_id, viewer.access_grant_id


@dataclass(frozen=True, slots=True)
class Live:
    """What sockets and event streams of one process share."""

    runner: Runner
    sources: EventSources
    make_context: MakeContext
    documents: Documents
    clock: Clock
    metrics: Metrics
    watch: CredentialWatch
    limits: LiveLimits
    everybody: Places
    callers: Places
    waiting: Places

    async def answers(self, request: Request, caller: Caller) -> AsyncGenerator[Answer, None]:
        """Yield each answer; it is recorded before. Raise `OperationRefused`, or what is in `GONE`."""
        request_id = caller.viewer.origin.request_id
        try:
            async with aclosing(self._answers(request, caller)) as answers:
                async for answer in answers:
                    yield answer
        except (OperationRefused, *GONE):
            raise
        except SafeError as error:
            raise OperationRefused(refusal(error, request_id)) from error
        except Exception as error:
            raise OperationRefused(failure(error, request_id)) from error

    async def _answers(self, request: Request, caller: Caller) -> AsyncGenerator[Answer, None]:
        context = await self._context(caller)
        if request.explain:  # nothing of it runs, a subscription neither
            yield await self._ran(request, context)
            return
        plan = await self.runner.admit(request, context)
        if isinstance(plan, Answer):
            raise OperationRefused(plan)
        if plan.operation_type is not OperationType.SUBSCRIPTION:
            if not SETS_COOKIES.isdisjoint(plan.root_fields):
                raise PlainRequestNeeded
            yield await self._ran(request, context)
            return
        async with aclosing(await self._source(plan, request, context)) as source:
            async for value in source:
                context = await self._context(caller)
                context.event = Event(value)
                answer = await self.runner.run(request, context)
                if not answer.ran or answer.shows_nothing:
                    raise OperationRefused(answer)
                yield answer

    async def _ran(self, request: Request, context: EdgeContext) -> Answer:
        answer = await self.runner.run(request, context)
        if not answer.ran:
            raise OperationRefused(answer)
        return answer

    async def _source(self, plan: Plan, request: Request, context: EdgeContext) -> AsyncGenerator[object, None]:
        found = await self.sources.open(plan.document, request.operation_name, request.variables, context)
        if isinstance(found, AsyncGenerator):
            return found
        broken = next((error.original_error for error in found if not _of_a_value(error)), None)
        if broken is not None:
            raise broken
        raise OperationRefused(request_errors(found, context.viewer.origin.request_id))

    async def _context(self, caller: Caller) -> EdgeContext:
        """Return a context nobody used yet, for the caller as they are now, under a request id of its own."""
        origin = replace(caller.viewer.origin, request_id=str(new_id(self.clock)))
        async with asyncio.timeout(self.limits.viewer_seconds):
            viewer = await caller.now(origin)
        return self.make_context(viewer, caller.headers)


def _of_a_value(error: GraphQLError) -> bool:
    return error.original_error is None or isinstance(error.original_error, GraphQLError)
