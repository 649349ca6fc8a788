"""Uploaded data sets: npz files in Keras's layout, checked and saved beside the runs, where every worker sees them.

They are named by their contents, so that the same data uploaded twice is saved once.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

from trainer import UserError
from trainer.config.dataset_info import DATASETS, info, upload_name
from trainer.data import npz
from trainer.data.cache import content_hash
from trainer.storage.files import is_regular_file, read_object, translate_disk_errors, write_atomically
from trainer.text import printable

MAX_FILE_BYTES = 40_000_000  # as in `.streamlit/config.toml`
MAX_ARRAY_BYTES = 400_000_000  # unpacked
MAX_UPLOADS = 50
MAX_TITLE_LENGTH = 60  # characters
_TITLES = "titles.json"


class Uploads:
    """The uploaded data sets under a run root."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "datasets"

    def save(self, content: bytes, file_name: str) -> str:
        """Check and save a file, and return the data set's name.

        Raises UserError if the file is unusable, or if there are too many uploads.
        """
        what = _title(file_name)
        if len(content) > MAX_FILE_BYTES:
            raise UserError(
                f"{what} must have at most {MAX_FILE_BYTES / 1e6:.0f} MB (got {len(content) / 1e6:.0f} MB): "
                "keep fewer images, and save them with np.savez_compressed."
            )
        arrays = npz.read(BytesIO(content), what, None, MAX_ARRAY_BYTES)
        name = upload_name(arrays[0].shape[1:], content_hash(arrays))
        if self.path(name) is None and len(self.titles()) >= MAX_UPLOADS:
            raise UserError(
                f"At most {MAX_UPLOADS} data sets can be uploaded (there are {MAX_UPLOADS}): use one of those."
            )
        with translate_disk_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file(name), content)
            write_atomically(self.folder / _TITLES, json.dumps(self._titles() | {name: what}).encode())
        return name

    def path(self, name: str) -> Path | None:
        """Return the file of an uploaded data set, or None if there is none. Raises UserError for an unknown name."""
        if name in DATASETS:
            return None
        info(name)  # raises for anything that could be a path
        file = self._file(name)
        return file if is_regular_file(file) else None

    def titles(self) -> dict[str, str]:
        """Return the titles of the uploaded data sets by their names. Visitors typed them."""
        return {name: title for name, title in self._titles().items() if is_regular_file(self._file(name))}

    def _titles(self) -> dict[str, str]:
        titles = {}
        try:
            for name, title in read_object(self.folder / _TITLES).items():
                if isinstance(title, str) and info(name):
                    titles[name] = printable(title[:MAX_TITLE_LENGTH])
        except (OSError, ValueError):
            pass
        return titles

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.npz"


def _title(file_name: str) -> str:
    """Return a file's name as one printable line."""
    return (
        " ".join("".join(letter if letter.isprintable() else " " for letter in file_name).split())[:MAX_TITLE_LENGTH]
        or "data"
    )
