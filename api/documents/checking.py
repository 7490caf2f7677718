"""Check documents against the schema before they are trusted; what is checked is in the cache of plans from then on."""

from __future__ import annotations

from collections.abc import Iterable

from graphql import OperationDefinitionNode

from api.documents.errors import DocumentsRefused
from api.documents.folder import Found
from api.execution.document import read_document
from api.execution.errors import DocumentRefused
from api.execution.plans import Plans
from api.execution.shape import Limits
from governance.errors import SafeError


def check_documents(found: Iterable[Found], plans: Plans) -> None:
    """Read every operation of every document into the cache; raise `DocumentsRefused` naming each that does not fit."""
    problems = [problem for one in found if (problem := problem_with(one, plans))]
    if problems:
        raise DocumentsRefused(problems)


def problem_with(found: Found, plans: Plans) -> str | None:
    """Return what is wrong with a document, or None; its operations are ready to run then."""
    try:
        document = read_document(found.text, plans.schema_map.schema, Limits())
        operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
        if not operations:
            return f"{found.name}: holds no operation."
        for one in operations:
            plans.operation(found.text, one.name.value if one.name else None)
    except SafeError as error:
        return f"{found.name}: {_words(error)}"
    return None


def _words(error: SafeError) -> str:
    """Return the first thing that is wrong, with its place."""
    if isinstance(error, DocumentRefused) and error.problems:
        message, places = error.problems[0]
        return f"line {places[0][0]}: {message}" if places else message
    return error.message
