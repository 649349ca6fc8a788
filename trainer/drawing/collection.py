"""What did a visitor mean by their drawings? Their own labelled set, one file for each visitor, and theirs alone.

The file is replaced whole and never overwritten while it is damaged. It is looked at anew each time, but read only when
it has changed, so that asking costs microseconds.
"""

from __future__ import annotations

import functools
import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from trainer import UserError
from trainer.config.limits import CLASSES
from trainer.storage.arrays import read_npz
from trainer.storage.files import read_bytes, write_whole, writing

MOST = 1_000  # drawings of a visitor
DIGIT = (28, 28)  # pixels of a drawing
FILE = "drawings.npz"
LARGEST = 2_000_000  # bytes, several times as many as so many drawings take
NOBODY = -1  # where no network said anything

CELL = 60  # pixels of the sheet for a drawing, which is twice its size, and a margin
ROW = 20  # drawings

_changing = threading.Lock()  # two tabs of one visitor may add at once


@dataclass(frozen=True, eq=False)
class Drawings:
    """Labelled drawings, in the order in which they were kept."""

    images: NDArray[np.uint8]  # (n, 28, 28) uint8, 0 paper .. 255 ink
    labels: NDArray[np.uint8]  # (n,) uint8, the digits that were meant
    said: np.ndarray  # (n,) int8, what a network said, or NOBODY

    @functools.cached_property
    def keys(self) -> tuple[str, ...]:
        """Name each drawing by its pixels."""
        return tuple(hashlib.sha256(image.tobytes()).hexdigest()[:16] for image in self.images)

    @functools.cached_property
    def places(self) -> dict[str, int]:
        return {key: place for place, key in enumerate(self.keys)}

    @property
    def right(self) -> int:
        """Count those that the network read as what was meant."""
        return int((self.said == self.labels).sum())

    def content(self) -> bytes:
        """Return an npz file of `images`, `labels` and `said`, which plain NumPy reads."""
        file = BytesIO()
        np.savez(file, allow_pickle=False, images=self.images, labels=self.labels, said=self.said)
        return file.getvalue()

    @classmethod
    def read(cls, content: bytes) -> Drawings:
        """Read what `content` returned. Raises ValueError for anything else, before it takes much memory."""
        images, labels, said = read_npz(BytesIO(content), ("images", "labels", "said"), LARGEST)
        shapes = (images.shape[1:], labels.shape, said.shape)
        kinds = [array.dtype.name for array in (images, labels, said)]
        whole = shapes == (DIGIT, images.shape[:1], images.shape[:1])
        if not whole or kinds != ["uint8", "uint8", "int8"] or (labels >= CLASSES).any():
            raise ValueError("not as they were written")
        return cls(images, labels, said)


NONE = Drawings(np.zeros((0, *DIGIT), np.uint8), np.zeros(0, np.uint8), np.zeros(0, np.int8))


@functools.lru_cache(maxsize=100)
def _read(path: Path, changed: int, size: int, number: int) -> Drawings:
    return Drawings.read(read_bytes(path, LARGEST))


class Collection:
    """The drawings in one visitor's folder. Safe to use from many threads of one process.

    Images that come in or go out are (28, 28) float32, 0 paper .. 1 ink, kept in 256 levels. All but `clear` raise
    UserError where the file is damaged, and leave it as it is.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    @property
    def drawings(self) -> Drawings:
        """Return all that is kept."""
        try:
            if self.path.parent.is_symlink():
                raise ValueError("it may lead anywhere")
            status = self.path.lstat()
            return _read(self.path, status.st_mtime_ns, status.st_size, status.st_ino)
        except (FileNotFoundError, NotADirectoryError):
            return NONE
        except (OSError, ValueError) as error:
            raise UserError(
                "Your kept drawings must be a whole file (got a damaged one): delete all to begin anew, "
                "then it is set aside on the server and not lost."
            ) from error

    def __len__(self) -> int:
        return len(self.drawings.labels)

    @property
    def images(self) -> np.ndarray:
        """Return the drawings, (n, 28, 28) float32."""
        return np.divide(self.drawings.images, 255, dtype=np.float32)

    @property
    def labels(self) -> NDArray[np.uint8]:
        """Return the digits that were meant, (n,) uint8."""
        return self.drawings.labels

    @property
    def said(self) -> np.ndarray:
        """Return what a network said, (n,) int8, -1 where none was asked."""
        return self.drawings.said

    @property
    def right(self) -> int:
        """Count those that the network read as what was meant."""
        return self.drawings.right

    def label_of(self, image: np.ndarray) -> int | None:
        """Return what was said to be meant by a drawing, or None for one that is not kept."""
        drawings = self.drawings
        place = drawings.places.get(key_of(image))
        return None if place is None else int(drawings.labels[place])

    def add(self, image: np.ndarray, label: int, said: int | None = None) -> str:
        """Keep a drawing and return its key; one that is kept already is corrected.

        label: what was meant, 0 to 9; said: what a network took it for. Raises UserError for one too many.
        """
        if image.shape != DIGIT or not 0 <= label < CLASSES:
            raise ValueError(f"it takes a drawing (28, 28) and a digit (got {image.shape} and {label!r})")
        key, pixels, answer = key_of(image), _levels(image), NOBODY if said is None else said
        with _changing:
            kept = self.drawings
            if (place := kept.places.get(key)) is not None:
                labels, answers = kept.labels.copy(), kept.said.copy()
                labels[place], answers[place] = label, answer
                self._write(Drawings(kept.images, labels, answers))
                return key
            if len(kept.labels) >= MOST:
                raise UserError(f"At most {MOST:,} drawings can be kept (you have {MOST:,}): delete some first.")
            self._write(
                Drawings(
                    np.concatenate([kept.images, pixels[None]]),
                    np.append(kept.labels, np.uint8(label)),
                    np.append(kept.said, np.int8(answer)),
                )
            )
        return key

    def remove(self, key: str) -> None:
        """Delete one drawing, named by its key, if it is there."""
        with _changing:
            kept = self.drawings
            if (place := kept.places.get(key)) is not None:
                self._write(Drawings(*(np.delete(part, place, 0) for part in (kept.images, kept.labels, kept.said))))

    def clear(self) -> None:
        """Delete all; a damaged file is set aside under another name."""
        with _changing:
            try:
                _ = self.drawings
            except UserError:
                with writing("drawings", "tell whoever runs this server"):
                    self.path.rename(self.path.with_name(f"damaged-{time.time_ns()}-{FILE}"))
            with writing("drawings", "tell whoever runs this server"):
                self.path.unlink(missing_ok=True)

    def content(self) -> bytes:
        """Return an npz file of `images` (n, 28, 28) uint8, `labels` and `said`, which plain NumPy reads."""
        return self.drawings.content()

    def sheet(self) -> bytes:
        """Draw all as a PNG image, white ink on black paper, in rows by what was meant."""
        return sheet(self.drawings.images, self.drawings.labels.tolist())

    def _write(self, drawings: Drawings) -> None:
        with writing("drawings", "tell whoever runs this server"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, drawings.content())


def key_of(image: np.ndarray) -> str:
    """Name a drawing (28, 28) float32 by its pixels."""
    return Drawings(_levels(image)[None], NONE.labels, NONE.said).keys[0]


def _levels(image: np.ndarray) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = np.rint(np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8)
    return levels


def sheet(images: NDArray[np.uint8], labels: Sequence[int]) -> bytes:
    """Draw images (n, 28, 28) uint8 as PNG, rows of 20 by their labels, which stand on the left."""
    rows = [
        (label, places[start : start + ROW])
        for label in range(CLASSES)
        for places in [[place for place, own in enumerate(labels) if own == label]]
        for start in range(0, len(places), ROW)
    ]
    columns = max((len(places) for _, places in rows), default=0)
    picture = Image.new("L", ((columns + 1) * CELL, max(1, len(rows)) * CELL), 48)
    draw, font, before = ImageDraw.Draw(picture), ImageFont.load_default(CELL // 2), None
    for row, (label, places) in enumerate(rows):
        if label != before:
            draw.text((CELL / 2, (row + 0.5) * CELL), str(label), 255, font, "mm")
        before = label
        for column, place in enumerate(places, 1):
            drawing = Image.fromarray(images[place].repeat(2, 0).repeat(2, 1))
            picture.paste(drawing, (column * CELL + 2, row * CELL + 2))
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
