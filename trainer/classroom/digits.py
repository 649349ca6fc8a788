"""The class's digits: what its members drew, as one small test set."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from trainer.drawing.collection import contact_sheet


@dataclass(frozen=True, eq=False)
class ClassDigits:
    """Digits by several writers, ordered by writer and label."""

    images: NDArray[np.uint8]  # (n, 28, 28) uint8, 0 paper .. 255 ink
    labels: NDArray[np.uint8]  # (n,) uint8, the digits that were meant
    writers: np.ndarray  # (n,) int64, numbers that stand for the members

    @functools.cached_property
    def key(self) -> str:
        """A hash of the contents: what was computed from the same digits stays valid."""
        parts = (self.images, self.labels, self.writers)
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]

    @functools.cached_property
    def image_keys(self) -> list[bytes]:
        """A hash of each image."""
        return [hashlib.blake2b(image.tobytes(), digest_size=12).digest() for image in self.images]

    @property
    def inputs(self) -> np.ndarray:
        """Return the images as a network takes them, (n, 28, 28) float32, 0 paper .. 1 ink."""
        return np.divide(self.images, 255, dtype=np.float32)

    def by(self, writers: list[int]) -> ClassDigits:
        """Return the digits of some writers."""
        chosen = np.isin(self.writers, writers)
        return ClassDigits(self.images[chosen], self.labels[chosen], self.writers[chosen])

    def content(self) -> bytes:
        """Return an npz file of `images`, `labels` and `writers`, which plain NumPy reads."""
        file = BytesIO()
        np.savez(file, allow_pickle=False, images=self.images, labels=self.labels, writers=self.writers)
        return file.getvalue()

    def sheet(self) -> bytes:
        """Return a PNG image of all digits, in rows by label."""
        return contact_sheet(self.images, self.labels.tolist())
