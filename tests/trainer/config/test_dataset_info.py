"""The table of data sets: each entry is complete, and known wherever a data set must be known."""

import pytest

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.dataset_info import DATASETS, SIDE_RANGE
from trainer.config.limits import CLASSES
from trainer.config.training import TrainingConfig
from trainer.networks import onnx_metadata
from trainer.sharing import keras_program


@pytest.mark.parametrize("name", DATASETS)
def test_a_data_set_is_complete_and_known_everywhere(name):
    """To add a data set: an entry in DATASETS. This test fails until its title, shape, classes and source are there.

    tests/pages/test_data.py looks for its title on the Data page.
    """
    entry = DATASETS[name]
    assert [other.title for other in DATASETS.values()].count(entry.title) == 1 and entry.title
    assert not entry.description[0].islower() and entry.description.endswith(".")
    assert all(SIDE_RANGE[0] <= side <= SIDE_RANGE[1] for side in entry.shape[:2]) and entry.shape[2:] in ((), (3,))
    assert len(entry.classes) == len(set(entry.classes)) == CLASSES and all(entry.classes)
    assert (entry.download is None) == (name == "synthetic"), "it is downloaded, or drawn by this app"
    if download := entry.download:
        forms = ("/", ".npz", ".tar.gz")  # what trainer/data/downloads.py reads
        assert download.urls and all(url.startswith("https://") and url.endswith(forms) for url in download.urls)
        assert 0 < download.size < download.max_size
        assert download.md5 or name == "mnist", "MNIST alone is recognized by its contents"
    config = TrainingConfig(dataset=name)
    assert config.table[0].input_shape == entry.shape
    assert entry.title in onnx_metadata.properties(config)["data"]
    program = keras_program.script(config)
    assert f"keras.datasets.{name}" in program if entry.in_keras else f"{name}.npz" in program


@pytest.mark.parametrize("name", ["imagenet", "", "own-28x28", "own-99x99-" + 16 * "0", 7, None])
def test_an_unknown_name_is_rejected(name):
    with pytest.raises(UserError, match="The data set must be one of mnist, "):
        dataset_info.info(name)


def test_an_uploaded_data_set_has_its_shape_in_its_name():
    entry = dataset_info.info(dataset_info.upload_name((20, 16, 3), 64 * "a"))
    assert entry.shape == (20, 16, 3) and entry.title == "Uploaded data" and not entry.is_digits
    assert entry.noun == "image" and DATASETS["mnist"].noun == "digit"


def test_a_class_is_named_with_its_article():
    assert [DATASETS["mnist"].with_article(label) for label in (7, 8)] == ["a 7", "an 8"]
    clothes = [DATASETS["fashion_mnist"].with_article(label) for label in (1, 3, 9)]
    assert clothes == [
        "trousers",
        "a dress",
        "an ankle boot",
    ]
