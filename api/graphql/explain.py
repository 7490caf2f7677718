"""`explain`: what an operation would cost, show and need, as a query; nothing of it runs."""

from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from api.execution.explain import ExplainedField, Explanation, purposes_of
from api.execution.run import Request
from api.graphql.context import Context
from api.graphql.errors import UserError, as_data
from api.graphql.payloads import ERRORS
from api.graphql.personal import personal
from api.kit.errors import InvalidInput
from governance.errors import SafeError

Info = strawberry.Info[Context, None]
_WORDS = "words of the schema and of the caller's own document"

Document = Annotated[str, strawberry.argument(description="The document, as it would be sent.")]
Variables = Annotated[JSON | None, strawberry.argument(description="Its variables, as a JSON object.")]
OperationName = Annotated[str | None, strawberry.argument(description="Which of its operations, if it has several.")]


@strawberry.type(description="A personal field of an operation: where it stands in the answer, and what it is.")
class ExplainedPersonalData:
    """One field."""

    path: str = personal.computed(_WORDS, description="Its place in the answer; behind an interface, with the type.")
    coordinate: str = personal.computed(_WORDS, description="Its schema coordinate, such as `Account.email`.")
    category: str = personal.computed(_WORDS, description="Its data category.")
    purposes: list[str] = personal.computed(_WORDS, description="What it is used for: names of `Purpose`.")
    retention: str = personal.computed(_WORDS, description="How long it is kept: a name of `RetentionClass`.")
    masked: bool = personal.computed(_WORDS, description="Whether your token would see null there.")


@strawberry.type(name="Explanation", description="What is known of an operation before it runs.")
class ExplanationType:
    """One explanation."""

    operation: str = personal.computed(_WORDS, description="Its root fields.")
    document_hash: str = personal.computed(_WORDS, description="SHA-256 of the document, as the audit log names it.")
    cost: int = personal.computed(_WORDS, description="What it would be charged at most, in points.")
    plan: str = personal.computed(
        _WORDS, description="compiled: one SQL statement; resolved: field by field; mixed: both."
    )
    resolved: list[str] = personal.computed(_WORDS, description="What is not compiled: keys of the answer, or why.")
    scopes: list[str] = personal.computed(_WORDS, description="The scopes it needs.")
    categories: list[str] = personal.computed(_WORDS, description="The data categories it would show.")
    purposes: list[str] = personal.computed(_WORDS, description="The purposes of what it would show.")
    missing: list[str] = personal.computed(
        _WORDS, description="The grants you lack; with any here it would be refused before a row is read."
    )
    personal_data: list[ExplainedPersonalData] = strawberry.field(description="Every personal field, by its place.")


@strawberry.type(description="An explanation, or why there is none.")
class ExplainPayload:
    """The payload of `explain`."""

    explanation: ExplanationType | None = strawberry.field(default=None, description="What is known of the operation.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


def explained(info: Info, document: str, variables: Any, operation_name: str | None) -> ExplainPayload:
    """Return the explanation; what is wrong with the document is data."""
    assert info.context.explain is not None, "wired by the composition root"
    try:
        if variables is not None and not isinstance(variables, dict):
            raise InvalidInput(
                "The variables are not a JSON object, so nothing was explained.",
                rule="not-an-object",
                field=("variables",),
            )
        found = info.context.explain(Request(document, operation_name, variables or {}), info.context.viewer)
    except SafeError as error:
        return ExplainPayload(errors=[as_data(error)])
    return ExplainPayload(explanation=_explanation(found), errors=[])


def _explanation(found: Explanation) -> ExplanationType:
    return ExplanationType(
        operation=found.operation,
        document_hash=found.document_hash,
        cost=found.cost,
        plan=found.path.value,
        resolved=list(found.resolved),
        scopes=list(found.scopes),
        categories=list(found.categories),
        purposes=list(found.purposes),
        missing=list(found.missing),
        personal_data=[_field(one) for one in found.fields],
    )


def _field(one: ExplainedField) -> ExplainedPersonalData:
    return ExplainedPersonalData(
        path=one.path,
        coordinate=one.coordinate,
        category=one.tag.category,
        purposes=purposes_of(one.tag),
        retention=str(one.tag.retention.value),
        masked=one.masked,
    )
