"""What is the data? The images that networks are trained and tested on, and where they are looked for.

`load` looks, in this order, at the file that was given (an argument or, for MNIST, DIGITLAB_DATA), the app's own cache,
Keras's cache and the network; in place of an MNIST that cannot be had it draws digits itself. All processes share one
copy: the arrays lie unpacked in the app's cache (DIGITLAB_CACHE) and are mapped into memory, read-only.
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
from trainer.config.dataset_info import Kind
from trainer.data import npz
from trainer.data.cache import Cache, Kept, combined_hash, content_hash, stamp
from trainer.data.downloads import MIRRORS, PATIENCE, MirrorError, Progress, download
from trainer.data.npz import Array

Part = Literal["train", "test"]

SYNTHETIC = (15_000, 2_500)  # digits to train with, digits to test with
DRAWN_AT_ONCE = 500
# Part of the cache's key. Raise it when other pixels or labels are drawn from the same seed (styles, strokes, digit):
# every machine then draws its synthetic digits again. The golden hash in tests/test_strokes.py fails until then.
RECIPE = 1
MIXED_IN = 1_000  # the first seed of those that are mixed in with another data set; its multiples follow
REMEMBERED = 24 * 3600.0  # seconds until the network is asked again by itself
MNIST = combined_hash(  # the SHA-256 of each array, in the order of KEYS
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
    """Images and their labels as uint8, mapped into memory, not writeable."""

    name: str
    source: str  # "MNIST", "synthetic digits", or the name of the file that was given
    note: str  # why MNIST could not be had, without a full stop; empty where nothing is amiss
    hash: str  # of the contents
    x_train: Array  # (n, 28, 28), 0 paper .. 255 ink; (n, height, width, 3) in colour
    y_train: Array  # (n,), 0 .. 9
    x_test: Array
    y_test: Array

    @property
    def kind(self) -> Kind:
        """Return what is in it: a title, the shape of an image, and a word for each label."""
        return dataset_info.kind(self.name)

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
    patience: float = PATIENCE,
) -> Dataset:
    """Find a data set of `catalogue`, download or draw it if need be; from the second time on this takes milliseconds.

    Where MNIST cannot be had the synthetic digits take its place, and for a day nobody waits for the network again,
    unless `retry`. A mirror is given up after `patience` seconds without a byte. What somebody brought is at `path`
    (see `uploads`). Raises UserError where the file that was given is not as it must be, or another data set than MNIST
    cannot be had.
    """
    given = _given(name, path)
    cache = Cache()
    failure = cache.recall("failure")
    resigned = not retry and failure is not None and 0 <= time.time() - failure[0] < REMEMBERED
    if found := _at_hand(cache, name, given, fallback=resigned):
        return found
    with cache.lock():
        # Another process may have been at it meanwhile, with or without success.
        resigned = resigned or cache.recall("failure") != failure
        if found := _at_hand(cache, name, given, fallback=resigned, verify=True):
            return found
        if given:
            try:
                shape = dataset_info.kind(name).shape
                cache.remember(given.stamp, cache.keep(npz.read_file(given.path, shape)))
            except OSError as error:
                raise _unreadable(given.path, error) from None
        elif name == "synthetic":
            _drawn(cache, progress)
        elif name != "mnist":
            try:
                cache.remember(name, cache.keep(_find(name, progress or _ignore, mirrors, patience)))
            except _NotHad as error:
                title = dataset_info.kind(name).title
                raise UserError(
                    f"{title} must be downloaded once, but could not be ({error}): try again with a connection, choose "
                    "another data set, or bring it as an npz file on the page Data."
                ) from None
        else:
            try:
                cache.keep(_find(name, progress or _ignore, mirrors, patience))
            except _NotHad as error:
                _log.warning("MNIST could not be had: %s", error)
                cache.remember("failure", [time.time(), str(error)])
                _drawn(cache, progress)
        found = _at_hand(cache, name, given, fallback=True)
    assert found is not None
    return found


def synthetic(count: int, progress: Progress | None = None) -> tuple[Array, Array]:
    """Return synthetic digits to learn from as well: images (count, 28, 28), 0 paper .. 255 ink, and labels (count,).

    None of them is in the data set that `load` draws, whose validation part stays unseen. They are drawn once, in
    a minute for 15,000, which `progress` follows, and kept for all processes.
    """
    cache, seeds = Cache(), _mixed_in(count)
    parts: list[Sequence[Array]] = []

    def tell(done: int, total: int) -> None:
        (progress or _ignore)(len(parts) * total + done, len(seeds) * total)

    for first_seed in seeds:
        kept = cache.find(_recipe(first_seed))
        if not kept:
            with cache.lock():
                kept = _drawn(cache, tell, first_seed)
        parts.append(kept.arrays)
    images, labels = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    return images[:count], labels[:count]


def synthetic_at_hand(count: int) -> bool:
    """Tell whether `synthetic` has them without drawing any; never waits."""
    cache = Cache()
    return all(cache.find(_recipe(first_seed)) for first_seed in _mixed_in(count))


def _mixed_in(count: int) -> list[int]:
    """Return the first seed of each part of so many synthetic digits."""
    return [MIXED_IN * (1 + part) for part in range(max(1, -(-count // SYNTHETIC[0])))]


def available(name: str = "mnist", path: str | Path | None = None) -> Dataset | None:
    """Return what was loaded before, by whatever process, or None where only `load` can tell; never waits.

    Raises UserError where the file that was given cannot be found.
    """
    return _at_hand(Cache(), name, _given(name, path), fallback=True)


def _at_hand(cache: Cache, name: str, given: _Given | None, fallback: bool, verify: bool = False) -> Dataset | None:
    if given:
        if kept := cache.find(given.stamp, verify):
            return Dataset(name, "MNIST" if kept.hash == MNIST else given.path.name, "", kept.hash, *kept.arrays)
        return None
    if name != "mnist":
        kept = cache.find(_recipe() if name == "synthetic" else name, verify)
        return kept and Dataset(name, dataset_info.kind(name).title, "", kept.hash, *kept.arrays)
    if kept := cache.open(MNIST, verify):
        return Dataset(name, "MNIST", "", kept.hash, *kept.arrays)
    failure = cache.recall("failure")
    if fallback and failure and (kept := cache.find(_recipe(), verify)):
        return Dataset(name, "synthetic digits", failure[1], kept.hash, *kept.arrays)
    return None


def _ignore(done: int, total: int) -> None:
    """Report progress to nobody."""


# --- the file that was given ----------------------------------------------------------------------------------


class _Given(NamedTuple):
    path: Path
    stamp: str


def _given(name: str, path: str | Path | None) -> _Given | None:
    """Return the file that was given, if any, as it stands now."""
    dataset_info.kind(name)
    text = path or (os.environ.get("DIGITLAB_DATA") if name == "mnist" else None)
    if not text:
        if name not in dataset_info.DATASETS:
            raise UserError("That data set was brought here by somebody, and is gone: bring it again on the page Data.")
        return None
    file = Path(text).expanduser().absolute()
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise UserError(f"The data must be an npz file (got the folder or device {file.name or file}).")
        return _Given(file, stamp(file))
    except OSError as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path, error: OSError) -> UserError:
    reason = (error.strerror or str(error)).lower()
    return UserError(f"{file.name} could not be opened ({reason}): give the path of an npz file in Keras's layout.")


# --- what is downloaded ---------------------------------------------------------------------------------------


class _NotHad(Exception):
    """A data set could not be had; the text says why."""


def _find(name: str, progress: Progress, mirrors: Sequence[str] | None, patience: float) -> list[Array]:
    """Return a data set from Keras's cache or the network. Raises _NotHad."""
    keras = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets" / "mnist.npz"
    places = [("Keras's cache", partial(npz.read_file, keras))] if name == "mnist" else []
    urls = MIRRORS[name] if mirrors is None else mirrors
    places += [(urlsplit(url).hostname or url, partial(download, url, progress, patience, name)) for url in urls]
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
    raise _NotHad("; ".join(reasons) or "there is no mirror to ask")


class _OtherContents(Exception):
    """What came is a data set, but another one."""


def _check(name: str, arrays: Sequence[Array]) -> None:
    """Raise where arrays are not this data set: MNIST is known by its contents, the others by their files' MD5."""
    if name == "mnist" and content_hash(arrays) != MNIST:
        raise _OtherContents
    x_train, y_train, x_test, y_test = arrays
    shape, labels = dataset_info.kind(name).shape, len(dataset_info.kind(name).classes)
    for images, answers in ((x_train, y_train), (x_test, y_test)):
        fits = images.shape == (len(answers), *shape) and len(answers) and answers.max() < labels
        if not fits:
            raise UserError("its images and labels must belong together.")


# --- the synthetic digits -------------------------------------------------------------------------------------


def _recipe(first_seed: int = 0) -> str:
    """Return the key under which the cache holds synthetic digits: they are drawn again when it changes."""
    key = f"synthetic digits {SYNTHETIC} {DRAWN_AT_ONCE} recipe {RECIPE}"
    return key + (f" from {first_seed}" if first_seed else "")


def _drawn(cache: Cache, progress: Progress | None, first_seed: int = 0) -> Kept:
    """Return synthetic digits, drawn if there are none yet; whoever calls holds the cache's lock."""
    recipe = _recipe(first_seed)
    kept = cache.find(recipe, verify=True)
    if not kept:
        cache.remember(recipe, cache.keep(_draw(progress or _ignore, first_seed)))
        kept = cache.find(recipe)
    assert kept is not None
    return kept


def _draw(progress: Progress, first_seed: int) -> list[Array]:
    from trainer.drawing import synthetic_digits  # Pillow and the templates, for this alone

    train, total = SYNTHETIC[0], sum(SYNTHETIC)
    images, labels = [], []
    for seed, done in enumerate(range(0, total, DRAWN_AT_ONCE), first_seed):
        progress(done, total)
        drawn = synthetic_digits.digits(min(DRAWN_AT_ONCE, total - done), seed=seed)
        images.append(drawn[0])
        labels.append(drawn[1])
    x, y = np.concatenate(images), np.concatenate(labels)
    return [x[:train], y[:train], x[train:], y[train:]]


if __name__ == "__main__":
    data = load()
    print(f"{data.source}: {len(data.x_train):,} digits to train with, {len(data.x_test):,} to test with.")
    if data.note:
        print(f"MNIST could not be had: {data.note}.")
