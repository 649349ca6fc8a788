"""Loading of data sets: the order of the sources, given files, and what is available."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.support.data_files import npz_bytes, same, snapshot, some_digits
from trainer import UserError
from trainer.data import datasets, fetch

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
    assert by_environment.hash == by_argument.hash != fetch.MNIST_HASH


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
    assert (data.source, data.note, data.hash) == ("MNIST", "", fetch.MNIST_HASH)
    assert data.x_train.shape == (60_000, 28, 28) and data.x_test.shape == (10_000, 28, 28)
    assert datasets.load(mirrors=[]).source == "MNIST"


def test_available_finds_only_what_was_loaded(tmp_path, stand_in, keras_cache):
    keras_cache.write_bytes(npz_bytes(stand_in))
    file = tmp_path / "ours.npz"
    file.write_bytes(npz_bytes(some_digits()))

    assert datasets.available() is None and datasets.available(path=file) is None
    assert not (tmp_path / "cache").exists()
    assert datasets.load().hash == datasets.available().hash
    assert datasets.load(path=file).hash == datasets.available(path=file).hash


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
