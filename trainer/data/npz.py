"""Reader of npz files in Keras's layout: images and labels for training and testing, four arrays.

A file may come from anybody: it is checked before its numbers are read, and nothing in it is ever unpickled.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from trainer import UserError
from trainer.config.dataset_info import SIDE_RANGE
from trainer.config.limits import CLASSES
from trainer.storage.arrays import Header, read_header, read_values
from trainer.storage.zips import LargeDirectory, open_zip

Array = NDArray[np.uint8]
Shape = tuple[int, ...]

KEYS = ("x_train", "y_train", "x_test", "y_test")
MAX_BYTES = 2_000_000_000  # of the four arrays
MAX_RATIO = 100  # between the arrays and their file; MNIST, mostly blank paper, has 5, and zeros have 1,000
UNCHECKED_BYTES = 20_000_000  # of arrays, for which any ratio is harmless


def read_file(path: Path, shape: Shape | None = (28, 28)) -> list[Array]:
    """Read a file as `read` does. Raises OSError if it cannot be opened."""
    with path.open("rb") as stream:
        return read(stream, path.name, shape)


def read(stream: IO[bytes], what: str, shape: Shape | None = (28, 28), max_bytes: int = MAX_BYTES) -> list[Array]:
    """Return x_train, y_train, x_test and y_test as uint8.

    what: the stream's name in error messages. shape: of an image, or None for any that a network can be trained on.
    Raises UserError if the stream holds anything else, or arrays of more than `max_bytes`.
    """
    start = stream.read(1)
    length = stream.seek(0, os.SEEK_END)
    try:
        with open_zip(stream) as archive:
            missing = [key for key in KEYS if f"{key}.npy" not in archive.namelist()]
            if missing:
                raise UserError(f"{what} must hold {', '.join(KEYS)} ({', '.join(missing)} missing).")
            _check_size(sum(archive.getinfo(f"{key}.npy").file_size for key in KEYS), length, what, max_bytes)
            headers = {}
            for key in KEYS:
                with archive.open(f"{key}.npy") as member:
                    headers[key] = read_header(member)
            _check_headers(headers, what, shape, max_bytes)
            arrays = []
            for key in KEYS:
                with archive.open(f"{key}.npy") as member:
                    array = read_values(member, read_header(member))
                if key.startswith("y") and not 0 <= array.min() <= array.max() < CLASSES:
                    got = f"{array.min()} to {array.max()}"
                    raise UserError(f"{key} in {what} must hold labels from 0 to {CLASSES - 1} (got {got}).")
                array = array.reshape(-1) if key.startswith("y") else array
                arrays.append(np.ascontiguousarray(array, np.uint8))
            return arrays
    except UserError:
        raise
    except LargeDirectory:
        raise UserError(f"{what} must hold {', '.join(KEYS)} (got thousands of names): save only these four.") from None
    except Exception as error:  # zipfile and NumPy raise a dozen kinds of errors for a damaged file
        kinds = {b"P": "a damaged one or a part of one", b"\x80": "a pickle, which is never opened"}
        kind = kinds.get(start, "something else")
        raise UserError(f"{what} must be an npz file in Keras's layout (got {kind}).") from error


def _check_headers(headers: dict[str, Header], what: str, wanted: Shape | None, max_bytes: int) -> None:
    for key, (shape, dtype, _) in headers.items():
        if key.startswith("x"):
            fits = dtype == np.uint8 and shape[:1] > (0,) and (shape[1:] == wanted if wanted else _is_image(shape[1:]))
            form = f"uint8 images of shape (n, {', '.join(map(str, wanted))})" if wanted else _ANY_IMAGES
        else:
            fits = dtype.kind in "iu" and len(shape) <= 2 and shape[:1] > (0,) and shape[1:] in ((), (1,))
            form = "whole numbers of shape (n,)"
        if not fits:
            kind = "Python objects, which are never unpickled" if dtype.hasobject else f"{dtype} of shape {shape}"
            raise UserError(f"{key} in {what} must be {form} (got {kind}).")
    train, test = headers["x_train"].shape[1:], headers["x_test"].shape[1:]
    if train != test:
        raise UserError(f"x_train and x_test in {what} must hold images of one shape (got {train} and {test}).")
    for part in ("train", "test"):
        images, labels = headers[f"x_{part}"].shape[0], headers[f"y_{part}"].shape[0]
        if images != labels:
            got = f"got {images:,} images and {labels:,} labels"
            raise UserError(f"x_{part} and y_{part} in {what} must be equally long ({got}).")
    _check_size(sum(header.size for header in headers.values()), math.inf, what, max_bytes)


def _check_size(size: int, length: float, what: str, max_bytes: int) -> None:
    """Check the size of the unpacked arrays against the limit, and against the file's own length."""
    if size > max_bytes:
        raise UserError(f"{what} must hold at most {max_bytes / 1e9:g} GB (got {size / 1e9:,.1f} GB).")
    if size > max(UNCHECKED_BYTES, MAX_RATIO * length):
        raise UserError(
            f"{what} must unpack to at most {MAX_RATIO} times its own size "
            f"(got {size / 1e6:,.0f} MB from {length / 1e6:,.1f} MB): leave out blank images."
        )


_ANY_IMAGES = (
    f"uint8 images of shape (n, height, width), or (n, height, width, 3) in color, "
    f"with sides from {SIDE_RANGE[0]} to {SIDE_RANGE[1]} pixels"
)


def _is_image(shape: Shape) -> bool:
    return (
        len(shape) in (2, 3)
        and shape[2:] in ((), (3,))
        and all(SIDE_RANGE[0] <= side <= SIDE_RANGE[1] for side in shape[:2])
    )
