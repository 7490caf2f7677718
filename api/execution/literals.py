"""The texts that come with a request, in its variables and in its document, and what none of them may hold.

A document's literals are looked at as parsed: an escape in a string hides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from graphql import DocumentNode, StringValueNode, Visitor, visit

from api.execution.errors import DocumentRefused
from api.kit.errors import InvalidInput
from api.kit.secrets import PrivateKeyRefused, contains_private_key

LONGEST_TEXT: Final = 384 << 10  # a request with 10,000 names reaches the gate, which says what is wrong with it


def check_variables(operation_name: str | None, variables: Mapping[str, Any]) -> None:
    """Refuse a request in which any text holds a private key (clause 3.3-a); nothing of it is kept or logged.

    No field takes a text beyond `LONGEST_TEXT`, so a longer one is refused unread: looking for keys is dear.
    """
    texts = list(texts_in([operation_name, variables]))
    if any(len(text) > LONGEST_TEXT for text in texts):
        raise InvalidInput(
            f"A text in the variables is longer than {LONGEST_TEXT} characters, which no field takes, so nothing ran. "
            "Send less; a signing request has a few thousand.",
            rule="text-too-long",
        )
    if any(map(contains_private_key, texts)):
        raise PrivateKeyRefused


def check_text(document: str) -> None:
    """Refuse a document whose raw text holds a private key, comments included; before it is parsed or measured."""
    if contains_private_key(document):
        raise PrivateKeyRefused


def check_literals(document: DocumentNode) -> None:
    """Refuse private keys and characters that cannot be stored, in the strings of a parsed document."""
    for text in literals_of(document):
        if contains_private_key(text):
            raise PrivateKeyRefused
        if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise DocumentRefused(
                "A string of the document holds a character that no text can keep (NUL or half of a surrogate pair), "
                "so nothing ran. Remove it and send the document again."
            )


def literals_of(document: DocumentNode) -> list[str]:
    """Return every string of a document, default values included."""
    collector = _Strings()
    visit(document, collector)
    return collector.found


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value, names of members included."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple):
            waiting += item


class _Strings(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def enter_string_value(self, node: StringValueNode, *_: object) -> None:
        self.found.append(node.value)
