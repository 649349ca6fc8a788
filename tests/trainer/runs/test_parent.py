"""Parent of a continued training: its network, its default settings and repeated drawings."""

from dataclasses import replace

import numpy as np
import pytest

from trainer import UserError
from trainer.config import presets
from trainer.config.layers import Dense
from trainer.config.training import TrainingConfig
from trainer.drawing import synthetic_digits
from trainer.drawing.collection import Collection
from trainer.runs import parent
from trainer.runs.parent import SHIPPED, Parent, default_continuation, find_parent, read_network, repeat_drawings
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped

CONFIG = shipped.CONFIG


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def run(store):
    """A finished run with the ready-made network."""
    run = store.create(CONFIG, "somebody")
    run.network_file.write_bytes(shipped.PATH.read_bytes())
    run.update(phase="finished")
    run.describe(name="My network")
    return run


@pytest.fixture
def drawings(tmp_path):
    """Twelve drawings of a 1 that their owner labeled 7."""
    images, labels = synthetic_digits.make_digits(200, seed=9)
    collection = Collection(tmp_path / "mine")
    for image in images[labels == 1][:12]:
        collection.add(image / np.float32(255), 7, 1)
    return collection.drawings


def test_a_run_and_the_ready_made_network_can_be_parents(store, run):
    found = find_parent(store, run.id)
    assert found == Parent(run.id, "My network", CONFIG, run.network_file)
    assert read_network(found, replace(CONFIG, epochs=1)) == run.network_file.read_bytes()
    found = find_parent(store, SHIPPED)
    assert (found.name, found.config) == (shipped.NAME, CONFIG)
    assert read_network(found, CONFIG) == shipped.PATH.read_bytes()


@pytest.mark.parametrize("text", ["20260101-000000-abcdef", "../..", "nothing", ""])
def test_a_parent_must_exist(store, text):
    with pytest.raises(UserError, match=r"must exist \(got a link to a deleted or damaged one\)"):
        find_parent(store, text)
    assert parent.parent_name(store, text) == "a deleted network"


def test_a_run_without_a_network_or_with_a_damaged_config_is_no_parent(store, run):
    with pytest.raises(UserError, match="must exist"):
        find_parent(store, store.create(CONFIG, "").id)
    assert parent.parent_name(store, run.id) == "My network"
    (run.path / "config.json").write_text("{")
    with pytest.raises(UserError, match="must exist"):
        find_parent(store, run.id)


def test_a_continued_training_needs_the_same_layers_and_data_set(store, run):
    found = find_parent(store, run.id)
    for config in (replace(CONFIG, layers=(Dense(8),)), replace(CONFIG, dataset="fashion_mnist", synthetic_examples=0)):
        with pytest.raises(UserError, match="the same layers and data set"):
            read_network(found, config)


def test_a_damaged_or_missing_network_is_a_user_error(store, run):
    found = find_parent(store, run.id)
    run.network_file.write_bytes(b"\x08\x01broken")
    with pytest.raises(UserError):
        read_network(found, CONFIG)
    run.network_file.unlink()
    with pytest.raises(UserError, match="must be readable"):
        read_network(found, CONFIG)


def test_the_default_settings_depend_on_the_drawings(tmp_path):
    def default(config, drawings, run_id="some-run"):
        return default_continuation(Parent(run_id, "Some run", config, tmp_path), drawings)

    digits = TrainingConfig(layers=(Dense(16),))
    photos = replace(digits, dataset="cifar10")
    assert default(digits, 0) == digits and default(digits, 3) == presets.fine_tune(digits, 3)
    assert default(photos, 3) == photos and not presets.fine_tune(photos, 3).own_examples
    assert default(shipped.CONFIG, 0, SHIPPED) == presets.fine_tune(shipped.CONFIG, 0)


def test_each_drawing_is_repeated_unchanged_once_and_then_augmented(drawings):
    images, labels = repeat_drawings(drawings, 40, seed=3)
    originals = [image.tobytes() for image in np.divide(drawings.images, 255, dtype=np.float32)]
    assert images.shape == (40, 28, 28) and images.dtype == np.float32 and set(labels) == {7}
    assert sorted(image.tobytes() for image in images[:12]) == sorted(originals)
    assert not any(image.tobytes() in originals for image in images[12:])
    assert np.array_equal(images, repeat_drawings(drawings, 40, seed=3)[0])
    assert len(repeat_drawings(drawings, 5, seed=3)[0]) == 5
