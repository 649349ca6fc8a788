"""Value of a digit input: the images for the network and their origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from trainer.drawing.normalize import NormalizationSteps

NO_IMAGES = np.empty((0, 28, 28), np.float32)


@dataclass(frozen=True, eq=False)
class DigitInput:
    """Images of the digits in an input, in reading order."""

    images: np.ndarray  # (n, 28, 28) float32, 0 paper .. 1 ink: what the network sees
    hint: str  # what to do while there are no images
    steps: Sequence[NormalizationSteps] = ()  # of each image; none for a test digit, which needs no normalization
    picture: np.ndarray | None = None  # (height, width, 3) uint8: the photo that contains the boxes of `steps`
    label: int | None = None  # of a test digit
    error: str = ""
    sheet: str = ""  # id of the canvas content; it changes when the canvas is cleared
    is_unfinished: bool = False  # whether the pen is still on the paper

    @classmethod
    def from_steps(
        cls, steps: Sequence[NormalizationSteps], picture: np.ndarray | None, hint: str, sheet: str = ""
    ) -> DigitInput:
        return cls(np.array([one.image for one in steps]), hint, steps, picture, sheet=sheet)

    @property
    def boxes(self) -> list[tuple[int, int, int, int]]:
        return [one.box for one in self.steps]


def image_html(url: str, alt: str) -> Markup:
    """Return an image as HTML, decoded synchronously so that it does not flicker when it replaces another."""
    return Markup('<img decoding="sync" alt="{}" src="{}">').format(alt, url)
