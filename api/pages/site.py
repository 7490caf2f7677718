"""What the pages must be told by the composition root: plain values and the parts they call, as Protocols."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from api.execution.answers import Answer
from api.execution.read import Context
from api.execution.run import Request
from api.pages.rendering import Renderer
from api.viewer import Origin, Viewer
from governance.clock import Clock
from governance.register import RegisterRow


@dataclass(frozen=True, slots=True)
class Site:
    """The site in words: what it is called, who runs it, where it is."""

    name: str
    url: str
    operator: str
    support_address: str
    minimum_age: int = 16

    @property
    def origin(self) -> str:
        """Return the site's own origin, as browsers send it (RFC 6454 section 6.2)."""
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}"


class PageContext(Context, Protocol):
    """The context of an operation, with the cookies its mutations want set."""

    set_cookies: list[str]


class Runs(Protocol):
    """Runs one operation by the governed path."""

    async def run(self, request: Request, context: Context) -> Answer:
        """Return the answer; never raises."""
        ...


class FindsSessions(Protocol):
    """Tells who holds a session secret."""

    async def signed_in(self, secret: str, origin: Origin) -> Viewer | None:
        """Return the viewer of the session; None for an ended or unknown one."""
        ...


MakeContext = Callable[[Viewer, dict[str, str]], PageContext]


@dataclass(frozen=True, slots=True)
class House:
    """Everything a page can reach."""

    site: Site
    runner: Runs
    viewers: FindsSessions
    make_context: MakeContext
    clock: Clock
    secret: bytes
    """Binds form tokens and CSRF tokens; the same that the GraphQL edge uses for CSRF tokens."""
    renderer: Renderer
    register: Sequence[RegisterRow] = ()
