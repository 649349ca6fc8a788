"""Download of data sets from mirrors, with a timeout and limits on size.

A mirror that does not answer within TIMEOUT_SECONDS, or later is silent for longer, is given up, for whatever reason.
The `pooch` library cannot do this: its timeout is that of `requests`, which does not cover the look-up of a name (with
a timeout of 0.2 s, a look-up of 4 s took 4 s), so the thread and the queue below would still be needed around it.
Besides, pooch does not limit the size of a file, does not trust the system's certificates, which a school's proxy may
need, and costs 0.05 s and 6 MB.
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
from trainer.config.dataset_info import Download
from trainer.data import npz
from trainer.data.npz import Array

Progress = Callable[[int, int], None]  # done, total: bytes of a download, or digits drawn

# The four files of MNIST's own IDX format
IDX_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
CIFAR10_FOLDER = "cifar-10-batches-bin"
CIFAR10_FILES = {
    "train": [f"{CIFAR10_FOLDER}/data_batch_{number}.bin" for number in range(1, 6)],
    "test": [f"{CIFAR10_FOLDER}/test_batch.bin"],
}
CIFAR10_SHAPE = (3, 32, 32)  # of an image in these files, which follows its label
MAX_IDX_BYTES = 50_000_000  # unpacked
MAX_CIFAR10_FILE_BYTES = 31_000_000
MAX_BYTES_IN_MEMORY = 40_000_000  # a larger download goes to a temporary file
TIMEOUT_SECONDS = 3.0  # until the first byte
SILENCE = 3  # times as long between two bytes: a slow download that flows goes on


class MirrorError(Exception):
    """A mirror failed; the text continues a sentence that begins with its name: "answered 404 Not Found"."""


def download(url: str, source: Download, progress: Progress, timeout: float) -> list[Array]:
    """Return x_train, y_train, x_test and y_test as uint8 from one of the URLs of `source`.

    timeout: seconds until the first byte of a file. Raises MirrorError if it is over or the mirror fails otherwise, and
    UserError if the contents are wrong.
    """
    done = 0

    def fetch(url: str, md5: str = "") -> IO[bytes]:
        nonlocal done
        body = tempfile.SpooledTemporaryFile(MAX_BYTES_IN_MEMORY)  # noqa: SIM115 - the caller closes it
        digest = hashlib.md5(usedforsecurity=False)
        try:
            with closing(_chunks(url, timeout)) as chunks:
                for chunk in chunks:
                    body.write(chunk)
                    digest.update(chunk)
                    done += len(chunk)
                    if done > source.max_size:
                        raise UserError(f"it must have at most {source.max_size / 1e6:.0f} MB.")
                    progress(done, max(done, source.size))
            if md5 and digest.hexdigest() != md5:
                raise UserError(f"{url.rpartition('/')[2]} must have its authors' MD5 (got another one).")
        except BaseException:
            body.close()
            raise
        body.seek(0)
        return body

    file = url.rpartition("/")[2]
    try:
        if url.endswith("/"):
            return [_read_idx(fetch(f"{url}{name}.gz", source.md5.get(name, "")), name) for name in IDX_FILES]
        if url.endswith(".tar.gz"):
            with fetch(url, source.md5.get(file.removesuffix(".tar.gz"), "")) as archive:
                return _read_cifar10(archive, file)
        with fetch(url) as content:
            return npz.read(content, file)
    except UserError:
        raise
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise MirrorError(_reason(error, SILENCE * timeout)) from error


def _reason(error: Exception, timeout: float) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(error, urllib.error.HTTPError):
        return f"answered {error.code} {error.reason}"
    if isinstance(cause, TimeoutError):
        return f"sent nothing for {timeout:g} s"
    if isinstance(cause, socket.gaierror):
        return "could not be found"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "has a certificate that is not trusted here"
    return f"could not be reached ({getattr(cause, 'strerror', None) or cause or type(cause).__name__})"


def _read_idx(stream: IO[bytes], name: str) -> Array:
    """Return the array of a gzipped IDX file: a header of 4 bytes and 4 more for each dimension, then uint8."""
    shape, header = ((-1, 28, 28), 16) if "images" in name else ((-1,), 8)
    try:
        with stream:
            raw = gzip.GzipFile(fileobj=stream, mode="rb").read(MAX_IDX_BYTES)
        return np.frombuffer(raw, np.uint8, offset=header).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UserError(f"{name}.gz must be a gzip file of uint8 (got a damaged one).") from error


def _read_cifar10(stream: IO[bytes], what: str) -> list[Array]:
    """Return the arrays of CIFAR-10's binary archive; nothing is unpacked to the disk."""
    arrays = []
    try:
        with tarfile.open(fileobj=stream, mode="r:gz") as archive:
            for part in ("train", "test"):
                batches = []
                for name in CIFAR10_FILES[part]:
                    member = archive.extractfile(name)
                    if member is None:
                        raise ValueError(f"{name} is not a file")
                    batches.append(np.frombuffer(member.read(MAX_CIFAR10_FILE_BYTES), np.uint8))
                records = np.concatenate(batches).reshape(-1, 1 + math.prod(CIFAR10_SHAPE))
                images = records[:, 1:].reshape(-1, *CIFAR10_SHAPE).transpose(0, 2, 3, 1)
                arrays += [np.ascontiguousarray(images), np.ascontiguousarray(records[:, 0])]
    except (OSError, EOFError, KeyError, ValueError, tarfile.TarError, zlib.error) as error:
        raise UserError(f"{what} must be CIFAR-10's binary archive (got a damaged one).") from error
    return arrays


def _chunks(url: str, timeout: float) -> Generator[bytes, None, None]:
    """Yield the bytes of a URL as they come. Raises MirrorError after `timeout` seconds without a first one.

    A thread reads and this one waits: a socket's own timeout covers neither the look-up of a name nor the sum over a
    host's many addresses.
    """
    arrived: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
    given_up = threading.Event()

    def read() -> None:
        try:
            with _opener().open(request, timeout=SILENCE * timeout) as response:
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
    patience = timeout
    try:
        while True:
            try:
                item = arrived.get(timeout=patience)
            except queue.Empty:
                raise MirrorError(f"sent nothing for {patience:g} s") from None
            patience = SILENCE * timeout
            if isinstance(item, Exception):
                raise item
            if not item:
                return
            yield item
    finally:
        given_up.set()


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that uses the environment's proxy and trusts the system's certificates and certifi's."""
    context = ssl.create_default_context()
    with suppress(ImportError):
        import certifi  # Python on a Mac may come without any certificates

        context.load_verify_locations(certifi.where())
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
