"""A visitor's labeled drawings, in one file per visitor.

The file is replaced atomically, and never while it is damaged. It is read only after a change; otherwise reading costs
microseconds.
"""

from __future__ import annotations

import functools
import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from trainer import UserError
from trainer.config.limits import CLASSES
from trainer.drawing import saved_strokes
from trainer.drawing.saved_strokes import Lines
from trainer.storage.arrays import array_names, read_npz
from trainer.storage.files import read_bytes, translate_disk_errors, write_atomically
from trainer.storage.memory import cached

MAX_DRAWINGS = 1_000  # of a visitor
IMAGE_SHAPE = (28, 28)  # pixels of a drawing
FILE = "drawings.npz"
MAX_FILE_BYTES = 2_000_000  # more than MAX_DRAWINGS drawings take, with the longest strokes
NO_PREDICTION = -1  # no network was selected

CELL = 60  # pixels a side for a drawing on the sheet: twice its size, and a margin
DRAWINGS_PER_ROW = 20

_locks: dict[str, threading.Lock] = {}  # by file: two tabs of one visitor may change it at once


@dataclass(frozen=True, eq=False)
class Drawings:
    """Labeled drawings, in the order in which they were saved."""

    images: NDArray[np.uint8]  # (n, 28, 28) uint8, 0 paper .. 255 ink
    labels: NDArray[np.uint8]  # (n,) uint8, the digits that were meant
    predictions: np.ndarray  # (n,) int8, the digits that a network read, or NO_PREDICTION
    lines: tuple[Lines, ...]  # (n) strokes of the pen, in longer sides of each digit; none of a photo's digit

    @functools.cached_property
    def keys(self) -> tuple[str, ...]:
        """Return a key for each drawing: a hash of its pixels."""
        return tuple(hashlib.sha256(image.tobytes()).hexdigest()[:16] for image in self.images)

    @functools.cached_property
    def places(self) -> dict[str, int]:
        return {key: place for place, key in enumerate(self.keys)}

    @property
    def correct_count(self) -> int:
        """Return the number of drawings that the network read correctly."""
        return int((self.predictions == self.labels).sum())

    def content(self) -> bytes:
        """Return an npz file of `images`, `labels`, `said` (the predictions) and `saved_strokes.pack`."""
        file, strokes = BytesIO(), saved_strokes.pack(self.lines)
        np.savez(file, allow_pickle=False, images=self.images, labels=self.labels, said=self.predictions, **strokes)
        return file.getvalue()

    @classmethod
    def read(cls, content: bytes) -> Drawings:
        """Read what `content` returned, also before it had strokes.

        Raises ValueError for anything else, before much memory is used.
        """
        file = BytesIO(content)
        images, labels, predictions = read_npz(file, ("images", "labels", "said"), MAX_FILE_BYTES)
        shapes = (images.shape[1:], labels.shape, predictions.shape)
        kinds = [array.dtype.name for array in (images, labels, predictions)]
        complete = shapes == (IMAGE_SHAPE, images.shape[:1], images.shape[:1])
        if not complete or kinds != ["uint8", "uint8", "int8"] or (labels >= CLASSES).any():
            raise ValueError("not a drawings file")
        lines: tuple[Lines, ...] = ((),) * len(labels)
        if not set(saved_strokes.ARRAYS).isdisjoint(array_names(file)):
            lines = saved_strokes.unpack(read_npz(file, saved_strokes.ARRAYS, MAX_FILE_BYTES), len(labels))
        return cls(images, labels, predictions, lines)


EMPTY = Drawings(np.zeros((0, *IMAGE_SHAPE), np.uint8), np.zeros(0, np.uint8), np.zeros(0, np.int8), ())


@cached(50_000_000)
def _read(path: Path, changed: int, size: int, number: int) -> Drawings:
    return Drawings.read(read_bytes(path, MAX_FILE_BYTES))


class Collection:
    """The drawings in one visitor's folder. Thread-safe within one process.

    Images passed in and returned are (28, 28) float32, 0 paper .. 1 ink, saved with 256 levels. Everything but `clear`
    raises UserError if the file is damaged, and leaves it unchanged.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._lock = _locks.setdefault(str(self.path), threading.Lock())

    @property
    def drawings(self) -> Drawings:
        """Return all saved drawings."""
        try:
            if self.path.parent.is_symlink():
                raise ValueError("a symbolic link may lead anywhere")
            status = self.path.lstat()
            return _read(self.path, status.st_mtime_ns, status.st_size, status.st_ino)
        except (FileNotFoundError, NotADirectoryError):
            return EMPTY
        except (OSError, ValueError) as error:
            raise UserError(
                "Your saved drawings must be a complete file (got a damaged one): delete all drawings to start again; "
                "the server keeps a copy of the damaged file."
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
    def predictions(self) -> np.ndarray:
        """Return the digits that a network read, (n,) int8, or NO_PREDICTION."""
        return self.drawings.predictions

    @property
    def correct_count(self) -> int:
        """Return the number of drawings that the network read correctly."""
        return self.drawings.correct_count

    def label_of(self, image: np.ndarray) -> int | None:
        """Return the label of a drawing, or None if it is not saved."""
        drawings = self.drawings
        place = drawings.places.get(drawing_key(image))
        return None if place is None else int(drawings.labels[place])

    def add(
        self, image: np.ndarray, label: int, prediction: int | None = None, lines: Sequence[np.ndarray] = ()
    ) -> str:
        """Save a drawing and return its key. One that is saved already gets the new label.

        label: the digit that was meant, 0 to 9; prediction: the digit that a network read; lines: its strokes, as
        `NormalizationSteps` has them. Raises UserError if there are too many drawings.
        """
        if image.shape != IMAGE_SHAPE or not 0 <= label < CLASSES:
            raise ValueError(f"a drawing must be (28, 28) and its label 0 to 9 (got {image.shape} and {label!r})")
        key, pixels, predicted = drawing_key(image), _levels(image), NO_PREDICTION if prediction is None else prediction
        with self._lock:
            saved = self.drawings
            if (place := saved.places.get(key)) is not None:
                labels, predictions = saved.labels.copy(), saved.predictions.copy()
                labels[place], predictions[place] = label, predicted
                self._write(Drawings(saved.images, labels, predictions, saved.lines))
                return key
            if len(saved.labels) >= MAX_DRAWINGS:
                raise UserError(
                    f"At most {MAX_DRAWINGS:,} drawings can be saved (you have {MAX_DRAWINGS:,}): delete some first."
                )
            self._write(
                Drawings(
                    np.concatenate([saved.images, pixels[None]]),
                    np.append(saved.labels, np.uint8(label)),
                    np.append(saved.predictions, np.int8(predicted)),
                    (*saved.lines, saved_strokes.shortened(lines)),
                )
            )
        return key

    def remove(self, key: str) -> None:
        """Delete the drawing with a key, if there is one."""
        with self._lock:
            saved = self.drawings
            if (place := saved.places.get(key)) is not None:
                self._write(
                    Drawings(
                        np.delete(saved.images, place, 0),
                        np.delete(saved.labels, place),
                        np.delete(saved.predictions, place),
                        (*saved.lines[:place], *saved.lines[place + 1 :]),
                    )
                )

    def clear(self) -> None:
        """Delete all drawings. A damaged file is renamed instead."""
        with self._lock:
            try:
                _ = self.drawings
            except UserError:
                with translate_disk_errors("drawings", "tell the server's administrator"):
                    self.path.rename(self.path.with_name(f"damaged-{time.time_ns()}-{FILE}"))
            with translate_disk_errors("drawings", "tell the server's administrator"):
                self.path.unlink(missing_ok=True)

    def content(self) -> bytes:
        """Return `Drawings.content`."""
        return self.drawings.content()

    def sheet(self) -> bytes:
        """Return a PNG image of all drawings, white on black, in rows by label."""
        return contact_sheet(self.drawings.images, self.drawings.labels.tolist())

    def _write(self, drawings: Drawings) -> None:
        with translate_disk_errors("drawings", "tell the server's administrator"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, drawings.content())


def drawing_key(image: np.ndarray) -> str:
    """Return the key of a drawing (28, 28) float32: a hash of its pixels."""
    return replace(EMPTY, images=_levels(image)[None]).keys[0]


def _levels(image: np.ndarray) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = np.rint(np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8)
    return levels


def contact_sheet(images: NDArray[np.uint8], labels: Sequence[int]) -> bytes:
    """Return a PNG image of images (n, 28, 28) uint8 in rows of 20, sorted by label, with the labels on the left."""
    rows = [
        (label, places[start : start + DRAWINGS_PER_ROW])
        for label in range(CLASSES)
        for places in [[place for place, own in enumerate(labels) if own == label]]
        for start in range(0, len(places), DRAWINGS_PER_ROW)
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
