"""The `.keras` file of a run, marked with the hash of the ONNX file that has the same weights.

Keras never loads a `.keras` file here: a foreign one could hold anything.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from trainer.networks.onnx_reader import network_hash
from trainer.storage.files import open_regular_file

FILE = "model.keras"  # of a run directory
_MARK = b"Digit Lab, from the ONNX file of SHA-256 "


def mark(file: Path, network_hash: str) -> None:
    """Write the hash of the ONNX file with the same weights into a `.keras` file, as the zip's comment."""
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = _MARK + network_hash.encode()


def matching_file(file: Path, network: Path) -> Path | None:
    """Return `file`, or None if it is missing, damaged, or not marked with the present ONNX file `network`."""
    try:
        with open_regular_file(file) as stream, zipfile.ZipFile(stream) as archive:
            complete = {"config.json", "model.weights.h5"} <= set(archive.namelist())
            comment = archive.comment
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    digest = network_hash(network)
    return file if complete and digest and comment == _MARK + digest.encode() else None
