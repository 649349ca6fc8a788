"""Photos read in a process of their own: `python -m trainer.drawing.photo_reader` takes a file and returns the digits.

A picture of a few hundred kB can keep a decoder busy for a minute or fill a gigabyte, so time and memory are limited.
The process starts in a fifth of a second, as long as finding the digits takes.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from io import BytesIO
from typing import Any

import numpy as np

from trainer import UserError, processes
from trainer.drawing import photos
from trainer.drawing.normalize import NormalizationSteps
from trainer.drawing.photos import Photo
from trainer.drawing.segments import MAX_DIGITS
from trainer.storage.arrays import read_npz

MODULE = "trainer.drawing.photo_reader"
SECONDS = 5  # of a processor; a photo of 48 million pixels takes one
TIMEOUT_SECONDS = 20.0  # on a busy machine
MEMORY = 1_500_000_000  # bytes of address space, most of which the libraries reserve and never use
MAX_RESULT = 100_000_000  # bytes
# all digits share the ink, and a photo has no lines
_OF_DIGIT = [item.name for item in fields(NormalizationSteps) if item.name not in ("ink", "lines")]


def read(content: bytes, seconds: int = SECONDS, timeout: float = TIMEOUT_SECONDS) -> Photo:
    """Find the digits in a picture, as `photos.read` does.

    Raises UserError for a file that it refuses, and for one that takes more than `seconds` of a processor.
    """
    try:
        return _unpack(processes.run_helper(MODULE, [str(seconds)], content, timeout))
    except UserError:  # a ValueError too
        raise
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        raise UserError(
            f"A picture must be read within {seconds} s of computing (this one needs more, or too much memory): save "
            "it smaller, as a plain JPEG file."
        ) from error


def _pack(photo: Photo) -> bytes:
    """Return a photo as an npz file."""
    file = BytesIO()
    arrays = {f"{name}.{place}": getattr(steps, name) for place, steps in enumerate(photo.digits) for name in _OF_DIGIT}
    np.savez(file, allow_pickle=False, picture=photo.picture, ink=photo.ink, count=len(photo.digits), **arrays)
    return file.getvalue()


def _unpack(content: bytes) -> Photo:
    """Read what `_pack` returned. Raises ValueError for anything else: the process has decoded a stranger's file."""
    picture, ink, count = read_npz(BytesIO(content), ("picture", "ink", "count"), MAX_RESULT)
    if picture.dtype != np.uint8 or ink.dtype != np.float32 or not 0 < int(count) <= MAX_DIGITS:
        raise ValueError("not a photo")
    digits = []
    for place in range(int(count)):
        arrays = read_npz(BytesIO(content), [f"{name}.{place}" for name in _OF_DIGIT], MAX_RESULT)
        values: dict[str, Any] = {
            name: array if array.ndim == 2 else tuple(array.tolist()) if array.ndim else array.item()
            for name, array in zip(_OF_DIGIT, arrays, strict=True)
        }
        digits.append(NormalizationSteps(ink=ink, **values))
    return Photo(picture, ink, digits)


def _limit(seconds: int) -> None:
    """Limit the processor time and the memory of this process, where the system can."""
    processes.lower_priority()
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        if sys.platform != "darwin":  # macOS refuses a limit below what is reserved already
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main() -> None:
    with processes.report_user_error():
        _limit(int(sys.argv[1]))
        sys.stdout.buffer.write(_pack(photos.read(sys.stdin.buffer.read())))


if __name__ == "__main__":
    main()
