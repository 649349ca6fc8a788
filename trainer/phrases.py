"""How do several words stand in a sentence, and a long name in a small place?"""

from __future__ import annotations

from collections.abc import Sequence


def listed(words: Sequence[str]) -> str:
    """Return words, one at least, as a sentence lists them: `A`, `A and B`, `A, B and C`."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def cut(name: str, most: int) -> str:
    """Return a name, cut where it has more than so many characters."""
    return name if len(name) <= most else f"{name[: most - 1]}…"
