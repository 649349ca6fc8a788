"""The data sets that somebody brought: npz files in Keras's layout, checked and kept beside the runs.

Every worker sees them there. They are known by their contents: what is brought twice is kept once.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

from trainer import UserError
from trainer.config.dataset_info import DATASETS, kind, own_name
from trainer.data import npz
from trainer.data.cache import content_hash
from trainer.storage.files import read_object, regular, write_whole, writing
from trainer.text import plain

LARGEST = 40_000_000  # bytes of a file, as `.streamlit/config.toml` says too
UNPACKED = 400_000_000  # bytes of its arrays
MOST = 50  # files
TITLE = 60  # characters
_TITLES = "titles.json"


class Uploads:
    """The data sets under a run root."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "datasets"

    def keep(self, content: bytes, file_name: str) -> str:
        """Check a file and keep it; return the data set's name.

        Raises UserError, with what is wrong with it, where it cannot be learned from, and where there are too many.
        """
        what = _title(file_name)
        if len(content) > LARGEST:
            raise UserError(
                f"{what} must have at most {LARGEST / 1e6:.0f} MB (got {len(content) / 1e6:.0f} MB): "
                "keep fewer images, and save them with np.savez_compressed."
            )
        arrays = npz.read(BytesIO(content), what, None, UNPACKED)
        name = own_name(arrays[0].shape[1:], content_hash(arrays))
        if self.path(name) is None and len(self.titles()) >= MOST:
            raise UserError(f"At most {MOST} data sets can be brought (there are as many): use one of those.")
        with writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._file(name), content)
            write_whole(self.folder / _TITLES, json.dumps(self._titles() | {name: what}).encode())
        return name

    def path(self, name: str) -> Path | None:
        """Return the file of a data set, or None where nobody brought it; the text may be any from outside."""
        if name in DATASETS:
            return None
        kind(name)  # a text of that form is no path
        file = self._file(name)
        return file if regular(file) else None

    def titles(self) -> dict[str, str]:
        """Return what people know each data set by, by its name; users typed it."""
        return {name: title for name, title in self._titles().items() if regular(self._file(name))}

    def _titles(self) -> dict[str, str]:
        titles = {}
        try:
            for name, title in read_object(self.folder / _TITLES).items():
                if isinstance(title, str) and kind(name):
                    titles[name] = plain(title[:TITLE])
        except (OSError, ValueError):
            pass
        return titles

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.npz"


def _title(file_name: str) -> str:
    """Return a file's name as a line of text."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in file_name).split())[:TITLE] or "data"
