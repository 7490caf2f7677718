"""Domain names as the user types them, as a CSR holds them, and as folders.

One rule: a name that is not a plain host name (or one leading `*.`) is refused before it touches a path or the wire.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import idna

from sslm_agent.errors import InvalidChoice

MOST_NAMES = 100
_LONGEST_FOLDER = 200
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
_WILDCARD_FOLDER = "_wildcard."


def normalise(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names as A-labels in lower case, without repeats, the first one first (RFC 5280, 7.2; IDNA 2008)."""
    normal = tuple(dict.fromkeys(_normalise_one(name) for name in names))
    if not normal:
        raise InvalidChoice("No name was given. Nothing was ordered. Name at least one domain.")
    if len(normal) > MOST_NAMES:
        raise InvalidChoice(f"More than {MOST_NAMES} names were given. Nothing was ordered. Split them.")
    return normal


def _normalise_one(name: str) -> str:
    wildcard = name.startswith("*.")
    host = name[2:] if wildcard else name
    try:
        ascii_name = idna.encode(host, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise _refusal(name) from None
    labels = ascii_name.split(".")
    plain = len(labels) > 1 and all(_LABEL.match(label) for label in labels) and not labels[-1].isdigit()
    normal = ("*." if wildcard else "") + ascii_name
    if not plain or len(normal) > 253:  # noqa: PLR2004 - RFC 1035, 2.3.4
        raise _refusal(name)
    return normal


def _refusal(name: str) -> InvalidChoice:
    return InvalidChoice(
        f"{name[:80]!r} is not a domain name. Nothing was ordered. "
        "Write it like www.example.com or *.example.com, without scheme, port, path or final dot."
    )


def folder_name(name: str) -> str:
    """Return the folder for a normalised name: never hidden, never a path, never the folder of another name."""
    folder = _WILDCARD_FOLDER + name[2:] if name.startswith("*.") else name
    if len(folder) > _LONGEST_FOLDER:
        digest = hashlib.sha256(name.encode()).hexdigest()[:32]
        folder = f"{folder[: _LONGEST_FOLDER - 40]}_{digest}"
    return folder


def probe_name(name: str) -> str:
    """Return a name to ask a server for: a wildcard is not one, a host under it is."""
    return "www." + name[2:] if name.startswith("*.") else name
