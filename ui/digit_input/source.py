"""What came in to be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from trainer.drawing.normalize import Steps

NOTHING = np.empty((0, 28, 28), np.float32)


@dataclass(frozen=True, eq=False)
class Source:
    """What came in, digit by digit in reading order."""

    images: np.ndarray  # (n, 28, 28) float32, 0 paper .. 1 ink: what the network sees
    hint: str  # what to do while there is none
    steps: Sequence[Steps] = ()  # how each image came about; none for a test digit, which comes as it is
    picture: np.ndarray | None = None  # (height, width, 3) uint8: the photo that the boxes of `steps` lie on
    label: int | None = None  # what a test digit is
    error: str = ""
    sheet: str = ""  # of paper that it is drawn on, the same until that is cleared

    @classmethod
    def of(cls, steps: Sequence[Steps], picture: np.ndarray | None, hint: str, sheet: str = "") -> Source:
        return cls(np.array([one.image for one in steps]), hint, steps, picture, sheet=sheet)

    @property
    def boxes(self) -> list[tuple[int, int, int, int]]:
        return [one.box for one in self.steps]


def picture(url: str, alt: str) -> Markup:
    """Return an image as HTML; one that takes another's place is there at once."""
    return Markup('<img decoding="sync" alt="{}" src="{}">').format(alt, url)
