"""Downloads from a mirror on this machine: the file formats, and every way in which a mirror fails."""

import gzip
import hashlib
import io
import socket
import tarfile
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import numpy as np
import pytest

from harness.waiting import TIMEOUT_SECONDS
from tests.support.data_files import STAND_IN, npz_bytes, same, some_digits
from trainer import UserError
from trainer.config import dataset_info
from trainer.data import datasets, downloads

pytestmark = pytest.mark.usefixtures("own_cache")


def change_download(monkeypatch: pytest.MonkeyPatch, name: str, **changes: object) -> None:
    """Change the download of a data set in the table for this test."""
    entry = dataset_info.DATASETS[name]
    monkeypatch.setitem(dataset_info.DATASETS, name, replace(entry, download=replace(entry.download, **changes)))


def test_mnist_can_come_as_four_idx_files(stand_in, mirror):
    for name, array in zip(downloads.IDX_FILES, stand_in.values(), strict=True):
        dimensions = np.array(array.shape, ">u4").tobytes()
        raw = bytes([0, 0, 8, array.ndim]) + dimensions + array.tobytes()
        mirror.answers[f"/mnist/{name}.gz"] = gzip.compress(raw)
    seen: list[tuple[int, int]] = []

    def report(activity: str, *step: int) -> None:
        if activity == "downloading":
            seen.append(step)

    data = datasets.load(mirrors=[f"{mirror.url}/mnist/"], report=report)
    assert same(data, stand_in) and data.source == "MNIST"
    assert len(mirror.requests) == 4
    assert seen[-1][0] == sum(len(body) for body in mirror.answers.values())
    assert all(0 < done <= total for done, total in seen) and seen == sorted(seen)


def test_fashion_mnist_comes_as_four_files_with_known_md5(mirror, monkeypatch):
    known = {}
    for name, array in zip(downloads.IDX_FILES, STAND_IN.values(), strict=True):
        raw = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
        mirror.answers[f"/fashion/{name}.gz"] = packed = gzip.compress(raw)
        known[name] = hashlib.md5(packed).hexdigest()
    with pytest.raises(UserError, match=r"Fashion-MNIST could not be downloaded \(.*must have its authors' MD5"):
        datasets.load("fashion_mnist", mirrors=[f"{mirror.url}/fashion/"])
    assert datasets.available("fashion_mnist") is None
    change_download(monkeypatch, "fashion_mnist", md5=known)
    data = datasets.load("fashion_mnist", mirrors=[f"{mirror.url}/fashion/"])
    assert same(data, STAND_IN) and data.info.classes[9] == "ankle boot"
    assert datasets.available("fashion_mnist").hash == data.hash and len(mirror.requests) == 5


def test_cifar10_comes_as_its_binary_archive(mirror, monkeypatch):
    rng = np.random.default_rng(0)
    records = rng.integers(0, 256, (6, 4, 3073), np.uint8)
    records[:, :, 0] %= 10
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, part in zip(downloads.CIFAR10_FILES["train"] + downloads.CIFAR10_FILES["test"], records, strict=True):
            member = tarfile.TarInfo(name)
            member.size = part.nbytes
            archive.addfile(member, io.BytesIO(part.tobytes()))
    mirror.answers["/cifar-10-binary.tar.gz"] = packed.getvalue()
    change_download(monkeypatch, "cifar10", md5={"cifar-10-binary": hashlib.md5(packed.getvalue()).hexdigest()})
    data = datasets.load("cifar10", mirrors=[f"{mirror.url}/cifar-10-binary.tar.gz"])
    assert data.x_train.shape == (20, 32, 32, 3) and data.x_test.shape == (4, 32, 32, 3)
    record = records[1, 2]
    assert data.y_train[6] == record[0]
    assert data.x_train[6, 3, 5].tolist() == [record[1 + channel * 1024 + 3 * 32 + 5] for channel in range(3)]


def test_a_damaged_cifar10_archive_is_rejected(mirror, monkeypatch):
    change_download(monkeypatch, "cifar10", md5={})
    mirror.answers["/cifar-10-binary.tar.gz"] = gzip.compress(b"no archive")
    with pytest.raises(UserError, match=r"CIFAR-10 could not be downloaded \(.*a damaged one"):
        datasets.load("cifar10", mirrors=[f"{mirror.url}/cifar-10-binary.tar.gz"])


def test_downloads_use_the_proxy_of_the_environment(stand_in, mirror, monkeypatch):
    monkeypatch.setenv("http_proxy", mirror.url)
    mirror.answers["http://mnist.invalid/mnist.npz"] = npz_bytes(stand_in)
    assert same(datasets.load(mirrors=["http://mnist.invalid/mnist.npz"]), stand_in)


# --- failures -------------------------------------------------------------------------------------------------


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    body = npz_bytes(STAND_IN)
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (npz_bytes(some_digits(seed=5)), "127.0.0.1 has other digits"),
        (b"<html>Please log in</html>", "mnist.npz must be an npz file in Keras's layout (got something else)"),
        (cut_short, "mnist.npz must be an npz file in Keras's layout (got a damaged one or a part of one)"),
    ],
    ids=["other digits", "a log-in page", "cut short"],
)
def test_a_mirror_with_wrong_contents_is_skipped(answer, note, mirror):
    mirror.answers["/mnist.npz"] = answer
    data = datasets.load(mirrors=[mirror.npz])
    assert data.source == "synthetic digits" and note in data.note


def test_a_mirror_that_sends_too_much_is_skipped(mirror, monkeypatch):
    change_download(monkeypatch, "mnist", max_size=1_000_000)
    mirror.answers["/mnist.npz"] = bytes(1_100_000)
    assert "at most 1 MB" in datasets.load(mirrors=[mirror.npz]).note


def test_a_silent_mirror_is_given_up(mirror):
    mirror.answers["/mnist.npz"] = mirror.stall
    mirror.answers["/silent.npz"] = lambda handler: mirror.over.wait(TIMEOUT_SECONDS)
    mirrors = [f"{mirror.url}/silent.npz", mirror.npz]
    note = datasets.load(mirrors=mirrors, timeout=0.2).note
    silent, stalled = note.split("; ")
    assert silent == "127.0.0.1 sent nothing for 0.2 s"
    assert stalled in ("127.0.0.1 sent nothing for 0.6 s", silent)  # longer after a first byte, unless that was late


def test_an_endless_name_lookup_is_given_up(monkeypatch):
    over = threading.Event()

    def look_up(*_: object, **__: object) -> None:
        over.wait(TIMEOUT_SECONDS)
        raise socket.gaierror("nothing found")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    data = datasets.load(mirrors=["http://mnist.invalid/mnist.npz"], timeout=0.2)
    over.set()
    assert data.note == "mnist.invalid sent nothing for 0.2 s"


def test_an_offline_machine_says_so(monkeypatch):
    def look_up(*_: object, **__: object) -> None:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert datasets.load(mirrors=["http://mnist.invalid/x.npz"]).note == "mnist.invalid could not be found"


def test_a_mirror_that_refuses_the_connection_is_skipped():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    data = datasets.load(mirrors=[f"http://127.0.0.1:{port}/mnist.npz"])
    assert (data.source, data.note) == ("synthetic digits", "127.0.0.1 could not be reached (Connection refused)")
