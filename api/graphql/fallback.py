"""Execution field by field, on graphql-core with Strawberry's resolvers: the path for whatever is not compiled.

The document was parsed and validated by the plan; neither happens again here.
"""

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any

import strawberry
from graphql import DocumentNode, ExecutionResult, execute


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
            context_value=context,
            variable_values=dict(variables),
            operation_name=operation_name,
        )
        if isawaitable(result):
            result = await result
        return result
