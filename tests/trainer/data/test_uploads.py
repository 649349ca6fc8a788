"""Uploaded data sets: checked, saved and trained on, in color as well."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.layers import Conv2D, Dense, MaxPooling2D
from trainer.config.optimizers import Adam
from trainer.config.shares import Share
from trainer.config.training import TrainingConfig
from trainer.data import datasets
from trainer.data.uploads import Uploads
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


def small(seed):
    return npz(**arrays(8, 8, train=10, test=10, seed=seed))


def test_a_visitor_has_a_share_of_the_data_sets(uploads, monkeypatch):
    monkeypatch.setattr("trainer.data.uploads.DATASET_SHARE", Share(visitor=2, total=4))
    names = [uploads.save(small(seed), f"{seed}.npz", owner) for seed, owner in enumerate(["me", "me", "a"])]
    with pytest.raises(UserError, match=r"^You may have at most 2 data sets \(got one more\): delete one"):
        uploads.save(small(3), "3.npz", "me")
    uploads.delete(names[0], "me")
    uploads.save(small(3), "3.npz", "me")
    uploads.save(small(4), "4.npz", "b")
    with pytest.raises(UserError, match=r"^All visitors together may have at most 4 data sets"):
        uploads.save(small(5), "5.npz", "c")
    assert uploads.save(small(4), "again.npz", "c")  # it is here already


def test_the_visitors_of_an_address_have_a_larger_share(uploads, monkeypatch):
    monkeypatch.setattr("trainer.data.uploads.DATASET_SHARE", Share(visitor=1, total=5))
    for seed in range(4):
        uploads.save(small(seed), "x.npz", f"visitor {seed}", "192.0.2.1")
    with pytest.raises(UserError, match=r"^The visitors of one network address may have at most 4 data sets"):
        uploads.save(small(4), "x.npz", "another", "192.0.2.1")
    uploads.save(small(4), "x.npz", "another", "192.0.2.2")


def test_the_bytes_of_data_sets_are_limited(uploads, monkeypatch):
    size = len(small(0))
    monkeypatch.setattr("trainer.data.uploads.DATASET_BYTES", Share(visitor=int(1.5 * size), total=int(2.5 * size)))
    uploads.save(small(0), "0.npz", "me")
    with pytest.raises(UserError, match=r"^Your data sets may have at most \d+ MB together"):
        uploads.save(small(1), "1.npz", "me")
    uploads.save(small(1), "1.npz", "a")
    with pytest.raises(UserError, match=r"^All visitors' data sets may have"):
        uploads.save(small(2), "2.npz", "b")


def test_twelve_uploads_at_once_keep_twelve_titles(uploads):
    with ThreadPoolExecutor(12) as pool:
        names = [
            *pool.map(
                lambda seed: Uploads(uploads.folder.parent).save(small(seed), f"{seed}.npz", f"{seed}"), range(12)
            )
        ]
    assert uploads.titles() == {name: f"{seed}.npz" for seed, name in enumerate(names)}


def test_a_data_set_stays_its_first_uploaders(uploads):
    name = uploads.save(small(0), "mine.npz", "me")
    assert uploads.save(small(0), "stolen.npz", "somebody else") == name
    assert uploads.titles() == {name: "mine.npz"}
    assert uploads.is_owner(name, "me") and not uploads.is_owner(name, "somebody else")
    with pytest.raises(UserError, match=r"^Only its owner can delete a data set"):
        uploads.delete(name, "somebody else")
    uploads.delete(name, "me")
    assert uploads.path(name) is None and uploads.titles() == {}
    with pytest.raises(UserError, match="no longer exists: upload it again"):
        datasets.load(name, uploads.path(name))
    assert uploads.save(small(0), "theirs.npz", "somebody else") == name
    assert uploads.titles() == {name: "theirs.npz"}


def test_nobody_owns_a_data_set_of_an_earlier_version_or_without_an_owner(uploads):
    name = uploads.save(small(0), "mine.npz")
    (uploads.folder / "titles.json").write_text(json.dumps({name: "mine.npz"}))
    assert uploads.titles() == {name: "mine.npz"} and not uploads.is_owner(name, "")


def test_nothing_is_written_through_a_link_in_place_of_the_lock(uploads, tmp_path):
    (tmp_path / "precious").write_text("data")
    uploads.folder.mkdir(parents=True)
    (uploads.folder / ".lock").symlink_to(tmp_path / "precious")
    with pytest.raises(UserError, match="must be writable"):
        uploads.save(small(0), "mine.npz")
    assert (tmp_path / "precious").read_text() == "data"


def test_what_nobody_uses_expires(uploads):
    names = [uploads.save(small(seed), f"{seed}.npz", "me") for seed in range(2)]
    index = uploads.folder / "titles.json"
    index.write_text(json.dumps({name: {"title": "x", "owner": "me", "used": 1e9} for name in names}))
    stamp = datasets.file_stamp(uploads.path(names[0]))  # this is a use, and changes no file's stamp
    assert datasets.file_stamp(uploads.path(names[0])) == stamp
    uploads.expire()
    assert [*uploads.titles()] == names[:1] and uploads.path(names[1]) is None
    index.write_text(json.dumps({names[0]: "a title of an earlier version"}))
    other = uploads.save(small(2), "2.npz", "me")
    index.write_text("{}")  # damaged
    uploads.expire()
    assert {*uploads.titles()} == {names[0], other} and uploads._index()[other].used > 1e9


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
