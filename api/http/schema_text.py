"""`/schema.graphql`: the schema as text, with its directives, which introspection cannot show."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class SchemaText:
    """Serves the text with an entity tag, so that clients notice a change cheaply."""

    text: str
    tag: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "tag", f'"{hashlib.sha256(self.text.encode()).hexdigest()[:32]}"')

    async def serve(self, request: Request) -> Response:
        """Answer with the text, or with 304 where the caller has it."""
        headers = {"etag": self.tag, "cache-control": "no-cache", "x-content-type-options": "nosniff"}
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if known & {self.tag, "*"}:
            return Response(status_code=304, headers=headers)
        return Response(self.text, media_type="application/graphql; charset=utf-8", headers=headers)
