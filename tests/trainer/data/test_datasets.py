import gzip
import hashlib
import io
import os
import pickle
import socket
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.server import ROOT
from harness.waiting import PATIENCE
from trainer import UserError
from trainer.data import datasets, downloads
from trainer.data.cache import Cache, content_hash
from trainer.data.npz import KEYS

Arrays = dict[str, np.ndarray]


def some_digits(seed: int = 0, train: int = 30, test: int = 10, labels: type = np.uint8) -> Arrays:
    rng = np.random.default_rng(seed)
    return {
        "x_train": rng.integers(0, 256, (train, 28, 28), np.uint8),
        "y_train": rng.integers(0, 10, train).astype(labels),
        "x_test": rng.integers(0, 256, (test, 28, 28), np.uint8),
        "y_test": rng.integers(0, 10, test).astype(labels),
    }


def npz(arrays: Arrays, compressed: bool = True) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **arrays)
    return stream.getvalue()


STAND_IN = some_digits(seed=99)


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a cache, a Keras's cache and no proxy of its own, and few synthetic digits."""
    for name in ("DIGITLAB_DATA", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DIGITLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(datasets, "SYNTHETIC", (25, 15))
    monkeypatch.setattr(datasets, "DRAWN_AT_ONCE", 20)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Arrays:
    """Let a few made-up digits pass for MNIST."""
    monkeypatch.setattr(datasets, "MNIST", content_hash(STAND_IN.values()))
    return STAND_IN


@pytest.fixture
def keras_cache(tmp_path: Path) -> Path:
    file = tmp_path / "keras" / "datasets" / "mnist.npz"
    file.parent.mkdir(parents=True)
    return file


class Mirror:
    """A web server on this machine; an answer is a body or a function that gets the handler."""

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
        """Promise much, send a little, and fall silent until the test is over."""
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        handler.wfile.write(b"PK")
        self.over.wait(60)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    mirror = Mirror()
    thread = threading.Thread(target=mirror.server.serve_forever, args=(0.01,))
    thread.start()
    yield mirror
    mirror.over.set()
    mirror.server.shutdown()
    mirror.server.server_close()
    thread.join()


def as_it_stands(file: Path) -> tuple[object, ...] | None:
    if not file.is_file():
        return None
    return file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ctime_ns


def same(data: datasets.Dataset, arrays: Arrays) -> bool:
    return all(np.array_equal(getattr(data, key), array) for key, array in arrays.items())


# --- where it is looked for -----------------------------------------------------------------------------------


def test_a_given_file_comes_first_and_has_its_name(tmp_path, stand_in, mirror, monkeypatch):
    mirror.answers["/mnist.npz"] = npz(stand_in)
    assert datasets.load(mirrors=[mirror.npz]).source == "MNIST"
    own = some_digits(seed=1)
    file = tmp_path / "our class.npz"
    file.write_bytes(npz(own))

    assert same(by_argument := datasets.load(path=file), own)
    assert (by_argument.source, by_argument.note, by_argument.name) == ("our class.npz", "", "mnist")
    monkeypatch.setenv("DIGITLAB_DATA", str(file))
    assert same(by_environment := datasets.load(), own)
    assert by_environment.hash == by_argument.hash != datasets.MNIST


def test_a_given_file_is_looked_at_again_when_it_has_changed(tmp_path):
    file = tmp_path / "ours.npz"
    for seed in (1, 2):
        file.write_bytes(npz(some_digits(seed, train=30 + seed)))
        assert same(datasets.load(path=file), some_digits(seed, train=30 + seed))


def test_the_apps_own_cache_comes_before_all_others(stand_in, mirror, keras_cache):
    mirror.answers["/mnist.npz"] = npz(stand_in)
    datasets.load(mirrors=[mirror.npz])
    keras_cache.write_bytes(b"not even a zip archive")

    data = datasets.load(mirrors=[mirror.npz])
    assert (data.source, data.note) == ("MNIST", "")
    assert mirror.requests == ["/mnist.npz"]


def test_kerass_cache_comes_before_the_network_and_is_only_read(stand_in, mirror, keras_cache):
    keras_cache.write_bytes(npz(stand_in))
    before = as_it_stands(keras_cache)

    assert same(datasets.load(mirrors=[mirror.npz]), stand_in)
    assert mirror.requests == []
    assert as_it_stands(keras_cache) == before
    assert list(keras_cache.parent.iterdir()) == [keras_cache]


@pytest.mark.parametrize("content", [b"PK cut short", npz(some_digits(seed=5))], ids=["damaged", "other digits"])
def test_a_wrong_file_in_kerass_cache_is_passed_over_and_left_alone(content, stand_in, mirror, keras_cache):
    keras_cache.write_bytes(content)
    mirror.answers["/mnist.npz"] = npz(stand_in)

    assert datasets.load(mirrors=[mirror.npz]).source == "MNIST"
    assert keras_cache.read_bytes() == content


def test_the_four_original_files_are_as_good_as_kerass(stand_in, mirror):
    for name, array in zip(downloads.ORIGINALS, stand_in.values(), strict=True):
        dimensions = np.array(array.shape, ">u4").tobytes()
        raw = bytes([0, 0, 8, array.ndim]) + dimensions + array.tobytes()
        mirror.answers[f"/mnist/{name}.gz"] = gzip.compress(raw)
    seen: list[tuple[int, int]] = []

    data = datasets.load(mirrors=[f"{mirror.url}/mnist/"], progress=lambda *step: seen.append(step))
    assert same(data, stand_in) and data.source == "MNIST"
    assert len(mirror.requests) == 4
    assert seen[-1][0] == sum(len(body) for body in mirror.answers.values())
    assert all(0 < done <= total for done, total in seen) and seen == sorted(seen)


def test_fashion_mnist_comes_from_four_files_that_are_known_by_their_hashes(mirror, monkeypatch):
    known = {}
    for name, array in zip(downloads.ORIGINALS, STAND_IN.values(), strict=True):
        raw = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
        mirror.answers[f"/fashion/{name}.gz"] = packed = gzip.compress(raw)
        known[name] = hashlib.md5(packed).hexdigest()
    with pytest.raises(UserError, match=r"Fashion-MNIST must be downloaded once, .*what its makers published"):
        datasets.load("fashion_mnist", mirrors=[f"{mirror.url}/fashion/"])
    assert datasets.available("fashion_mnist") is None
    monkeypatch.setitem(downloads.MD5, "fashion_mnist", known)
    data = datasets.load("fashion_mnist", mirrors=[f"{mirror.url}/fashion/"])
    assert same(data, STAND_IN) and data.kind.classes[9] == "ankle boot"
    assert datasets.available("fashion_mnist").hash == data.hash and len(mirror.requests) == 5


def test_cifar10_comes_from_its_binary_archive_and_nothing_is_unpickled(mirror, monkeypatch):
    rng = np.random.default_rng(0)
    records = rng.integers(0, 256, (6, 4, 3073), np.uint8)
    records[:, :, 0] %= 10
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, part in zip(downloads.BATCHES["train"] + downloads.BATCHES["test"], records, strict=True):
            member = tarfile.TarInfo(name)
            member.size = part.nbytes
            archive.addfile(member, io.BytesIO(part.tobytes()))
    mirror.answers["/cifar-10-binary.tar.gz"] = packed.getvalue()
    monkeypatch.setitem(downloads.MD5, "cifar10", {"cifar-10-binary": hashlib.md5(packed.getvalue()).hexdigest()})
    data = datasets.load("cifar10", mirrors=[f"{mirror.url}/cifar-10-binary.tar.gz"])
    assert data.x_train.shape == (20, 32, 32, 3) and data.x_test.shape == (4, 32, 32, 3)
    record = records[1, 2]
    assert data.y_train[6] == record[0]
    assert data.x_train[6, 3, 5].tolist() == [record[1 + channel * 1024 + 3 * 32 + 5] for channel in range(3)]


def test_a_damaged_archive_of_cifar10_is_a_sentence(mirror, monkeypatch):
    monkeypatch.setitem(downloads.MD5, "cifar10", {})
    mirror.answers["/cifar-10-binary.tar.gz"] = gzip.compress(b"no archive")
    with pytest.raises(UserError, match=r"CIFAR-10 must be downloaded once, .*a damaged one"):
        datasets.load("cifar10", mirrors=[f"{mirror.url}/cifar-10-binary.tar.gz"])


def test_the_pen_digits_are_a_data_set_of_their_own():
    data = datasets.load("synthetic", mirrors=[])
    assert len(data.x_train) == 25 and data.source == "Pen digits" and data.kind.digits
    assert datasets.available("synthetic").hash == data.hash and datasets.available() is None


def test_the_second_mirror_is_asked_when_the_first_fails(stand_in, mirror):
    mirror.answers["/second.npz"] = npz(stand_in)
    assert datasets.load(mirrors=[mirror.npz, f"{mirror.url}/second.npz"]).source == "MNIST"
    assert mirror.requests == ["/mnist.npz", "/second.npz"]


def test_the_proxy_of_the_environment_is_asked(stand_in, mirror, monkeypatch):
    monkeypatch.setenv("http_proxy", mirror.url)
    mirror.answers["http://mnist.invalid/mnist.npz"] = npz(stand_in)
    assert same(datasets.load(mirrors=["http://mnist.invalid/mnist.npz"]), stand_in)


def test_mnist_is_known_by_its_contents_whatever_file_holds_it(mnist_path):
    data = datasets.load(path=mnist_path)
    assert (data.source, data.note, data.hash) == ("MNIST", "", datasets.MNIST)
    assert data.x_train.shape == (60_000, 28, 28) and data.x_test.shape == (10_000, 28, 28)
    assert datasets.load(mirrors=[]).source == "MNIST"


# --- without MNIST --------------------------------------------------------------------------------------------


def test_without_any_mnist_digits_are_drawn_and_the_note_says_why(mirror):
    seen: list[tuple[int, int]] = []
    data = datasets.load(mirrors=[mirror.npz], progress=lambda *step: seen.append(step))
    assert data.source == "synthetic digits"
    assert data.note == "127.0.0.1 answered 404 Not Found"
    assert (len(data.x_train), len(data.x_test)) == (25, 15)
    assert data.x_train.max() == 255 and set(data.y_train) <= set(range(10))
    assert seen[0] == (0, 40) and seen == sorted(seen)


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    body = npz(STAND_IN)
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (npz(some_digits(seed=5)), "127.0.0.1 has other digits"),
        (b"<html>Please log in</html>", "mnist.npz must be an npz file in Keras's layout (got something else)"),
        (cut_short, "mnist.npz must be an npz file in Keras's layout (got a damaged one or a part of one)"),
    ],
    ids=["other digits", "a log-in page", "cut short"],
)
def test_a_mirror_with_something_else_is_passed_over(answer, note, mirror):
    mirror.answers["/mnist.npz"] = answer
    data = datasets.load(mirrors=[mirror.npz])
    assert data.source == "synthetic digits" and note in data.note


def test_a_mirror_that_sends_too_much_is_passed_over(mirror, monkeypatch):
    monkeypatch.setitem(downloads.LARGEST, "mnist", 1_000_000)
    mirror.answers["/mnist.npz"] = bytes(1_100_000)
    assert "at most 1 MB" in datasets.load(mirrors=[mirror.npz]).note


def test_a_mirror_that_falls_silent_is_given_up(mirror):
    mirror.answers["/mnist.npz"] = mirror.stall
    assert datasets.load(mirrors=[mirror.npz], patience=0.2).note == "127.0.0.1 sent nothing for 0.2 s"


def test_a_name_that_is_looked_up_for_ever_is_given_up(monkeypatch):
    over = threading.Event()

    def look_up(*_: object, **__: object) -> None:
        over.wait(60)
        raise socket.gaierror("nothing found")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    data = datasets.load(mirrors=["http://mnist.invalid/mnist.npz"], patience=0.2)
    over.set()
    assert data.note == "mnist.invalid sent nothing for 0.2 s"


def test_a_machine_that_is_offline_says_so(monkeypatch):
    def look_up(*_: object, **__: object) -> None:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert datasets.load(mirrors=["http://mnist.invalid/x.npz"]).note == "mnist.invalid could not be found"


def test_a_mirror_that_refuses_the_line_is_passed_over():
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    data = datasets.load(mirrors=[f"http://127.0.0.1:{port}/mnist.npz"])
    assert (data.source, data.note) == ("synthetic digits", "127.0.0.1 could not be reached (Connection refused)")


def test_a_failure_is_remembered_until_retry(stand_in, mirror):
    first = datasets.load(mirrors=[mirror.npz])
    mirror.answers["/mnist.npz"] = npz(stand_in)

    again = datasets.load(mirrors=[mirror.npz])
    assert (again.hash, again.note) == (first.hash, first.note)
    assert len(mirror.requests) == 1
    retried = datasets.load(mirrors=[mirror.npz], retry=True)
    assert (retried.source, retried.note) == ("MNIST", "")
    assert datasets.load(mirrors=[]).source == "MNIST"


def test_a_failure_is_not_remembered_for_ever(stand_in, mirror, monkeypatch):
    datasets.load(mirrors=[mirror.npz])
    mirror.answers["/mnist.npz"] = npz(stand_in)
    monkeypatch.setattr(datasets, "REMEMBERED", 0.0)
    assert datasets.available().source == "synthetic digits"
    assert datasets.load(mirrors=[mirror.npz]).source == "MNIST"


def test_digits_are_drawn_anew_when_the_recipe_has_changed(monkeypatch):
    datasets.load(mirrors=[])
    monkeypatch.setattr(datasets, "RECIPE", datasets.RECIPE + 1)
    assert datasets.available() is None
    datasets.load(mirrors=[])
    monkeypatch.setattr(datasets, "SYNTHETIC", (30, 10))
    assert datasets.available() is None
    assert len(datasets.load(mirrors=[]).x_train) == 30


def test_synthetic_digits_to_mix_in_are_drawn_once_and_are_others_than_the_data_set(mirror):
    data = datasets.load(mirrors=[])
    told = []
    assert not datasets.synthetic_at_hand(21)
    images, labels = datasets.synthetic(21, lambda done, total: told.append((done, total)))
    assert datasets.synthetic_at_hand(21) and not datasets.synthetic_at_hand(31)
    assert images.shape == (21, 28, 28) and images.dtype == labels.dtype == np.uint8 and len(labels) == 21
    assert told == [(0, 40), (20, 40)]
    again = datasets.synthetic(7, lambda done, total: told.append((done, total)))
    assert len(told) == 2 and np.array_equal(again[0], images[:7]) and np.array_equal(again[1], labels[:7])
    known = {image.tobytes() for image in (*data.x_train, *data.x_test)}
    assert not known & {image.tobytes() for image in images}


def test_threads_that_mix_in_at_once_draw_once():
    draws = []
    with ThreadPoolExecutor(3) as pool:
        drawn = list(pool.map(lambda _: datasets.synthetic(5, lambda done, total: draws.append(done)), range(3)))
    assert draws == [0, 20]
    assert all(np.array_equal(images, drawn[0][0]) for images, _ in drawn)


def test_available_finds_what_was_loaded_and_never_goes_looking(tmp_path, stand_in, keras_cache):
    keras_cache.write_bytes(npz(stand_in))
    file = tmp_path / "ours.npz"
    file.write_bytes(npz(some_digits()))

    assert datasets.available() is None and datasets.available(path=file) is None
    assert not (tmp_path / "cache").exists()
    assert datasets.load().hash == datasets.available().hash
    assert datasets.load(path=file).hash == datasets.available(path=file).hash


# --- one copy for all -----------------------------------------------------------------------------------------


def test_arrays_are_mapped_files_that_nobody_can_write_to(mirror):
    first, second = datasets.load(mirrors=[]), datasets.load(mirrors=[])
    for data in (first, second):
        for key in KEYS:
            array = getattr(data, key)
            assert isinstance(array, np.memmap) and array.dtype == np.uint8
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1
    assert first.x_train.filename == second.x_train.filename


def test_threads_that_load_at_once_download_once(stand_in, mirror):
    mirror.answers["/mnist.npz"] = npz(stand_in)
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(lambda _: datasets.load(mirrors=[mirror.npz]), range(4)))
    assert all(same(data, stand_in) for data in loaded)
    assert mirror.requests == ["/mnist.npz"]


def test_processes_that_load_at_once_download_once(stand_in, mirror):
    mirror.answers["/mnist.npz"] = npz(stand_in)
    code = (
        "import sys; from trainer.data import datasets; datasets.MNIST = sys.argv[1];"
        "print(datasets.load(mirrors=[sys.argv[2]]).source)"
    )
    command = [sys.executable, "-c", code, datasets.MNIST, mirror.npz]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=PATIENCE)[0].strip() for process in processes] == ["MNIST", "MNIST"]
    assert mirror.requests == ["/mnist.npz"]


def test_who_waited_for_anothers_retry_does_not_ask_again(mirror, monkeypatch):
    datasets.load(mirrors=[mirror.npz])
    waiting = threading.Barrier(3, timeout=PATIENCE)
    lock = Cache.lock

    @contextmanager
    def watched(cache: Cache) -> Iterator[None]:
        waiting.wait()
        with lock(cache):
            yield

    monkeypatch.setattr(Cache, "lock", watched)
    with ThreadPoolExecutor(3) as pool:
        loaded = list(pool.map(lambda _: datasets.load(mirrors=[mirror.npz], retry=True), range(3)))
    assert {data.source for data in loaded} == {"synthetic digits"}
    assert len(mirror.requests) == 2


def test_who_comes_while_another_draws_does_not_ask_the_network_again(mirror):
    with ThreadPoolExecutor(1) as pool:
        others = []

        def somebody_comes(done: int, total: int) -> None:
            if not others:
                others.append(pool.submit(datasets.load, mirrors=[mirror.npz]))

        data = datasets.load(mirrors=[mirror.npz], progress=somebody_comes)
        assert others[0].result(60).hash == data.hash
    assert len(mirror.requests) == 1


def test_a_cache_that_cannot_be_written_costs_only_memory(tmp_path, stand_in, mirror, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DIGITLAB_CACHE", str(tmp_path / "file" / "cache"))
    mirror.answers["/mnist.npz"] = npz(stand_in)
    for _ in range(2):
        data = datasets.load(mirrors=[mirror.npz])
        assert same(data, stand_in) and not data.x_train.flags.writeable
    assert datasets.available().source == "MNIST"
    assert len(mirror.requests) == 1


def test_synthetic_digits_need_no_disk(tmp_path, mirror, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DIGITLAB_CACHE", str(tmp_path / "file" / "cache"))
    first, second = (datasets.load(mirrors=[mirror.npz]) for _ in range(2))
    assert first.x_train is second.x_train and not first.x_train.flags.writeable
    assert len(mirror.requests) == 1


def test_a_full_disk_leaves_no_half_files(tmp_path, stand_in, keras_cache):
    resource = pytest.importorskip("resource", reason="needs a limit on file sizes, which Windows has not")
    keras_cache.write_bytes(npz(stand_in))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        data = datasets.load()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert same(data, stand_in) and not data.x_train.flags.writeable
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_dir() and path.name != "datasets"]


def test_damage_in_the_cache_is_found_and_mended(stand_in, mirror):
    mirror.answers["/mnist.npz"] = npz(stand_in)
    file = Path(datasets.load(mirrors=[mirror.npz]).y_test.filename)
    whole = file.read_bytes()
    for damaged in (whole[:-1], whole[:-1] + b"\xff", b""):
        file.unlink()
        file.write_bytes(damaged)
        assert datasets.available() is None
        assert same(datasets.load(mirrors=[mirror.npz]), stand_in)
    assert len(mirror.requests) == 4


def test_a_cache_that_was_only_touched_is_believed_again(tmp_path, stand_in, mirror):
    mirror.answers["/mnist.npz"] = npz(stand_in)
    datasets.load(mirrors=[mirror.npz])
    (tmp_path / "cache" / "datasets" / "index.json").write_text("{ damaged")
    assert same(datasets.load(mirrors=[]), stand_in)
    assert datasets.available().source == "MNIST"


# --- what comes out -------------------------------------------------------------------------------------------


def test_images_are_ink_from_0_to_1_and_labels_are_theirs(tmp_path):
    own = some_digits()
    (tmp_path / "ours.npz").write_bytes(npz(own))
    data = datasets.load(path=tmp_path / "ours.npz")

    images = data.images("train")
    assert images.dtype == np.float32 and images.shape == (30, 28, 28)
    assert np.array_equal(np.round(images * 255), own["x_train"]) and images.min() == 0 and images.max() == 1
    where = np.array([7, 3, 3])
    assert np.array_equal(data.images("test", where), data.images("test")[where])
    assert np.array_equal(data.labels("test", where), own["y_test"][where])
    assert data.images("test", slice(2, 5)).shape == (3, 28, 28)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    train=st.integers(1, 5),
    labels=st.sampled_from([np.uint8, np.int8, np.int64, np.uint64, ">i4"]),
    compressed=st.booleans(),
    by_columns=st.booleans(),
)
def test_whatever_has_kerass_layout_is_read(seed, train, labels, compressed, by_columns, tmp_path_factory):
    own = some_digits(seed, train=train, labels=labels)
    if by_columns:
        own["x_train"] = np.asfortranarray(own["x_train"])
    file = tmp_path_factory.mktemp("own") / "ours.npz"
    file.write_bytes(npz(own, compressed))
    data = datasets.load(path=file)
    assert same(data, own) and data.y_train.dtype == np.uint8


# --- a given file that is bad ---------------------------------------------------------------------------------


def refused(file: Path) -> str:
    before = as_it_stands(file)
    with pytest.raises(UserError) as caught:
        datasets.load(path=file, mirrors=[])
    sentence = str(caught.value)
    assert file.name in sentence and str(file.parent) not in sentence
    assert sentence.endswith(".") and "\n" not in sentence
    assert as_it_stands(file) == before
    return sentence


def with_(**changed: object) -> bytes:
    return npz({key: value for key, value in (some_digits() | changed).items() if value is not None})


class Bomb:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("exit 1",)


def forged_shape() -> bytes:
    """A file whose head promises 7 TB."""
    whole = io.BytesIO(with_())
    forged = io.BytesIO()
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(forged, "w") as target:
        for name in source.namelist():
            head = io.BytesIO()
            shape = (10**10, 28, 28) if name.startswith("x_train") else (10**10,)
            described = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(head, described)
            target.writestr(name, head.getvalue() if "train" in name else source.read(name))
    return forged.getvalue()


def more_than_promised() -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(with_())) as source, zipfile.ZipFile(whole, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name) + b"more")
    return whole.getvalue()


OBJECTS = np.array([Bomb()] * 30, dtype=object)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (npz(some_digits())[:-300], "must be an npz file in Keras's layout (got a damaged one or a part of one)"),
        (npz(some_digits())[:1], "(got a damaged one or a part of one)"),
        (b"", "must be an npz file in Keras's layout (got something else)"),
        (b"y,pixel1,pixel2\n", "must be an npz file in Keras's layout (got something else)"),
        (pickle.dumps(Bomb()), "(got a pickle, which is never opened)"),
        (with_(y_test=None, x_test=None), "must hold x_train, y_train, x_test, y_test (x_test, y_test missing)"),
        (with_(x_train=np.zeros((30, 784), np.uint8)), "shape (n, 28, 28) (got uint8 of shape (30, 784))"),
        (with_(x_train=np.zeros((30, 32, 32), np.uint8)), "(got uint8 of shape (30, 32, 32))"),
        (with_(x_train=np.zeros((30, 28, 28))), "x_train in bad.npz must be uint8 images"),
        (with_(x_train=np.zeros((0, 28, 28), np.uint8)), "(got uint8 of shape (0, 28, 28))"),
        (with_(x_train=np.uint8(3)), "(got uint8 of shape ())"),
        (with_(y_train=np.zeros((30, 2), np.uint8)), "y_train in bad.npz must be whole numbers of shape (n,)"),
        (with_(y_train=np.zeros(30)), "(got float64 of shape (30,))"),
        (with_(y_train=np.zeros(29, np.uint8)), "must be equally long (got 30 images and 29 labels)"),
        (with_(y_test=np.full(10, 10)), "y_test in bad.npz must hold labels from 0 to 9 (got 10 to 10)"),
        (with_(y_test=np.arange(-1, 9)), "(got -1 to 8)"),
        (with_(y_train=OBJECTS), "(got Python objects, which are never unpickled)"),
        (more_than_promised(), "must be an npz file in Keras's layout (got a damaged one"),
        (forged_shape(), "must hold at most 2 GB (got 7,850.0 GB)"),
    ],
)
def test_a_bad_file_is_refused_with_a_sentence(content, expected, tmp_path):
    file = tmp_path / "bad.npz"
    file.write_bytes(content)
    assert expected in refused(file)


def test_what_is_no_file_is_refused_with_a_sentence(tmp_path):
    assert "could not be opened (no such file or directory)" in refused(tmp_path / "missing.npz")
    (tmp_path / "folder.npz").mkdir()
    assert "must be an npz file" in refused(tmp_path / "folder.npz")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.npz")
        assert "must be an npz file" in refused(tmp_path / "pipe.npz")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_refused_with_a_sentence(tmp_path):
    file = tmp_path / "secret.npz"
    file.write_bytes(npz(some_digits()))
    file.chmod(0)
    with pytest.raises(UserError, match=r"secret.npz could not be opened \(permission denied\)"):
        datasets.load(path=file)


def test_a_file_that_is_gone_is_missed_even_if_it_was_loaded_before(tmp_path):
    file = tmp_path / "ours.npz"
    file.write_bytes(npz(some_digits()))
    datasets.load(path=file)
    file.unlink()
    refused(file)


def test_an_unknown_data_set_is_refused_with_a_sentence():
    with pytest.raises(UserError, match="must be one of mnist"):
        datasets.load("imagenet")


@settings(max_examples=150, deadline=None)
@given(data=st.data(), compressed=st.booleans())
def test_damage_anywhere_is_refused_or_does_no_harm(data, compressed, tmp_path_factory):
    own = some_digits(train=2, test=1)
    content = bytearray(npz(own, compressed))
    place = data.draw(st.integers(0, len(content) - 1), label="place")
    if data.draw(st.booleans(), label="cut"):
        del content[place:]
    else:
        content[place] ^= data.draw(st.integers(1, 255), label="flipped bits")
    file = tmp_path_factory.mktemp("damaged") / "ours.npz"
    file.write_bytes(content)
    try:
        loaded = datasets.load(path=file)
    except UserError:
        return
    assert same(loaded, own)
