"""The one error of everything that verifies."""

from __future__ import annotations


class ProofRefused(ValueError):
    """A proof, note or record does not show what it should. The text says which and why, for a person."""
