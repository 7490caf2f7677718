"""Say what is wrong with a document or with variables without repeating a value that was sent.

The library's messages quote values. The rule: only names of the schema and of the document pass; a message that is not
recognised becomes a general one.
"""

from __future__ import annotations

import re
from typing import Final

from graphql import GraphQLError, GraphQLSyntaxError, ObjectFieldNode, ValueNode

_GENERAL: Final = "A value does not fit what is expected here."
_NAME: Final = r"([\w!\[\]]{1,120})"
_VALUE_MESSAGES: Final = (
    (re.compile(rf"Value cannot represent a {_NAME}:"), "A value is not a valid `{}`."),
    (re.compile(rf"{_NAME} cannot represent\b"), "A value is not a valid `{}`."),
    (re.compile(rf"Enum '{_NAME}' cannot represent\b"), "A value is not one of the names of `{}`."),
    (re.compile(rf"Value '\w+' does not exist in '{_NAME}' enum"), "A value is not one of the names of `{}`."),
    (
        re.compile(rf"Expected value of type '{_NAME}' to include required field '{_NAME}'"),
        "An object `{}` lacks its required field `{}`.",
    ),
    (
        re.compile(rf"Expected value of type '{_NAME}' not to include unknown field '{_NAME}'"),
        "An object `{}` has no field `{}`.",
    ),
    (re.compile(rf"Expected value of type '{_NAME}' to be an object"), "A value is not an object `{}`."),
    (re.compile(rf"Expected a value of non-null type '{_NAME}' to be provided"), "A value of type `{}` is missing."),
    (re.compile(rf"Expected value of non-null type '{_NAME}' not to be None"), "A value of type `{}` is null."),
    (
        re.compile(rf"Expected variable '\$\w+' provided to non-null type '{_NAME}' not to be None"),
        "A value of type `{}` is null.",
    ),
    (re.compile(r"Variable values are nested too deeply"), "The variables are nested too deeply."),
)
_VARIABLE: Final = re.compile(
    r"Variable '\$(\w{1,120})' has invalid (?:default )?value(?: at ([\w.\[\]]{1,400}))?: (.*)", re.DOTALL
)
_ARGUMENT: Final = re.compile(
    r"Argument '([\w.(:)]{1,200})' has invalid value(?: at ([\w.\[\]]{1,400}))?: (.*)", re.DOTALL
)
_TOKEN_TEXT: Final = re.compile(r"\b(Name|String|BlockString|Int|Float|Comment) '.*", re.DOTALL)
_QUOTED_INPUT: Final = re.compile(r":? *'.*", re.DOTALL)
_SUGGESTION: Final = re.compile(r" ?Did you mean [^?]*\?")


def document_message(error: GraphQLError) -> str:
    """Return the message of a syntax or validation error; suggestions stay in it."""
    if isinstance(error, GraphQLSyntaxError):
        return _syntax_message(error.message)
    node = error.nodes[0] if error.nodes else None
    if node is not None and not isinstance(node, ValueNode | ObjectFieldNode) and '"' not in error.message:
        return error.message
    return _value_message(error.message)


def variables_message(message: str) -> str:
    """Return the message of an error in variables, with the path to what is wrong and without what is there."""
    for pattern, sign in ((_VARIABLE, "$"), (_ARGUMENT, "")):
        found = pattern.match(message)
        if found:
            place = f"`{sign}{found[1]}{found[2] or ''}`"
            return f"Invalid value for {place}, so it was not used. {_value_message(found[3])}"
    return _value_message(message)


def is_about_an_argument(message: str) -> bool:
    """Tell whether a field was not run because an argument of the caller's does not fit."""
    return _ARGUMENT.match(message) is not None


def without_suggestions(message: str) -> str:
    """Return a message without the names that the caller did not write."""
    return _SUGGESTION.sub("", message)


def _value_message(message: str) -> str:
    for pattern, words in _VALUE_MESSAGES:
        found = pattern.match(message)
        if found:
            return words.format(*found.groups())
    return _GENERAL


def _syntax_message(message: str) -> str:
    """Keep what was expected and the kind of what was found; the location says where."""
    if message.startswith(("Syntax Error: Expected", "Syntax Error: Unexpected")):
        return _TOKEN_TEXT.sub(r"\1.", message)
    return _QUOTED_INPUT.sub(".", message)
