"""Text for people: lists of words, shortened names, numbers, percentages, durations and counted nouns.

Negative numbers have a real minus sign (U+2212), and no number has an exponent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal

# Control characters, lone surrogates, and characters that change the direction of the text after them.
_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
MINUS = "−"
NO_NUMBER = "no number"  # for NaN and the infinities


# --- words ----------------------------------------------------------------------------------------------------


def listed(words: Sequence[str]) -> str:
    """Join one or more words for a sentence: `A`, `A and B`, `A, B and C`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def shortened(name: str, max_length: int) -> str:
    """Cut a name to at most `max_length` characters, the last of which is then an ellipsis."""
    return name if len(name) <= max_length else f"{name[: max_length - 1]}…"


def printable(text: str) -> str:
    """Replace unprintable characters by spaces; newlines stay."""
    return _UNPRINTABLE.sub(" ", text)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 epoch`, `1,000 runs`; pass `plural` unless the noun just takes an s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


# --- numbers --------------------------------------------------------------------------------------------------


def number(value: float, digits: int = 6) -> str:
    """Write a number with at most `digits` significant digits: `0.000001`, `0.05`, `1,000`, `−2.5`."""
    if not math.isfinite(value):
        return NO_NUMBER
    return f"{Decimal(f'{value:.{digits}g}') or Decimal(0):,f}".replace("-", MINUS)


def decimal(value: float, places: int = 2) -> str:
    """Write a number with a fixed number of decimal places: `1,234.50`, `−0.07`.

    A number that would be rounded to 0 has four places, which tells `0.0004` from 0.
    """
    if not math.isfinite(value):
        return NO_NUMBER
    if abs(value) < 0.5 * 10**-places:
        places = 4 if abs(value) >= 0.00005 else places
    return f"{round(value, places) + 0.0:,.{places}f}".replace("-", MINUS)


def signed(value: float, places: int = 2) -> str:
    """Write a number as `decimal` does, with a plus sign if it is above 0."""
    return f"{'+' if 0 < value < math.inf else ''}{decimal(value, places)}"


def percent(share: float | None, places: int = 1) -> str:
    """Write a share, 0 to 1, in percent: `97.3 %`. An unknown share is "", NaN is "–"."""
    if share is None:
        return ""
    return "–" if math.isnan(share) else f"{100 * share:.{places}f} %".replace("-", MINUS)


def probability(share: float) -> str:
    """Write the probability of an answer in percent, never as 100 %: no answer is certain."""
    return ">99 %" if share >= 0.995 else percent(share, 0)


# --- durations ------------------------------------------------------------------------------------------------


def duration(seconds: float) -> str:
    """Write a duration: `42 s`, `3 min`."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def about(seconds: float) -> str:
    """Write an estimated duration, rounded: `about 40 s`, `about 3 min`, `about 2 h`."""
    if seconds < 90:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h".replace(".0 h", " h")
