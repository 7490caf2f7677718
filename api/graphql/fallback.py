"""Execution field by field, on graphql-core with Strawberry's resolvers: the path for whatever is not compiled.

The document was parsed and validated by the plan; neither happens again here.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from inspect import isawaitable
from typing import Any, cast

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    create_source_event_stream,
    execute,
)


class StrawberryFallback:
    """Runs validated documents on a Strawberry schema."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self._schema = schema._schema  # noqa: SLF001 - Strawberry offers no way to run a parsed document

    async def execute(
        self, document: DocumentNode, operation_name: str | None, variables: Mapping[str, Any], context: Any
    ) -> ExecutionResult:
        """Return data and located errors; cancellation stops it between fields."""
        result = execute(
            self._schema,
            document,
            root_value=context.event.value if context.event is not None else None,
            context_value=context,
            variable_values=dict(variables),
            operation_name=operation_name,
        )
        if isawaitable(result):
            result = await result
        return result

    async def open(
        self, document: DocumentNode, operation_name: str | None, variables: Mapping[str, Any], context: Any
    ) -> AsyncGenerator[Any, None] | Sequence[GraphQLError]:
        """Return the generator behind a subscription's root field; nothing of it has run yet.

        Each object it yields is the root value of an execution of its own: Strawberry's root field returns it as it is.
        """
        executor = Executor.build(
            self._schema,
            document,
            context_value=context,
            raw_variable_values=dict(variables),
            operation_name=operation_name,
        )
        if not isinstance(executor, Executor):
            return executor
        found = create_source_event_stream(executor)
        if isawaitable(found):
            found = await found
        if isinstance(found, ExecutionResult):
            return found.errors or []
        return cast("AsyncGenerator[Any, None]", found)
