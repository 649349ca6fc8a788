"""Hash that identifies a run's owner: a run directory never contains the owner's token."""

from __future__ import annotations

import hashlib


def owner_hash(token: str) -> str:
    """Return the SHA-256 of a visitor's token, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()
