"""Loading of data sets: the order of the sources, the fallback, and concurrent callers."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from harness.server import ROOT
from harness.waiting import TIMEOUT_SECONDS
from tests.support.data_files import npz_bytes, same, snapshot, some_digits
from trainer import UserError
from trainer.data import datasets
from trainer.data.cache import Cache

pytestmark = pytest.mark.usefixtures("own_cache")


def test_a_given_file_comes_first_and_has_its_name(tmp_path, stand_in, mirror, monkeypatch):
    mirror.answers["/mnist.npz"] = npz_bytes(stand_in)
    assert datasets.load(mirrors=[mirror.npz]).source == "MNIST"
    own = some_digits(seed=1)
    file = tmp_path / "our class.npz"
    file.write_bytes(npz_bytes(own))

    assert same(by_argument := datasets.load(path=file), own)
    assert (by_argument.source, by_argument.note, by_argument.name) == ("our class.npz", "", "mnist")
    monkeypatch.setenv("DIGITLAB_DATA", str(file))
    assert same(by_environment := datasets.load(), own)
    assert by_environment.hash == by_argument.hash != datasets.MNIST_HASH


def test_a_given_file_is_read_again_after_a_change(tmp_path):
    file = tmp_path / "ours.npz"
    for seed in (1, 2):
        file.write_bytes(npz_bytes(some_digits(seed, train=30 + seed)))
        assert same(datasets.load(path=file), some_digits(seed, train=30 + seed))


def test_keras_cache_comes_before_the_download_and_is_only_read(stand_in, mirror, keras_cache):
    keras_cache.write_bytes(npz_bytes(stand_in))
    before = snapshot(keras_cache)

    assert same(datasets.load(mirrors=[mirror.npz]), stand_in)
    assert mirror.requests == []
    assert snapshot(keras_cache) == before
    assert list(keras_cache.parent.iterdir()) == [keras_cache]


@pytest.mark.parametrize("content", [b"PK cut short", npz_bytes(some_digits(seed=5))], ids=["damaged", "other digits"])
def test_a_wrong_file_in_the_keras_cache_is_skipped_and_left_alone(content, stand_in, mirror, keras_cache):
    keras_cache.write_bytes(content)
    mirror.answers["/mnist.npz"] = npz_bytes(stand_in)

    assert datasets.load(mirrors=[mirror.npz]).source == "MNIST"
    assert keras_cache.read_bytes() == content


def test_pen_digits_are_a_data_set():
    data = datasets.load("synthetic", mirrors=[])
    assert len(data.x_train) == 25 and data.source == "Pen digits" and data.info.is_digits
    assert datasets.available("synthetic").hash == data.hash and datasets.available() is None


def test_mnist_is_recognized_by_its_contents(mnist_path):
    data = datasets.load(path=mnist_path)
    assert (data.source, data.note, data.hash) == ("MNIST", "", datasets.MNIST_HASH)
    assert data.x_train.shape == (60_000, 28, 28) and data.x_test.shape == (10_000, 28, 28)
    assert datasets.load(mirrors=[]).source == "MNIST"


# --- without MNIST --------------------------------------------------------------------------------------------


def test_without_mnist_digits_are_drawn_and_the_note_gives_the_reason(mirror):
    seen: list[tuple[int, int]] = []
    data = datasets.load(mirrors=[mirror.npz], progress=lambda *step: seen.append(step))
    assert data.source == "synthetic digits"
    assert data.note == "127.0.0.1 answered 404 Not Found"
    assert (len(data.x_train), len(data.x_test)) == (25, 15)
    assert data.x_train.max() == 255 and set(data.y_train) <= set(range(10))
    assert seen[0] == (0, 40) and seen == sorted(seen)


def test_the_second_mirror_is_tried_when_the_first_fails(stand_in, mirror):
    mirror.answers["/second.npz"] = npz_bytes(stand_in)
    assert datasets.load(mirrors=[mirror.npz, f"{mirror.url}/second.npz"]).source == "MNIST"
    assert mirror.requests == ["/mnist.npz", "/second.npz"]


def test_a_failure_is_remembered_until_retry(stand_in, mirror):
    first = datasets.load(mirrors=[mirror.npz])
    mirror.answers["/mnist.npz"] = npz_bytes(stand_in)

    again = datasets.load(mirrors=[mirror.npz])
    assert (again.hash, again.note) == (first.hash, first.note)
    assert len(mirror.requests) == 1
    retried = datasets.load(mirrors=[mirror.npz], retry=True)
    assert (retried.source, retried.note) == ("MNIST", "")
    assert datasets.load(mirrors=[]).source == "MNIST"


def test_a_failure_is_forgotten_after_a_day(stand_in, mirror, monkeypatch):
    datasets.load(mirrors=[mirror.npz])
    mirror.answers["/mnist.npz"] = npz_bytes(stand_in)
    monkeypatch.setattr(datasets, "RETRY_SECONDS", 0.0)
    assert datasets.available().source == "synthetic digits"
    assert datasets.load(mirrors=[mirror.npz]).source == "MNIST"


def test_available_finds_only_what_was_loaded(tmp_path, stand_in, keras_cache):
    keras_cache.write_bytes(npz_bytes(stand_in))
    file = tmp_path / "ours.npz"
    file.write_bytes(npz_bytes(some_digits()))

    assert datasets.available() is None and datasets.available(path=file) is None
    assert not (tmp_path / "cache").exists()
    assert datasets.load().hash == datasets.available().hash
    assert datasets.load(path=file).hash == datasets.available(path=file).hash


# --- at the same time -----------------------------------------------------------------------------------------


def test_threads_that_load_at_the_same_time_download_once(stand_in, mirror):
    mirror.answers["/mnist.npz"] = npz_bytes(stand_in)
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(lambda _: datasets.load(mirrors=[mirror.npz]), range(4)))
    assert all(same(data, stand_in) for data in loaded)
    assert mirror.requests == ["/mnist.npz"]


@pytest.mark.slow
def test_processes_that_load_at_the_same_time_download_once(stand_in, mirror):
    mirror.answers["/mnist.npz"] = npz_bytes(stand_in)
    code = (
        "import sys; from trainer.data import datasets; datasets.MNIST_HASH = sys.argv[1];"
        "print(datasets.load(mirrors=[sys.argv[2]]).source)"
    )
    command = [sys.executable, "-c", code, datasets.MNIST_HASH, mirror.npz]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=TIMEOUT_SECONDS)[0].strip() for process in processes] == ["MNIST", "MNIST"]
    assert mirror.requests == ["/mnist.npz"]


def test_a_retry_that_waited_for_another_retry_downloads_nothing(mirror, monkeypatch):
    datasets.load(mirrors=[mirror.npz])
    waiting = threading.Barrier(3, timeout=TIMEOUT_SECONDS)
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


def test_loading_while_another_thread_draws_downloads_nothing(mirror):
    with ThreadPoolExecutor(1) as pool:
        meanwhile = []

        def load_meanwhile(done: int, total: int) -> None:
            if not meanwhile:
                meanwhile.append(pool.submit(datasets.load, mirrors=[mirror.npz]))

        data = datasets.load(mirrors=[mirror.npz], progress=load_meanwhile)
        assert meanwhile[0].result(60).hash == data.hash
    assert len(mirror.requests) == 1


# --- images and labels ----------------------------------------------------------------------------------------


def test_images_are_ink_from_0_to_1_with_their_labels(tmp_path):
    own = some_digits()
    (tmp_path / "ours.npz").write_bytes(npz_bytes(own))
    data = datasets.load(path=tmp_path / "ours.npz")

    images = data.images("train")
    assert images.dtype == np.float32 and images.shape == (30, 28, 28)
    assert np.array_equal(np.round(images * 255), own["x_train"]) and images.min() == 0 and images.max() == 1
    where = np.array([7, 3, 3])
    assert np.array_equal(data.images("test", where), data.images("test")[where])
    assert np.array_equal(data.labels("test", where), own["y_test"][where])
    assert data.images("test", slice(2, 5)).shape == (3, 28, 28)


# --- unusable files -------------------------------------------------------------------------------------------


def rejection(file: Path) -> str:
    before = snapshot(file)
    with pytest.raises(UserError) as caught:
        datasets.load(path=file, mirrors=[])
    sentence = str(caught.value)
    assert file.name in sentence and str(file.parent) not in sentence
    assert sentence.endswith(".") and "\n" not in sentence
    assert snapshot(file) == before
    return sentence


def test_a_missing_file_a_folder_and_a_pipe_are_rejected(tmp_path):
    assert "could not be opened (no such file or directory)" in rejection(tmp_path / "missing.npz")
    (tmp_path / "folder.npz").mkdir()
    assert "must be an npz file" in rejection(tmp_path / "folder.npz")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.npz")
        assert "must be an npz file" in rejection(tmp_path / "pipe.npz")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_read_permission_is_rejected(tmp_path):
    file = tmp_path / "secret.npz"
    file.write_bytes(npz_bytes(some_digits()))
    file.chmod(0)
    with pytest.raises(UserError, match=r"secret.npz could not be opened \(permission denied\)"):
        datasets.load(path=file)


def test_a_deleted_file_is_missed_even_if_it_was_loaded_before(tmp_path):
    file = tmp_path / "ours.npz"
    file.write_bytes(npz_bytes(some_digits()))
    datasets.load(path=file)
    file.unlink()
    rejection(file)


def test_an_unknown_data_set_is_rejected():
    with pytest.raises(UserError, match="must be one of mnist"):
        datasets.load("imagenet")
