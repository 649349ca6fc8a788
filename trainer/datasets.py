"""What is the data? The digits that networks are trained and tested on, and where they are looked for.

`load` looks, in this order, at the file that was given (an argument or DIGITLAB_DATA), the app's own cache, Keras's
cache, the network, and last draws digits itself. Contents are checked, not containers. All processes share one copy:
the arrays lie unpacked in the app's cache (DIGITLAB_CACHE) and are mapped into memory, read-only.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import json
import logging
import math
import os
import queue
import socket
import ssl
import stat
import threading
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, ClassVar, Literal, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from filelock import FileLock
from numpy.lib import format as npy
from numpy.typing import NDArray
from platformdirs import user_cache_dir

from trainer import UserError
from trainer.config import CLASSES, INPUT_SHAPES

Array = NDArray[np.uint8]
Part = Literal["train", "test"]
Progress = Callable[[int, int], None]  # done, of how many: bytes of a download, or digits drawn

KEYS = ("x_train", "y_train", "x_test", "y_test")
MIRRORS = (  # an npz file in Keras's layout, or a folder with the four original files
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
ORIGINALS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
DOWNLOAD = 11_600_000  # bytes, about, from either mirror
LARGEST = {"download": 3 * DOWNLOAD, "original": 50_000_000, "arrays": 2_000_000_000}  # bytes
SYNTHETIC = (15_000, 2_500)  # digits to train with, digits to test with
DRAWN_AT_ONCE = 500
PATIENCE = 10.0  # seconds without a byte
REMEMBERED = 24 * 3600.0  # seconds until the network is asked again by itself

_log = logging.getLogger(__name__)


def _combined(digests: Iterable[str]) -> str:
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _hash(arrays: Iterable[Array]) -> str:
    return _combined(hashlib.sha256(array.data).hexdigest() for array in arrays)


MNIST = _combined(  # the SHA-256 of each array, in the order of KEYS
    (
        "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
        "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
        "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
        "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    )
)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and their labels as uint8, mapped into memory, not writeable."""

    name: str
    source: str  # "MNIST", "synthetic digits", or the name of the file that was given
    note: str  # why MNIST could not be had, without a full stop; empty where nothing is amiss
    hash: str  # of the contents
    x_train: Array  # (n, 28, 28), 0 paper .. 255 ink
    y_train: Array  # (n,), 0 .. 9
    x_test: Array
    y_test: Array

    def images(self, part: Part, where: slice | NDArray[Any] = slice(None)) -> NDArray[np.float32]:
        """Return images as float32 (n, 28, 28), 0 paper .. 1 ink; `where` is a slice, indices or a mask."""
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
    mirrors: Sequence[str] = MIRRORS,
    patience: float = PATIENCE,
) -> Dataset:
    """Find the data, download or draw it if need be; from the second time on this takes milliseconds.

    Where MNIST cannot be had the synthetic digits take its place, and for a day nobody waits for the network again,
    unless `retry`. A mirror is given up after `patience` seconds without a byte. Raises UserError where the file that
    was given is not as it must be.
    """
    given = _given(name, path)
    cache = _Cache()
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
                cache.remember(given.stamp, cache.keep(_read_file(given.path, given.path.name)))
            except OSError as error:
                raise _unreadable(given.path, error) from None
        else:
            try:
                cache.keep(_find_mnist(progress or _ignore, mirrors, patience))
            except _NotHad as error:
                _log.warning("MNIST could not be had: %s", error)
                cache.remember("failure", [time.time(), str(error)])
                if not cache.find(_recipe(), verify=True):
                    cache.remember(_recipe(), cache.keep(_draw(progress or _ignore)))
        found = _at_hand(cache, name, given, fallback=True)
    assert found is not None
    return found


def available(name: str = "mnist", path: str | Path | None = None) -> Dataset | None:
    """Return what was loaded before, by whatever process, or None where only `load` can tell; never waits.

    Raises UserError where the file that was given cannot be found.
    """
    return _at_hand(_Cache(), name, _given(name, path), fallback=True)


def _at_hand(cache: _Cache, name: str, given: _Given | None, fallback: bool, verify: bool = False) -> Dataset | None:
    if given:
        if kept := cache.find(given.stamp, verify):
            return Dataset(name, "MNIST" if kept.hash == MNIST else given.path.name, "", kept.hash, *kept.arrays)
        return None
    if kept := cache.open(MNIST, verify):
        return Dataset(name, "MNIST", "", kept.hash, *kept.arrays)
    failure = cache.recall("failure")
    if fallback and failure and (kept := cache.find(_recipe(), verify)):
        return Dataset(name, "synthetic digits", failure[1], kept.hash, *kept.arrays)
    return None


def _ignore(done: int, total: int) -> None:
    """Report progress to nobody."""


# --- the app's own cache --------------------------------------------------------------------------------------


class _Kept(NamedTuple):
    hash: str
    arrays: Sequence[Array]


class _Cache:
    """Arrays as .npy files in a folder named by their hash, and an index of what had which hash.

    What cannot be written, to a full disk or a read-only one, this process keeps in memory.
    """

    _unwritten: ClassVar[dict[tuple[Path, str], Any]] = {}
    _threads: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        root = os.environ.get("DIGITLAB_CACHE") or user_cache_dir("digit-lab", appauthor=False)
        self.root = Path(root).expanduser().absolute() / "datasets"
        self.index = self.root / "index.json"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other threads and processes from loading; only whoever holds this writes."""
        with self._threads, ExitStack() as stack:
            with suppress(OSError):  # then nothing else can be written either
                self.root.mkdir(parents=True, exist_ok=True)
                stack.enter_context(FileLock(self.root / "lock"))
            yield

    def recall(self, key: str) -> Any:
        return self._unwritten.get((self.root, key), self._index().get(key))

    def remember(self, key: str, value: Any) -> None:
        entries = self._index() | {key: value}
        newest = dict(list(entries.items())[-100:])
        try:
            temporary = self.index.with_suffix(".part")
            temporary.write_text(json.dumps(newest, indent=1), encoding="utf-8")
            temporary.replace(self.index)
            self._unwritten.pop((self.root, key), None)
        except OSError:
            self._unwritten[self.root, key] = value

    def _index(self) -> dict[str, Any]:
        try:
            index = json.loads(self.index.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # none yet, or a damaged one: both are made anew
            return {}
        return index if isinstance(index, dict) else {}

    def find(self, key: str, verify: bool = False) -> _Kept | None:
        """Return the arrays that were kept for a key."""
        digest = self.recall(key)
        return self.open(digest, verify) if digest else None

    def open(self, digest: str, verify: bool = False) -> _Kept | None:
        """Map the arrays of this hash into memory, if their files are as they were when their hash was taken.

        Without `verify` files that were touched count as missing; with it their hash is taken again, and they are
        removed where it has changed.
        """
        if arrays := self._unwritten.get((self.root, digest)):
            return _Kept(digest, arrays)
        files = self._files(self.root / digest)
        try:
            stamp = _stamp(*files)
            arrays = [np.load(file, mmap_mode="r", allow_pickle=False) for file in files]
            if self.recall(stamp) != digest:
                if not verify:
                    return None
                if _hash(arrays) != digest:
                    raise ValueError("other contents")
                self.remember(stamp, digest)
        except (OSError, ValueError, EOFError):
            if verify:
                self._remove(self.root / digest)
            return None
        return _Kept(digest, arrays)

    def keep(self, arrays: Sequence[Array]) -> str:
        """Write the arrays, whole or not at all, and return their hash."""
        digest = _hash(arrays)
        if not self.open(digest, verify=True):
            folder = self.root / f"{digest}.part"
            try:
                self._remove(folder)  # of one who was killed at it
                folder.mkdir()
                for file, array in zip(self._files(folder), arrays, strict=True):
                    with file.open("wb") as stream:
                        np.save(stream, array)
                        os.fsync(stream.fileno())
                folder.rename(self.root / digest)
                self.remember(_stamp(*self._files(self.root / digest)), digest)
            except OSError as error:
                _log.warning("The data could not be written to %s and stays in memory: %s", self.root, error)
                self._remove(folder)
                for array in arrays:
                    array.setflags(write=False)
                self._unwritten[self.root, digest] = arrays
        return digest

    @staticmethod
    def _files(folder: Path) -> list[Path]:
        return [folder / f"{key}.npy" for key in KEYS]

    def _remove(self, folder: Path) -> None:
        """Remove our own files and nothing else."""
        with suppress(OSError):
            for file in self._files(folder):
                file.unlink(missing_ok=True)
            folder.rmdir()


def _stamp(*files: Path) -> str:
    """Describe files as they stand now, so that a change shows without reading them."""
    stats = [(file, file.stat()) for file in files]
    return " ".join(f"{file} {now.st_size} {now.st_mtime_ns} {now.st_ctime_ns}" for file, now in stats)


# --- a file in Keras's layout ---------------------------------------------------------------------------------


class _Given(NamedTuple):
    path: Path
    stamp: str


def _given(name: str, path: str | Path | None) -> _Given | None:
    """Return the file that was given, if any, as it stands now."""
    if name not in INPUT_SHAPES:
        raise UserError(f"The data set must be one of {', '.join(INPUT_SHAPES)} (got {name!r}).")
    text = path or os.environ.get("DIGITLAB_DATA")
    if not text:
        return None
    file = Path(text).expanduser().absolute()
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise UserError(f"The data must be an npz file (got the folder or device {file.name or file}).")
        return _Given(file, _stamp(file))
    except OSError as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path, error: OSError) -> UserError:
    reason = (error.strerror or str(error)).lower()
    return UserError(f"{file.name} could not be opened ({reason}): give the path of an npz file in Keras's layout.")


def _read_file(file: Path, what: str) -> list[Array]:
    with file.open("rb") as stream:
        return _read_npz(stream, what)


def _read_npz(stream: IO[bytes], what: str) -> list[Array]:
    """Return x_train, y_train, x_test and y_test as uint8; nothing is unpickled, and sizes are checked first."""
    start = stream.read(1)
    try:
        with zipfile.ZipFile(stream) as archive:
            missing = [key for key in KEYS if f"{key}.npy" not in archive.namelist()]
            if missing:
                raise UserError(f"{what} must hold {', '.join(KEYS)} ({', '.join(missing)} missing).")
            _check_headers({key: _header(archive, key) for key in KEYS}, what)
            arrays = []
            for key in KEYS:
                with archive.open(f"{key}.npy") as member:
                    array = npy.read_array(member, allow_pickle=False)
                    if member.read(1):  # only a member read to its end has its checksum compared
                        raise ValueError("more numbers than the head says")
                if array.ndim == 1 and not 0 <= array.min() <= array.max() < CLASSES:
                    got = f"{array.min()} to {array.max()}"
                    raise UserError(f"{key} in {what} must hold labels from 0 to {CLASSES - 1} (got {got}).")
                arrays.append(np.ascontiguousarray(array, np.uint8))
            return arrays
    except UserError:
        raise
    except Exception as error:  # zipfile and NumPy raise a dozen kinds for a damaged file
        kinds = {b"P": "a damaged one or a part of one", b"\x80": "a pickle, which is never opened"}
        kind = kinds.get(start, "something else")
        raise UserError(f"{what} must be an npz file in Keras's layout (got {kind}).") from error


class _Header(NamedTuple):
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def _header(archive: zipfile.ZipFile, key: str) -> _Header:
    with archive.open(f"{key}.npy") as member:
        version = npy.read_magic(member)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(member)
        return _Header(shape, dtype)


def _check_headers(headers: dict[str, _Header], what: str) -> None:
    height, width = INPUT_SHAPES["mnist"]
    for key, (shape, dtype) in headers.items():
        if key.startswith("x"):
            fits = dtype == np.uint8 and len(shape) == 3 and shape[1:] == (height, width) and shape[0] > 0
            form = f"uint8 images of shape (n, {height}, {width})"
        else:
            fits = dtype.kind in "iu" and len(shape) == 1 and shape[0] > 0
            form = "whole numbers of shape (n,)"
        if not fits:
            kind = "Python objects, which are never unpickled" if dtype.hasobject else f"{dtype} of shape {shape}"
            raise UserError(f"{key} in {what} must be {form} (got {kind}).")
    for part in ("train", "test"):
        images, labels = headers[f"x_{part}"].shape[0], headers[f"y_{part}"].shape[0]
        if images != labels:
            got = f"got {images:,} images and {labels:,} labels"
            raise UserError(f"x_{part} and y_{part} in {what} must be equally long ({got}).")
    size = sum(math.prod(shape) * dtype.itemsize for shape, dtype in headers.values())
    if size > LARGEST["arrays"]:
        raise UserError(f"{what} must hold at most {LARGEST['arrays'] / 1e9:g} GB (got {size / 1e9:,.1f} GB).")


# --- MNIST ----------------------------------------------------------------------------------------------------


class _NotHad(Exception):
    """MNIST could not be had; the text says why."""


def _find_mnist(progress: Progress, mirrors: Sequence[str], patience: float) -> list[Array]:
    """Return MNIST from Keras's cache or the network. Raises _NotHad."""
    keras = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets" / "mnist.npz"
    places = [("Keras's cache", partial(_read_file, keras, keras.name))]
    places += [(urlsplit(url).hostname or url, partial(_download, url, progress, patience)) for url in mirrors]
    reasons = []
    for place, read in places:
        try:
            arrays = read()
            if _hash(arrays) == MNIST:
                return arrays
            reasons.append(f"{place} has other digits")
        except (FileNotFoundError, NotADirectoryError):  # Keras has none
            continue
        except UserError as error:
            reasons.append(f"{place} has a bad file: {str(error).rstrip('.')}")
        except (OSError, ValueError, http.client.HTTPException) as error:
            reasons.append(f"{place} {_why(error, patience)}")
    raise _NotHad("; ".join(reasons) or "there is no mirror to ask")


def _why(error: Exception, patience: float) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(error, urllib.error.HTTPError):
        return f"answered {error.code} {error.reason}"
    if isinstance(cause, TimeoutError):
        return f"sent nothing for {patience:g} s"
    if isinstance(cause, socket.gaierror):
        return "could not be found"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "has a certificate that is not trusted here"
    return f"could not be reached ({getattr(cause, 'strerror', None) or cause or type(cause).__name__})"


def _download(url: str, progress: Progress, patience: float) -> list[Array]:
    done = 0

    def fetch(url: str) -> io.BytesIO:
        nonlocal done
        body = io.BytesIO()
        with closing(_chunks(url, patience)) as chunks:
            for chunk in chunks:
                body.write(chunk)
                done += len(chunk)
                if done > LARGEST["download"]:
                    raise UserError(f"it must have at most {LARGEST['download'] / 1e6:.0f} MB.")
                progress(done, max(done, DOWNLOAD))
        body.seek(0)
        return body

    if not url.endswith("/"):
        return _read_npz(fetch(url), url.rpartition("/")[2])
    return [_read_original(fetch(f"{url}{name}.gz"), name) for name in ORIGINALS]


def _read_original(stream: IO[bytes], name: str) -> Array:
    """Return the array of a gzipped file in MNIST's own form: a head of 4 bytes and 4 a dimension, then uint8."""
    shape, head = ((-1, *INPUT_SHAPES["mnist"]), 16) if "images" in name else ((-1,), 8)
    try:
        raw = gzip.GzipFile(fileobj=stream).read(LARGEST["original"])
        return np.frombuffer(raw, np.uint8, offset=head).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UserError(f"{name}.gz must be a gzip file of uint8 (got a damaged one).") from error


def _chunks(url: str, patience: float) -> Generator[bytes, None, None]:
    """Yield the bytes of an address as they come. Raises TimeoutError after `patience` seconds without any.

    A thread reads and this one waits: a socket's own time-out covers neither the look-up of a name nor the sum of a
    host's many addresses.
    """
    arrived: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
    given_up = threading.Event()

    def read() -> None:
        try:
            with _opener().open(request, timeout=patience) as response:
                while not given_up.is_set() and (chunk := response.read1(2**16)):
                    arrived.put(chunk)
            arrived.put(b"")
        except urllib.error.HTTPError as error:
            error.close()
            arrived.put(error)
        except Exception as error:
            arrived.put(error)

    request = urllib.request.Request(url, headers={"User-Agent": "digit-lab"})
    threading.Thread(target=read, name="download", daemon=True).start()
    try:
        while True:
            try:
                item = arrived.get(timeout=patience)
            except queue.Empty:
                raise TimeoutError from None
            if isinstance(item, Exception):
                raise item
            if not item:
                return
            yield item
    finally:
        given_up.set()


def _opener() -> urllib.request.OpenerDirector:
    """Open addresses through the proxy of the environment, trusting the system's certificates and certifi's."""
    context = ssl.create_default_context()
    with suppress(ImportError):
        import certifi  # a Mac's Python may come without any certificates

        context.load_verify_locations(certifi.where())
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))


# --- the synthetic digits -------------------------------------------------------------------------------------


def _recipe() -> str:
    """Name what the synthetic digits are made of: they are drawn again after it has changed."""
    sources = [Path(__file__).with_name(name).read_bytes() for name in ("strokes.py", "digit.py")]
    digest = _combined(hashlib.sha256(source).hexdigest() for source in sources)
    return f"synthetic digits {SYNTHETIC} {DRAWN_AT_ONCE} {digest}"


def _draw(progress: Progress) -> list[Array]:
    from trainer import strokes  # Pillow and the templates, for this alone

    train, total = SYNTHETIC[0], sum(SYNTHETIC)
    images, labels = [], []
    for seed, done in enumerate(range(0, total, DRAWN_AT_ONCE)):
        progress(done, total)
        drawn = strokes.digits(min(DRAWN_AT_ONCE, total - done), seed=seed)
        images.append(drawn[0])
        labels.append(drawn[1])
    x, y = np.concatenate(images), np.concatenate(labels)
    return [x[:train], y[:train], x[train:], y[train:]]


if __name__ == "__main__":
    data = load()
    print(f"{data.source}: {len(data.x_train):,} digits to train with, {len(data.x_test):,} to test with.")
    if data.note:
        print(f"MNIST could not be had: {data.note}.")
