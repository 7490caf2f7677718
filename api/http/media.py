"""Media types in and out of `/graphql`, by their exact names (GraphQL over HTTP)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from api.http.errors import MediaTypeNotSupported, NotAcceptable

JSON: Final = "application/json"
GRAPHQL_JSON: Final = "application/graphql-response+json"
_REMEMBERED: Final = 256
_REMEMBERED_LENGTH: Final = 256


def check_content_type(value: str) -> None:
    """Accept `application/json`, in UTF-8 if a charset is named; refuse everything else with 415."""
    if value != JSON:
        _check_essence(value)


def _check_essence(value: str) -> None:
    essence, _, parameters = value.partition(";")
    named = {part.strip().lower() for part in parameters.split(";") if part.strip()}
    if essence.strip().lower() != JSON or named - {"charset=utf-8", 'charset="utf-8"'}:
        raise MediaTypeNotSupported("Send the request as `Content-Type: application/json` in UTF-8. Nothing ran.")


def choose(accept: str) -> str:
    """Return the media type of the answer for an `Accept` header; an absent one counts as `application/json`."""
    return _remembered(accept) if len(accept) <= _REMEMBERED_LENGTH else _choose(accept)


def _choose(accept: str) -> str:
    if not accept.strip():
        return JSON
    best, best_weight = "", 0.0
    for item in accept.split(","):
        name, weight = _item(item)
        offered = name if name in {GRAPHQL_JSON, JSON} else ""
        if name in {"*/*", "application/*"}:
            offered = JSON
        if offered and weight > best_weight:
            best, best_weight = offered, weight
    if not best:
        raise NotAcceptable(f"The answer comes as `{GRAPHQL_JSON}` or `{JSON}`; accept one of them. Nothing ran.")
    return best


def weighted(accept: str) -> list[tuple[str, float]]:
    """Return the media types of an `Accept` header with their weights, as they are named."""
    return [_item(item) for item in accept.split(",") if item.strip()]


_remembered = lru_cache(_REMEMBERED)(_choose)
"""Clients send few different headers; a refusal is not remembered."""


def _item(item: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in item.split(";"))
    weight = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                weight = float(parameter[2:])
            except ValueError:
                weight = 0.0
        elif parameter.startswith("charset=") and parameter not in {"charset=utf-8", 'charset="utf-8"'}:
            weight = 0.0
    return name, weight
