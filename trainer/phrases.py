"""How do several words stand in a sentence, a long name in a small place, and what somebody typed on a page?"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Control characters and halves of letters, and what turns the direction of all that follows.
_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def listed(words: Sequence[str]) -> str:
    """Return words, one at least, as a sentence lists them: `A`, `A and B`, `A, B and C`."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def cut(name: str, most: int) -> str:
    """Return a name, cut where it has more than so many characters."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def plain(text: str) -> str:
    """Return text with a space in place of every letter that no page can show; lines stay."""
    return _UNSEEN.sub(" ", text)
