"""Loading of data sets: from a given file, the cache or a download, with synthetic digits in place of a missing MNIST.

`load` tries, in this order, the given file (an argument or, for MNIST, DIGITLAB_DATA), the app's own cache, Keras's
cache and the download. All processes share one copy: the arrays lie unpacked in the app's cache (DIGITLAB_CACHE) and
are mapped into memory, read-only.

While MNIST is being looked for, synthetic digits are drawn. `available` returns the first of them once no mirror has
answered for TIMEOUT_SECONDS, all of them once they are drawn, and MNIST from the moment at which it is here: pages show
one after the other. A training never sees the change: what a page shows when a run is created is written into its state
(`substitute_shown`), and the run begins, and resumes, with that, however long it waits in the queue. So all runs of a
sweep learn from the same digits, and a run that is created while only the first digits are drawn learns from all.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.dataset_info import DatasetInfo
from trainer.data import fetch, npz, synthetic
from trainer.data.cache import Cache, CachedArrays, file_stamp
from trainer.data.downloads import TIMEOUT_SECONDS
from trainer.data.fetch import Activity, Fetch, Report
from trainer.data.npz import Array

Part = Literal["train", "test"]

SUBSTITUTE = "synthetic digits"  # the source of a data set in MNIST's place
RETRY_SECONDS = 3600.0  # after a failed download, until the next one without being asked to


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and their labels as uint8, mapped into memory, read-only."""

    name: str
    source: str  # the title, "synthetic digits" in place of MNIST, or the name of the given file
    note: str  # why MNIST is not available, without a full stop; empty if nothing is wrong
    hash: str  # of the contents
    x_train: Array  # (n, 28, 28), 0 paper .. 255 ink; (n, height, width, 3) in color
    y_train: Array  # (n,), 0 .. 9
    x_test: Array
    y_test: Array
    _: KW_ONLY
    is_complete: bool = True  # False: the first synthetic digits, while the rest is being drawn

    @property
    def info(self) -> DatasetInfo:
        """Return its title, image shape and classes."""
        return dataset_info.info(self.name)

    @property
    def training_digits(self) -> int:
        """Return how many training digits a run learns from: of the first synthetic digits, as many as all will be."""
        return len(self.x_train) if self.is_complete else synthetic.COUNTS[0]

    def images(self, part: Part, where: slice | NDArray[Any] = slice(None)) -> NDArray[np.float32]:
        """Return images as float32, 0 paper .. 1 ink, in their shape; `where` is a slice, indices or a mask."""
        images = self.x_train if part == "train" else self.x_test
        return np.divide(images[where], 255, dtype=np.float32)

    def labels(self, part: Part, where: slice | NDArray[Any] = slice(None)) -> Array:
        """Return labels as uint8 (n,), in the order of `images`."""
        labels = self.y_train if part == "train" else self.y_test
        return labels[where]


def load(
    name: str = "mnist",
    path: str | Path | None = None,
    report: Report | None = None,
    *,
    shown: str | None = None,
    retry: bool = False,
    mirrors: Sequence[str] | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Dataset:
    """Return a data set, downloaded or drawn first if needed. From the second time on, this takes milliseconds.

    If MNIST is not available, synthetic digits take its place, and no further download is tried for RETRY_SECONDS
    unless `retry`. shown: for a run, the source that its page showed, or "": it takes synthetic digits if they were
    shown then, or if nothing was then and they are now, even if MNIST is here. timeout: seconds that a mirror has to
    answer. The file of an uploaded data set is at `path` (see `uploads`). Raises UserError if the given file is
    unusable, or another data set than MNIST is not available.
    """
    report, cache = report or _ignore, Cache()
    if name == "mnist" and shown is not None and (shown or substitute_shown(name)) == SUBSTITUTE:
        drawn = synthetic.find_or_draw(cache, partial(report, "drawing"))
        assert drawn is not None
        return _substitute(cache, drawn)
    given = _given_file(name, path)
    failure = cache.get(fetch.FAILURE)
    is_recent = not retry and _is_recent(failure)
    if found := _cached(cache, name, given, with_substitute=is_recent):
        return found
    with cache.lock():
        found = _cached(cache, name, given, with_substitute=is_recent, verify=True)
        if given and not found:
            try:
                cache.set(given.stamp, cache.save(npz.read_file(given.path, dataset_info.info(name).shape)))
            except OSError as error:
                raise _unreadable(given.path, error) from None
    if name == "synthetic" and not found:
        synthetic.find_or_draw(cache, partial(report, "drawing"))
    elif not given and not found:
        Fetch(cache, name, report, mirrors, timeout).run(failure, is_recent)
    found = found or _cached(cache, name, given, with_substitute=True)
    assert found is not None
    return found


def available(name: str = "mnist", path: str | Path | None = None) -> Dataset | None:
    """Return what any process loaded before, or the first digits of what is being drawn, or None; never waits.

    Raises UserError if the given file is not found.
    """
    return _cached(Cache(), name, _given_file(name, path), with_substitute=True, with_first=True)


def substitute_shown(name: str) -> str:
    """Return SUBSTITUTE if `available` now returns it in place of this data set, else "": for the state of a run."""
    try:
        shown = available(name) if name == "mnist" else None
    except UserError:
        return ""
    return SUBSTITUTE if shown and shown.source == SUBSTITUTE else ""


def retry_is_due() -> bool:
    """Tell whether synthetic digits are in MNIST's place, and the last download failed RETRY_SECONDS ago."""
    return bool(substitute_shown("mnist")) and not _is_recent(Cache().get(fetch.FAILURE))


def _is_recent(failure: list[Any] | None) -> bool:
    return failure is not None and 0 <= time.time() - failure[0] < RETRY_SECONDS


def _cached(
    cache: Cache,
    name: str,
    given: _GivenFile | None,
    with_substitute: bool,
    verify: bool = False,
    with_first: bool = False,
) -> Dataset | None:
    if given:
        if cached := cache.find(given.stamp, verify):
            source = "MNIST" if cached.hash == fetch.MNIST_HASH else given.path.name
            return Dataset(name, source, "", cached.hash, *cached.arrays)
        return None
    title = dataset_info.info(name).title
    if name not in ("mnist", "synthetic"):
        cached = cache.find(name, verify)
        return cached and Dataset(name, title, "", cached.hash, *cached.arrays)
    if name == "mnist":
        if cached := cache.open(fetch.MNIST_HASH, verify):
            return Dataset(name, title, "", cached.hash, *cached.arrays)
        if not with_substitute or not cache.get(fetch.FAILURE):
            return None
    drawn = cache.find(synthetic.cache_key(), verify)
    first = cache.find(synthetic.first_key()) if with_first and not drawn else None
    if not (cached := drawn or first):
        return None
    found = _substitute(cache, cached) if name == "mnist" else Dataset(name, title, "", cached.hash, *cached.arrays)
    return replace(found, is_complete=drawn is not None)


def _substitute(cache: Cache, drawn: CachedArrays) -> Dataset:
    failure = cache.get(fetch.FAILURE)
    return Dataset("mnist", SUBSTITUTE, failure[1] if failure else "", drawn.hash, *drawn.arrays)


def _ignore(activity: Activity, done: int, total: int) -> None:
    """Ignore progress."""


# --- the given file -------------------------------------------------------------------------------------------


class _GivenFile(NamedTuple):
    path: Path
    stamp: str


def _given_file(name: str, path: str | Path | None) -> _GivenFile | None:
    """Return the given file with its present stamp, or None if none was given."""
    dataset_info.info(name)
    text = path or (os.environ.get("DIGITLAB_DATA") if name == "mnist" else None)
    if not text:
        if name not in dataset_info.DATASETS:
            raise UserError("This uploaded data set no longer exists: upload it again on the Data page.")
        return None
    file = Path(text).expanduser().absolute()
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise UserError(
                f"The data must be an npz file (got the folder or device {file.name or file}): give another path."
            )
        return _GivenFile(file, file_stamp(file))
    except OSError as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path, error: OSError) -> UserError:
    reason = (error.strerror or str(error)).lower()
    return UserError(f"{file.name} could not be opened ({reason}): give the path of an npz file in Keras's layout.")


if __name__ == "__main__":
    data = load()
    print(f"{data.source}: {len(data.x_train):,} training digits, {len(data.x_test):,} test digits.")
    if data.note:
        print(f"MNIST is not available: {data.note}.")
