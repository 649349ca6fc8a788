"""Words and quantities as people read them: lists, shortened names, numbers, percent, durations, counted nouns.

A number below 0 has a real minus sign (U+2212), and none is ever written with an exponent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal

# Control characters and halves of letters, and what turns the direction of all that follows.
_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
MINUS = "−"
NO_NUMBER = "no number"  # in place of NaN and the infinities


# --- words ----------------------------------------------------------------------------------------------------


def listed(words: Sequence[str]) -> str:
    """Return words, one at least, as a sentence lists them: `A`, `A and B`, `A, B and C`."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def shortened(name: str, most: int) -> str:
    """Return a name, cut where it has more than so many characters."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def plain(text: str) -> str:
    """Return text with a space in place of every letter that no page can show; lines stay."""
    return _UNSEEN.sub(" ", text)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number and its noun: `1 epoch`, `2 epochs`, `1,000 runs`; `plural` where it takes more than an s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


# --- numbers --------------------------------------------------------------------------------------------------


def number(value: float, digits: int = 6) -> str:
    """Return a number with at most so many significant digits: `0.000001`, `0.05`, `1,000`, `−2.5`."""
    if not math.isfinite(value):
        return NO_NUMBER
    return f"{Decimal(f'{value:.{digits}g}') or Decimal(0):,f}".replace("-", MINUS)


def decimal(value: float, places: int = 2) -> str:
    """Return a number with so many places behind the point: `1,234.50`, `−0.07`.

    One that would be 0 has four, so that `0.0004` is told from nothing.
    """
    if not math.isfinite(value):
        return NO_NUMBER
    if abs(value) < 0.5 * 10**-places:
        places = 4 if abs(value) >= 0.00005 else places
    return f"{round(value, places) + 0.0:,.{places}f}".replace("-", MINUS)


def signed(value: float, places: int = 2) -> str:
    """Return what `decimal` does, with a plus sign before what is above 0."""
    return f"{'+' if 0 < value < math.inf else ''}{decimal(value, places)}"


def percent(share: float | None, places: int = 1) -> str:
    """Return a share, 0 to 1, in percent: `97.3 %`; "" where it is not known, "–" where there is none (NaN)."""
    if share is None:
        return ""
    return "–" if math.isnan(share) else f"{100 * share:.{places}f} %".replace("-", MINUS)


def probability(share: float) -> str:
    """Return the probability of an answer in percent: nothing is certain, so none is said to be 100 %."""
    return ">99 %" if share >= 0.995 else percent(share, 0)


# --- durations ------------------------------------------------------------------------------------------------


def duration(seconds: float) -> str:
    """Return a duration: `42 s`, `3 min`."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def about(seconds: float) -> str:
    """Return a duration with no more digits than an estimate deserves: `about 40 s`, `about 3 min`, `about 2 h`."""
    if seconds < 90:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h".replace(".0 h", " h")
