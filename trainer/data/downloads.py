"""Download of the data sets: their mirrors, and what is accepted from them.

A mirror that sends nothing for a while is given up, whatever keeps it silent. The `pooch` library cannot do this: its
time-out is that of `requests`, which does not cover the look-up of a name (with a time-out of 0.2 s, a look-up of 4 s
took 4 s), so the thread and the queue below would be needed around it all the same. It also neither limits the size of
a file nor trusts the system's certificates, which a school's proxy may need, and costs 0.05 s and 6 MB.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import math
import queue
import socket
import ssl
import tarfile
import tempfile
import threading
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from typing import IO

import numpy as np

from trainer import UserError
from trainer.data import npz
from trainer.data.npz import Array

Progress = Callable[[int, int], None]  # done, of how many: bytes of a download, or digits drawn

MIRRORS = {  # an npz file in Keras's layout, a folder with four files in MNIST's own form, or CIFAR-10's binary archive
    "mnist": (
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ),
    "fashion_mnist": (
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
    ),
    "cifar10": ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
}
ORIGINALS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
FOLDER = "cifar-10-batches-bin"
BATCHES = {
    "train": [f"{FOLDER}/data_batch_{number}.bin" for number in range(1, 6)],
    "test": [f"{FOLDER}/test_batch.bin"],
}
COLOURED = (3, 32, 32)  # of CIFAR-10's images, each after its label
MD5 = {  # as those publish them who made the data; MNIST is known by its contents
    "fashion_mnist": {
        "train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310",
    },
    "cifar10": {"cifar-10-binary": "c32a1d4ab5d03f1284b67883e8d87530"},
}
DOWNLOAD = {"mnist": 11_600_000, "fashion_mnist": 30_900_000, "cifar10": 170_100_000}  # bytes, about
LARGEST = {  # bytes
    "mnist": 3 * DOWNLOAD["mnist"],
    "fashion_mnist": 2 * DOWNLOAD["fashion_mnist"],
    "cifar10": 2 * DOWNLOAD["cifar10"],
    "original": 50_000_000,
    "batch": 31_000_000,
}
IN_MEMORY = 40_000_000  # bytes of a download; a larger one goes to a file
PATIENCE = 10.0  # seconds without a byte


class MirrorError(Exception):
    """A mirror did not send what it should; the text goes on after its name: "answered 404 Not Found"."""


def download(url: str, progress: Progress, patience: float, name: str = "mnist") -> list[Array]:
    """Return x_train, y_train, x_test and y_test as uint8 from an address like those in MIRRORS.

    Raises MirrorError where no byte comes for `patience` seconds or the mirror fails otherwise, and UserError where
    something else comes.
    """
    done = 0

    def fetch(url: str, known: str = "") -> IO[bytes]:
        nonlocal done
        body = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - whoever reads it closes it
        digest = hashlib.md5(usedforsecurity=False)
        try:
            with closing(_chunks(url, patience)) as chunks:
                for chunk in chunks:
                    body.write(chunk)
                    digest.update(chunk)
                    done += len(chunk)
                    if done > LARGEST[name]:
                        raise UserError(f"it must have at most {LARGEST[name] / 1e6:.0f} MB.")
                    progress(done, max(done, DOWNLOAD[name]))
            if known and digest.hexdigest() != known:
                raise UserError(f"{url.rpartition('/')[2]} must be what its makers published (got something else).")
        except BaseException:
            body.close()
            raise
        body.seek(0)
        return body

    known = MD5.get(name, {})
    file = url.rpartition("/")[2]
    try:
        if url.endswith("/"):
            return [_read_original(fetch(f"{url}{part}.gz", known.get(part, "")), part) for part in ORIGINALS]
        if url.endswith(".tar.gz"):
            with fetch(url, known.get(file.removesuffix(".tar.gz"), "")) as archive:
                return _read_batches(archive, file)
        with fetch(url) as content:
            return npz.read(content, file)
    except UserError:
        raise
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise MirrorError(_why(error, patience)) from error


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


def _read_original(stream: IO[bytes], name: str) -> Array:
    """Return the array of a gzipped file in MNIST's own form: a head of 4 bytes and 4 a dimension, then uint8."""
    shape, head = ((-1, 28, 28), 16) if "images" in name else ((-1,), 8)
    try:
        with stream:
            raw = gzip.GzipFile(fileobj=stream, mode="rb").read(LARGEST["original"])
        return np.frombuffer(raw, np.uint8, offset=head).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UserError(f"{name}.gz must be a gzip file of uint8 (got a damaged one).") from error


def _read_batches(stream: IO[bytes], what: str) -> list[Array]:
    """Return the arrays of CIFAR-10's binary archive; nothing is unpacked to a disk."""
    arrays = []
    try:
        with tarfile.open(fileobj=stream, mode="r:gz") as archive:
            for part in ("train", "test"):
                batches = []
                for name in BATCHES[part]:
                    member = archive.extractfile(name)
                    if member is None:
                        raise ValueError(f"{name} is no file")
                    batches.append(np.frombuffer(member.read(LARGEST["batch"]), np.uint8))
                records = np.concatenate(batches).reshape(-1, 1 + math.prod(COLOURED))
                images = records[:, 1:].reshape(-1, *COLOURED).transpose(0, 2, 3, 1)
                arrays += [np.ascontiguousarray(images), np.ascontiguousarray(records[:, 0])]
    except (OSError, EOFError, KeyError, ValueError, tarfile.TarError, zlib.error) as error:
        raise UserError(f"{what} must be CIFAR-10's binary archive (got a damaged one).") from error
    return arrays


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
