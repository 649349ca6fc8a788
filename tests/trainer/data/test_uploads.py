"""Uploaded data sets: checked, saved and trained on, in color as well."""

import json
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.layers import Conv2D, Dense, MaxPooling2D
from trainer.config.optimizers import Adam
from trainer.config.training import TrainingConfig
from trainer.data import datasets
from trainer.data.uploads import MAX_UPLOADS, Uploads
from trainer.jobs import job
from trainer.networks.inference import Network
from trainer.runs.store import RunStore


def arrays(*shape, seed=0, train=60, test=20, columns=False):
    """Images whose brightness is their label, which can be learned in an epoch or two."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 10, train + test).astype(np.uint8)
    x = (20 * y.reshape(-1, *[1] * len(shape)) + rng.integers(0, 20, (train + test, *shape))).astype(np.uint8)
    y = y.reshape(-1, 1) if columns else y
    return {"x_train": x[:train], "y_train": y[:train], "x_test": x[train:], "y_test": y[train:]}


def npz(**content):
    stream = BytesIO()
    np.savez_compressed(stream, **content)
    return stream.getvalue()


@pytest.fixture
def uploads(tmp_path):
    return Uploads(tmp_path / "runs")


@pytest.mark.parametrize("shape", [(28, 28), (32, 32, 3), (8, 8), (64, 40)], ids=str)
def test_an_upload_is_named_by_its_contents_and_loads_like_any_data_set(uploads, shape):
    content = arrays(*shape, columns=True)
    name = uploads.save(npz(**content), "my <b>photos</b>.npz")
    assert dataset_info.info(name).shape == shape
    assert uploads.titles() == {name: "my <b>photos</b>.npz"}
    assert uploads.save(npz(**content), "again.npz") == name and len(uploads.titles()) == 1
    data = datasets.load(name, uploads.path(name))
    assert np.array_equal(data.x_train, content["x_train"]) and data.x_test.shape == (20, *shape)
    assert np.array_equal(data.y_test, content["y_test"].ravel())
    assert datasets.available(name, uploads.path(name)).hash == data.hash


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"x_train": np.zeros((60, 784), np.uint8)}, "x_train in mine.npz must be uint8 images of shape (n, height"),
        ({"x_train": np.zeros((60, 28, 28, 4), np.uint8)}, "or (n, height, width, 3) in color"),
        ({"x_train": np.zeros((60, 4, 4), np.uint8)}, "with sides from 8 to 64 pixels (got uint8 of shape (60, 4, 4))"),
        ({"x_train": np.zeros((60, 28, 28))}, "(got float64 of shape (60, 28, 28))"),
        ({"x_test": np.zeros((20, 32, 32), np.uint8)}, "must hold images of one shape (got (28, 28) and (32, 32))"),
        ({"y_train": np.full(60, 10)}, "must hold labels from 0 to 9 (got 10 to 10)"),
        ({"y_train": np.array([{}] * 60)}, "(got Python objects, which are never unpickled)"),
        ({"y_test": np.zeros(3, np.uint8)}, "must be equally long (got 20 images and 3 labels)"),
    ],
)
def test_a_faulty_file_is_rejected_and_nothing_is_saved(uploads, changed, sentence):
    with pytest.raises(UserError) as caught:
        uploads.save(npz(**(arrays(28, 28) | changed)), "mine.npz")
    assert sentence in str(caught.value)
    assert not uploads.titles() and not uploads.folder.exists()


@pytest.mark.parametrize("name", ["mnist2", "../mnist", "own-28x28-../../../etc", "own-99x99-" + 16 * "0", 7, None])
def test_a_name_cannot_be_a_path(uploads, name):
    with pytest.raises(UserError, match="The data set must be one of"):
        uploads.path(name)


def test_a_missing_upload_raises_a_sentence(uploads):
    name = uploads.save(npz(**arrays(28, 28)), "mine.npz")
    uploads.path(name).unlink()
    assert uploads.path(name) is None and not uploads.titles()
    with pytest.raises(UserError, match="no longer exists: upload it again"):
        datasets.load(name, uploads.path(name))


def test_a_damaged_list_of_titles_is_harmless(uploads):
    name = uploads.save(npz(**arrays(28, 28)), "mine.npz")
    for text in ("[]", "{", json.dumps({name: 7, "../x": "y"})):
        (uploads.folder / "titles.json").write_text(text)
        assert uploads.titles() == {}
        assert uploads.path(name).is_file()


def test_the_number_of_uploads_is_limited(uploads):
    uploads.save(npz(**arrays(28, 28)), "mine.npz")
    titles = {dataset_info.upload_name((28, 28), f"{place:016x}"): "x" for place in range(MAX_UPLOADS)}
    for name in titles:
        (uploads.folder / f"{name}.npz").touch()
    (uploads.folder / "titles.json").write_text(json.dumps(titles))
    with pytest.raises(UserError, match=f"At most {MAX_UPLOADS} data sets"):
        uploads.save(npz(**arrays(28, 28, seed=1)), "one_more.npz")


@pytest.mark.slow
@pytest.mark.parametrize(
    "config",
    [
        TrainingConfig(layers=(Dense(16, "relu"),)),
        TrainingConfig(layers=(Conv2D(4, 3, strides=2), MaxPooling2D(2)), shift=1.0, rotation=5.0, zoom=0.1),
    ],
    ids=["dense", "convolution, augmented"],
)
@pytest.mark.parametrize("shape", [(32, 32, 3), (12, 10)], ids=str)
def test_a_network_learns_uploaded_data(tmp_path, config, shape):
    store = RunStore(tmp_path / "runs")
    name = store.uploads.save(npz(**arrays(*shape, train=300, test=100)), "photos.npz")
    config = replace(config, dataset=name, epochs=3, batch_size=20, optimizer=Adam(), learning_rate=0.01)
    run = store.create(config, "")
    job.run(str(run.path))
    state = run.state
    assert state.phase == "finished", state.error
    assert run.digits()[0].shape == (16, *shape)
    images = datasets.load(name, store.uploads.path(name)).images("test")
    probabilities = Network(run.network).probabilities(images)
    labels = datasets.load(name, store.uploads.path(name)).y_test
    assert (probabilities.argmax(axis=1) == labels).mean() == pytest.approx(state.test_accuracy, abs=0.011)


def test_extra_digits_need_a_data_set_of_digits():
    with pytest.raises(UserError, match="unless the data set holds digits of 28 × 28 pixels"):
        TrainingConfig(dataset="cifar10", synthetic_examples=100)
    assert TrainingConfig(dataset="synthetic", synthetic_examples=100).dataset == "synthetic"
