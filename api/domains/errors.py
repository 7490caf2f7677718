"""Why a domain was not added, found or removed; nothing was changed.

InvalidInput ── DomainRefused        NotFound ── DomainNotFound
Conflict ── DomainAlreadyAdded, DomainInUse
"""

from __future__ import annotations

from api.kit.errors import Conflict, InvalidInput, NotFound


class DomainRefused(InvalidInput):
    """What was typed is not a name that can be certified; the message says what to type instead."""

    code = "DOMAIN_REFUSED"

    def __init__(self, message: str, *, rule: str) -> None:
        super().__init__(f"{message} Nothing was added.", rule=rule, field=("name",))


class DomainNotFound(NotFound):
    """No such domain in this account."""

    code = "DOMAIN_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such domain in this account. Nothing was changed. Look at the list of domains.")


class DomainAlreadyAdded(Conflict):
    """The account has this domain."""

    code = "DOMAIN_ALREADY_ADDED"

    def __init__(self) -> None:
        super().__init__(
            "This account has this domain already, perhaps spelled differently. Nothing was changed.", field=("name",)
        )


class DomainInUse(Conflict):
    """An open order is about this name; removing it now would leave the order without its domain."""

    code = "DOMAIN_IN_USE"

    def __init__(self) -> None:
        super().__init__(
            "An order for this name is still open, so the domain was not removed. Wait until the order has ended."
        )
