"""Enumerations of the account's settings, as callers see them."""

from enum import Enum

import strawberry


@strawberry.enum(description="How pages are drawn.")
class DisplayMode(Enum):
    """Display modes; the values are what is stored."""

    SYSTEM = strawberry.enum_value("system", description="As the browser asks.")
    LIGHT = strawberry.enum_value("light", description="Dark on light.")
    DARK = strawberry.enum_value("dark", description="Light on dark.")
