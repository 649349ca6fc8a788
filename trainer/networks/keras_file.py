"""The `.keras` file of a network: marked with the ONNX file whose weights it has, and found by that mark.

No `.keras` file is ever read by Keras here: a foreign one could hold anything.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from trainer.networks.onnx_reader import network_hash
from trainer.storage.files import opened

FILE = "model.keras"  # of a run directory
_MARK = b"Digit Lab, from the ONNX file of SHA-256 "


def mark(file: Path, network_hash: str) -> None:
    """Write into a `.keras` file, a zip, of which ONNX file it has the weights; Keras ignores it."""
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = _MARK + network_hash.encode()


def find(file: Path, network: Path) -> Path | None:
    """Return a `.keras` file, or None where it is missing, damaged, or not of the ONNX file as it is now."""
    try:
        with opened(file) as stream, zipfile.ZipFile(stream) as archive:
            whole = {"config.json", "model.weights.h5"} <= set(archive.namelist())
            marked = archive.comment
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    digest = network_hash(network)
    return file if whole and digest and marked == _MARK + digest.encode() else None
