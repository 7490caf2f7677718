"""The pages' operations fit the schema, keep the limits of any client, and are all used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, OperationType, parse

from api.execution.document import Limits, read_document
from api.graphql.schema import schema_map
from api.pages.documents import DOCUMENTS, FOLDER

MUTATION_ERRORS = "errors { __typename code message field retryAt }"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_and_named_like_its_file(name: str) -> None:
    document = read_document(DOCUMENTS[name], schema_map().schema, Limits())
    (operation,) = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    assert operation.name is not None
    assert operation.name.value == Path(name).name


def test_every_mutation_asks_for_its_errors() -> None:
    for name, text in DOCUMENTS.items():
        (operation,) = parse(text).definitions
        assert isinstance(operation, OperationDefinitionNode)
        if operation.operation is OperationType.MUTATION:
            assert MUTATION_ERRORS in text, name


def test_every_document_is_used_and_every_one_used_is_there() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py"))
    used = set(re.findall(r'"((?:account|certificates|entrance|staff)/[A-Z]\w+)"', code))
    assert used == set(DOCUMENTS)
