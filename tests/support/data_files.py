"""Data files in Keras's layout, and a mirror on this machine to download them from."""

import io
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from harness.waiting import TIMEOUT_SECONDS
from trainer.data.datasets import Dataset

Arrays = dict[str, np.ndarray]


def some_digits(seed: int = 0, train: int = 30, test: int = 10, labels: type = np.uint8) -> Arrays:
    rng = np.random.default_rng(seed)
    return {
        "x_train": rng.integers(0, 256, (train, 28, 28), np.uint8),
        "y_train": rng.integers(0, 10, train).astype(labels),
        "x_test": rng.integers(0, 256, (test, 28, 28), np.uint8),
        "y_test": rng.integers(0, 10, test).astype(labels),
    }


def npz_bytes(arrays: Arrays, compressed: bool = True) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **arrays)
    return stream.getvalue()


STAND_IN = some_digits(seed=99)  # passes for MNIST


class Mirror:
    """A web server on this machine. An answer is a body, or a function that takes the request's handler."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.requests: list[str] = []
        self.over = threading.Event()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.requests.append(self.path)
                answer = mirror.answers.get(self.path)
                if answer is None:
                    self.send_error(404)
                elif callable(answer):
                    answer(self)
                else:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.npz = f"{self.url}/mnist.npz"

    def stall(self, handler: BaseHTTPRequestHandler) -> None:
        """Announce a megabyte, send two bytes, and fall silent until the test is over."""
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        handler.wfile.write(b"PK")
        self.over.wait(TIMEOUT_SECONDS)


def snapshot(file: Path) -> tuple[object, ...] | None:
    if not file.is_file():
        return None
    return file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ctime_ns


def same(data: Dataset, arrays: Arrays) -> bool:
    return all(np.array_equal(getattr(data, key), array) for key, array in arrays.items())
