"""Loading of data sets: from a given file, the cache or a download, with synthetic digits in place of a missing MNIST.

`load` tries, in this order, the given file (an argument or, for MNIST, DIGITLAB_DATA), the app's own cache, Keras's
cache and the download. All processes share one copy: the arrays lie unpacked in the app's cache (DIGITLAB_CACHE) and
are mapped into memory, read-only.
"""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.dataset_info import DatasetInfo
from trainer.data import npz, synthetic
from trainer.data.cache import Cache, combined_hash, content_hash, file_stamp
from trainer.data.downloads import TIMEOUT_SECONDS, MirrorError, Progress, download
from trainer.data.npz import Array

Part = Literal["train", "test"]

RETRY_SECONDS = 24 * 3600.0  # after a failed download, until the next one without being asked to
MNIST_HASH = combined_hash(  # the SHA-256 of each array, in the order of KEYS
    (
        "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
        "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
        "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
        "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    )
)

_log = logging.getLogger(__name__)


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

    @property
    def info(self) -> DatasetInfo:
        """Return its title, image shape and classes."""
        return dataset_info.info(self.name)

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
    progress: Progress | None = None,
    *,
    retry: bool = False,
    mirrors: Sequence[str] | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Dataset:
    """Return a data set, downloaded or drawn first if needed. From the second time on, this takes milliseconds.

    If MNIST is not available, synthetic digits take its place, and for a day no further download is tried unless
    `retry`. A mirror is given up after `timeout` seconds without a byte. The file of an uploaded data set is at `path`
    (see `uploads`). Raises UserError if the given file is unusable, or another data set than MNIST is not available.
    """
    given = _given_file(name, path)
    cache = Cache()
    failure = cache.get("failure")
    use_fallback = not retry and failure is not None and 0 <= time.time() - failure[0] < RETRY_SECONDS
    if found := _cached(cache, name, given, use_fallback):
        return found
    with cache.lock():
        # Another process may have tried meanwhile, with or without success.
        use_fallback = use_fallback or cache.get("failure") != failure
        if found := _cached(cache, name, given, use_fallback, verify=True):
            return found
        if given:
            try:
                cache.set(given.stamp, cache.save(npz.read_file(given.path, dataset_info.info(name).shape)))
            except OSError as error:
                raise _unreadable(given.path, error) from None
        elif dataset_info.info(name).download is None:
            synthetic.find_or_draw(cache, progress)
        else:
            try:
                cache.set(name, cache.save(_fetch(name, progress or _ignore, mirrors, timeout)))
            except _NotAvailable as error:
                if name != "mnist":
                    raise UserError(
                        f"{dataset_info.info(name).title} could not be downloaded ({error}): connect to the internet "
                        "and try again, choose another data set, or upload it as an npz file on the Data page."
                    ) from None
                _log.warning("MNIST is not available: %s", error)
                cache.set("failure", [time.time(), str(error)])
                synthetic.find_or_draw(cache, progress)
        found = _cached(cache, name, given, use_fallback=True)
    assert found is not None
    return found


def available(name: str = "mnist", path: str | Path | None = None) -> Dataset | None:
    """Return what any process loaded before, or None if `load` must look for it; never waits.

    Raises UserError if the given file is not found.
    """
    return _cached(Cache(), name, _given_file(name, path), use_fallback=True)


def _cached(
    cache: Cache, name: str, given: _GivenFile | None, use_fallback: bool, verify: bool = False
) -> Dataset | None:
    if given:
        if cached := cache.find(given.stamp, verify):
            source = "MNIST" if cached.hash == MNIST_HASH else given.path.name
            return Dataset(name, source, "", cached.hash, *cached.arrays)
        return None
    if name != "mnist":
        cached = cache.find(synthetic.cache_key() if name == "synthetic" else name, verify)
        return cached and Dataset(name, dataset_info.info(name).title, "", cached.hash, *cached.arrays)
    if cached := cache.open(MNIST_HASH, verify):
        return Dataset(name, "MNIST", "", cached.hash, *cached.arrays)
    failure = cache.get("failure")
    if use_fallback and failure and (cached := cache.find(synthetic.cache_key(), verify)):
        return Dataset(name, "synthetic digits", failure[1], cached.hash, *cached.arrays)
    return None


def _ignore(done: int, total: int) -> None:
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


# --- the download ---------------------------------------------------------------------------------------------


class _NotAvailable(Exception):
    """A data set is not available; the text says why."""


def _fetch(name: str, progress: Progress, mirrors: Sequence[str] | None, timeout: float) -> list[Array]:
    """Return a data set from Keras's cache or a mirror. Raises _NotAvailable."""
    source = dataset_info.info(name).download
    assert source is not None
    keras = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets" / "mnist.npz"
    places = [("Keras's cache", partial(npz.read_file, keras))] if name == "mnist" else []
    urls = source.urls if mirrors is None else mirrors
    places += [(urlsplit(url).hostname or url, partial(download, url, source, progress, timeout)) for url in urls]
    reasons = []
    for place, read in places:
        try:
            arrays = read()
            _check(name, arrays)
            return arrays
        except (FileNotFoundError, NotADirectoryError):  # Keras has none
            continue
        except _OtherContents:
            reasons.append(f"{place} has other digits")
        except UserError as error:
            reasons.append(f"{place} has a bad file: {str(error).rstrip('.')}")
        except MirrorError as error:
            reasons.append(f"{place} {error}")
        except OSError as error:
            reasons.append(f"{place} could not be reached ({error.strerror or error})")
    raise _NotAvailable("; ".join(reasons) or "no mirror is known")


class _OtherContents(Exception):
    """The arrays are a data set, but another one."""


def _check(name: str, arrays: Sequence[Array]) -> None:
    """Raise if arrays are not this data set: MNIST is checked by its contents, the others by their files' MD5."""
    if name == "mnist" and content_hash(arrays) != MNIST_HASH:
        raise _OtherContents
    x_train, y_train, x_test, y_test = arrays
    shape, classes = dataset_info.info(name).shape, len(dataset_info.info(name).classes)
    for images, labels in ((x_train, y_train), (x_test, y_test)):
        if not (images.shape == (len(labels), *shape) and len(labels) and labels.max() < classes):
            raise UserError(
                f"its images must have the shape {shape} and one label each, from 0 to {classes - 1} "
                f"(got images {images.shape} and labels {labels.shape})."
            )


if __name__ == "__main__":
    data = load()
    print(f"{data.source}: {len(data.x_train):,} training digits, {len(data.x_test):,} test digits.")
    if data.note:
        print(f"MNIST is not available: {data.note}.")
