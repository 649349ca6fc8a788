"""Uploaded data sets: npz files in Keras's layout, checked and saved beside the runs, where every worker sees them.

They are named by their contents, so that the same data uploaded twice is saved once. Titles, owners and the last use
lie in one file, which is read, changed and written under one lock.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from pathlib import Path

import msgspec
from filelock import FileLock

from trainer import UserError
from trainer.config.dataset_info import DATASETS, info, upload_name
from trainer.config.shares import DATASET_BYTES
from trainer.config.shares import DATASETS as DATASET_SHARE
from trainer.data import npz
from trainer.data.cache import content_hash
from trainer.storage.files import is_regular_file, open_to_append, read_object, translate_disk_errors, write_atomically
from trainer.text import printable

MAX_FILE_BYTES = 40_000_000  # as in `.streamlit/config.toml`
MAX_ARRAY_BYTES = 400_000_000  # unpacked
MAX_TITLE_LENGTH = 60  # characters
UNUSED_DAYS = 30  # after which a data set is deleted
LOCK_SECONDS = 60.0  # for which a change waits for those of others
_DAY = 24 * 3600.0
_INDEX = "titles.json"


@dataclass(frozen=True)
class Upload:
    """What is known of an uploaded data set besides its contents."""

    title: str  # the name of its file, which a visitor typed
    owner: str = ""  # hash of the uploader's token
    used: float = 0.0  # when it was last asked for, to the day, in seconds since 1970; 0: unknown


class Uploads:
    """The uploaded data sets under a run root. Safe to use from many threads and processes."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "datasets"
        self._addresses: dict[str, str] = {}  # of the uploaders since the start, by data set

    def save(self, content: bytes, file_name: str, owner: str = "", address: str = "") -> str:
        """Check and save a file, and return the data set's name; one that exists keeps its title and its owner.

        owner: hash of the uploader's token. Raises UserError if the file is unusable, or if there are too many uploads.
        """
        what = _title(file_name)
        if len(content) > MAX_FILE_BYTES:
            raise UserError(
                f"{what} must have at most {MAX_FILE_BYTES / 1e6:.0f} MB (got {len(content) / 1e6:.0f} MB): "
                "keep fewer images, and save them with np.savez_compressed."
            )
        arrays = npz.read(BytesIO(content), what, None, MAX_ARRAY_BYTES)
        name = upload_name(arrays[0].shape[1:], content_hash(arrays))
        del arrays
        with translate_disk_errors(), self._changing() as index:
            known = index.get(name) if self._exists(name) else None
            if known is None:
                self._check_room(index, len(content), owner, address)
                write_atomically(self._file(name), content)
                self._addresses[name] = address
            index[name] = replace(known or Upload(what, owner), used=time.time())
        return name

    def delete(self, name: str, owner: str) -> None:
        """Delete a data set for everybody. Raises UserError unless this is its owner, or if the disk refuses."""
        if not self.is_owner(name, owner):
            raise UserError("Only its owner can delete a data set (got another visitor): choose one of yours.")
        with translate_disk_errors(), self._changing() as index:
            self._file(name).unlink(missing_ok=True)
            index.pop(name, None)

    def expire(self) -> None:
        """Delete what nobody has used for UNUSED_DAYS. Raises OSError if the disk refuses."""
        now = time.time()
        index = self._index()
        unknown = self._names() - {name for name, upload in index.items() if upload.used}
        unused = {name for name, upload in index.items() if 0 < upload.used < now - UNUSED_DAYS * _DAY}
        if not unknown and not unused:
            return
        with self._changing() as index:
            for name in unknown:  # saved by an earlier version, or the index was damaged: the time starts now
                index[name] = replace(index.get(name, Upload("data")), used=now)
            for name in unused:
                self._file(name).unlink(missing_ok=True)
                index.pop(name, None)

    def _names(self) -> set[str]:
        """Return the names of all files here that are uploaded data sets."""
        names = set()
        for file in self.folder.glob("own-*.npz"):
            with suppress(UserError):
                info(file.stem)
                names.add(file.stem)
        return names

    def path(self, name: str) -> Path | None:
        """Return the file of an uploaded data set, which is now in use, or None if there is none.

        Raises UserError for an unknown name.
        """
        if name in DATASETS:
            return None
        info(name)  # raises for anything that could be a path
        if not self._exists(name):
            return None
        upload = self._index().get(name)
        if upload and time.time() - upload.used > _DAY:
            with suppress(OSError), self._changing() as index:
                index[name] = replace(upload, used=time.time())
        return self._file(name)

    def titles(self) -> dict[str, str]:
        """Return the titles of the uploaded data sets by their names. Visitors typed them."""
        return {name: upload.title for name, upload in self._index().items() if self._exists(name)}

    def owned(self, owner: str) -> dict[str, Path]:
        """Return the files of a visitor's data sets by their names. owner: hash of the visitor's token."""
        own = [name for name, upload in self._index().items() if upload.owner == owner != ""]
        return {name: self._file(name) for name in own if self._exists(name)}

    def is_owner(self, name: str, owner: str) -> bool:
        """Tell whether a visitor, by the hash of their token, has uploaded this data set."""
        upload = self._index().get(name)
        return upload is not None and upload.owner == owner != ""

    def _check_room(self, index: dict[str, Upload], size: int, owner: str, address: str) -> None:
        there = {name: self._file(name).stat().st_size for name in index if self._exists(name)}
        own = [name for name in there if index[name].owner == owner]
        near = [name for name in there if self._addresses.get(name) == address != ""]
        remedy = "delete one that is not needed, or use one of those that are here."
        for names, number, who in (
            (own, DATASET_SHARE.visitor, "You may have"),
            (near, DATASET_SHARE.address, "The visitors of one network address may have"),
            ([*there], DATASET_SHARE.total, "All visitors together may have"),
        ):
            if len(names) >= number:
                raise UserError(f"{who} at most {number} data sets (got one more): {remedy}")
        for names, most, who in (
            (own, DATASET_BYTES.visitor, "Your data sets"),
            ([*there], DATASET_BYTES.total, "All visitors' data sets"),
        ):
            if (total := sum(there[name] for name in names) + size) > most:
                raise UserError(
                    f"{who} may have at most {most / 1e6:,.0f} MB together (got {total / 1e6:,.0f} MB): {remedy}"
                )

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Upload]]:
        """Yield the index, which nobody else changes meanwhile, and save it after the block."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self.folder / ".lock"
        open_to_append(lock).close()  # FileLock would follow a link, and empty the file there
        with FileLock(lock, timeout=LOCK_SECONDS):
            index = self._index()
            yield index
            content = json.dumps({name: asdict(upload) for name, upload in index.items()})
            write_atomically(self.folder / _INDEX, content.encode())

    def _index(self) -> dict[str, Upload]:
        """Return what is known of each data set; damaged entries count as missing. Earlier versions saved titles."""
        index = {}
        try:
            for name, value in read_object(self.folder / _INDEX).items():
                with suppress(UserError, ValueError):
                    info(name)
                    upload = msgspec.convert({"title": value} if isinstance(value, str) else value, Upload)
                    index[name] = replace(upload, title=printable(upload.title[:MAX_TITLE_LENGTH]))
        except (OSError, ValueError):
            pass
        return index

    def _exists(self, name: str) -> bool:
        return is_regular_file(self._file(name))

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.npz"


def _title(file_name: str) -> str:
    """Return a file's name as one printable line."""
    return (
        " ".join("".join(letter if letter.isprintable() else " " for letter in file_name).split())[:MAX_TITLE_LENGTH]
        or "data"
    )
