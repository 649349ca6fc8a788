"""Tokens of visitors: secrets that make their browsers the owners of runs, of which run directories hold a hash."""

from __future__ import annotations

import hashlib
import re
import secrets


def new_token() -> str:
    """Return a token for a new visitor: 32 letters, digits, hyphens and underscores."""
    return secrets.token_urlsafe(24)


def is_token(text: str) -> bool:
    """Return whether a text from a browser has the form of a token."""
    return re.fullmatch(r"[A-Za-z0-9_-]{32}", text) is not None


def owner_hash(token: str) -> str:
    """Return the SHA-256 of a visitor's token, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()
