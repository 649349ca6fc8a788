"""The mirrors of MNIST: where it can be downloaded, and how.

A mirror that says nothing for a while is given up, whatever it is that keeps silent.
"""

from __future__ import annotations

import gzip
import http.client
import io
import queue
import socket
import ssl
import threading
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from typing import IO

import numpy as np

from trainer import UserError, npz
from trainer.limits import INPUT_SHAPES
from trainer.npz import Array

Progress = Callable[[int, int], None]  # done, of how many: bytes of a download, or digits drawn

MIRRORS = (  # an npz file in Keras's layout, or a folder with the four original files
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
ORIGINALS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
DOWNLOAD = 11_600_000  # bytes, about, from either mirror
LARGEST = {"download": 3 * DOWNLOAD, "original": 50_000_000}  # bytes
PATIENCE = 10.0  # seconds without a byte


class MirrorError(Exception):
    """A mirror did not send what it should; the text goes on after its name: "answered 404 Not Found"."""


def download(url: str, progress: Progress, patience: float) -> list[Array]:
    """Return x_train, y_train, x_test and y_test as uint8 from an address like those in MIRRORS.

    Raises MirrorError where no byte comes for `patience` seconds or the mirror fails otherwise, and UserError where
    something else comes.
    """
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

    try:
        if not url.endswith("/"):
            return npz.read(fetch(url), url.rpartition("/")[2])
        return [_read_original(fetch(f"{url}{name}.gz"), name) for name in ORIGINALS]
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
