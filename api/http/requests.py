"""What a request asks for, from the members of its JSON body or of its address, before anything is looked up.

The rule: exactly one document is named, by its text or by its id; where both are sent they must belong together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from api.execution.trusted import SHA256, document_id
from api.http.errors import RequestMalformed, RequestRefused
from api.http.strict_json import has_escaped_character, parse_object, unstorable

_MEMBERS_OF_AN_ADDRESS: Final = 20
_NO_VARIABLES: Final[Mapping[str, Any]] = {}


class Asked(NamedTuple):
    """A request as it was sent. `apollo` tells that the id came in Apollo's extension; `explain`, not to run it."""

    document: str
    document_id: str | None
    operation_name: str | None
    variables: Mapping[str, Any]
    apollo: bool = False
    explain: bool = False


def parse_asked(body: bytes) -> Asked:
    """Return the request in a JSON body; unknown members are ignored as the specification asks."""
    members = parse_object(body)
    return asked_of(members, storable=not has_escaped_character(body))


def parse_query(query: bytes) -> Asked:
    """Return the request in the query of an address; `variables` and `extensions` are JSON there."""
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MEMBERS_OF_AN_ADDRESS
        )
    except ValueError:
        raise RequestRefused("The query of the address cannot be read, so nothing ran.") from None
    members: dict[str, Any] = dict(pairs)
    if len(members) != len(pairs):
        raise RequestRefused("The address names a member twice, so nothing ran.")
    for name in ("variables", "extensions"):
        if members.get(name) not in {None, "", "null"}:
            members[name] = _object_in_address(name, members[name])
        else:
            members.pop(name, None)
    return asked_of(members)


def _object_in_address(name: str, text: str) -> dict[str, Any]:
    """Return the JSON object of a member of the address; what is wrong with it is told of that member."""
    if text.lstrip().startswith("["):
        raise RequestRefused(f"`{name}` in the address is not a JSON object, so nothing ran.")
    try:
        return parse_object(text.encode())
    except RequestRefused as error:
        raise RequestRefused(error.message.replace("The body", f"`{name}` in the address", 1)) from None


def asked_of(members: Mapping[str, Any], *, storable: bool = False) -> Asked:
    """Return the request that the members of a JSON object make; `storable` tells that no text needs a look."""
    document = members.get("query")
    name = members.get("operationName")
    variables = members.get("variables")
    extensions = members.get("extensions")
    if name is not None and not isinstance(name, str):
        raise RequestMalformed("`operationName` is not a string, so nothing ran.")
    if variables is not None and not isinstance(variables, dict):
        raise RequestMalformed("`variables` is not a JSON object, so nothing ran.")
    if extensions is not None and not isinstance(extensions, dict):
        raise RequestMalformed("`extensions` is not a JSON object, so nothing ran.")
    if not storable and unstorable(members):
        raise RequestMalformed(
            "The request holds a character that no text can keep (NUL or half of a surrogate pair), so nothing ran."
        )
    named, apollo = _named(members, extensions or {})
    explain = extensions is not None and extensions.get("explain") is True
    if document in (None, "") and named is not None:  # clients of sockets send an empty text beside an id
        return Asked("", named, name or None, variables or _NO_VARIABLES, apollo, explain)
    if not isinstance(document, str) or not document.strip():
        raise RequestMalformed("There is no `query` with a GraphQL document and no `documentId`, so nothing ran.")
    if named is not None and named != document_id(document):
        raise RequestMalformed("The id is not that of the document in `query`, so nothing ran. Send one of the two.")
    return Asked(document, None, name or None, variables or _NO_VARIABLES, explain=explain)


def _named(members: Mapping[str, Any], extensions: Mapping[str, Any]) -> tuple[str | None, bool]:
    """Return the id of a document, as the appendix of GraphQL over HTTP or as Apollo sends it."""
    named = members.get("documentId")
    if named is not None:
        if not isinstance(named, str) or not named:
            raise RequestMalformed("`documentId` is not a string, so nothing ran.")
        return named, False
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None, False
    digest = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    if not isinstance(digest, str) or len(digest) != hashlib.sha256().digest_size * 2:
        raise RequestMalformed("`extensions.persistedQuery` has no `sha256Hash` of a document, so nothing ran.")
    return SHA256 + digest.lower(), True
