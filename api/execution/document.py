"""Bound, parse and validate a document, once for each text.

The order is cheap before dear: length, then tokens, then literals, then shape, then validation, whose cost grows with
the square of repeated fields.
"""

from __future__ import annotations

import re
from typing import Final

from graphql import DocumentNode, GraphQLError, GraphQLSchema, GraphQLSyntaxError, parse, validate

from api.execution.errors import DocumentRefused
from api.execution.literals import check_literals, check_text
from api.execution.shape import Limits, check_shape, too_large
from api.execution.wording import document_message

_SHOWN_PROBLEMS: Final = 5
_TOO_MANY_TOKENS: Final = re.compile(r"Syntax Error: Document contains more than \d+ tokens")
_TOO_DEEP: Final = re.compile(r"Syntax Error: .*nested too deep", re.IGNORECASE)


def read_document(text: str, schema: GraphQLSchema, limits: Limits) -> DocumentNode:
    """Return the validated document; nothing has run.

    Raise `DocumentTooLarge` for its length before it is looked at, then `PrivateKeyRefused`, `DocumentRefused` or
    `DocumentTooLarge` for its shape.
    """
    if len(text) > limits.characters:
        raise too_large("length", limits.characters, "characters")
    check_text(text)
    document = _parsed(text, limits)
    check_literals(document)
    check_shape(document, limits)
    problems = validate(schema, document, max_errors=_SHOWN_PROBLEMS)
    if problems:
        raise _refused(problems)
    return document


def _parsed(text: str, limits: Limits) -> DocumentNode:
    try:
        return parse(text, max_tokens=limits.tokens)
    except GraphQLSyntaxError as error:
        if _TOO_MANY_TOKENS.match(error.message):
            raise too_large("number of tokens", limits.tokens, "tokens") from None
        if _TOO_DEEP.match(error.message):
            raise too_large("nesting", limits.depth, "levels") from None
        raise _refused([error], syntax=True) from None
    except RecursionError:
        raise too_large("nesting", limits.depth, "levels") from None


def _refused(errors: list[GraphQLError], *, syntax: bool = False) -> DocumentRefused:
    problems = tuple(
        (document_message(error), tuple((place.line, place.column) for place in error.locations or ()))
        for error in errors[:_SHOWN_PROBLEMS]
    )
    return DocumentRefused(
        "The document is not valid for this schema, so nothing ran. Correct it and send it again.",
        problems,
        syntax=syntax,
    )
