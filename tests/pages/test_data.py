"""The Data page, without a browser."""

import re
from io import BytesIO

import numpy as np
import pytest

from harness.waiting import wait_for
from tests.support.apps import open_page, texts
from trainer.config.dataset_info import DATASETS
from trainer.config.training import TrainingConfig
from trainer.data import datasets, statistics


def view(app, name):
    app.segmented_control(key="data_view").set_value(name).run()
    assert not app.exception and not app.error
    return app


def html(app):
    return "".join(element.body for element in app.html)


def image_input(app):
    return next(one for one in app.number_input if one.label == "Training image")


def npz_file(shape=(12, 10, 3), train=60, labels=10):
    chance, file = np.random.default_rng(0), BytesIO()
    x, y = chance.integers(0, 256, (train + 30, *shape), np.uint8), np.arange(train + 30) % labels
    np.savez(file, x_train=x[:train], y_train=y[:train], x_test=x[train:], y_test=y[train:])
    return file.getvalue()


def upload(app, content, name="mine.npz"):
    app.file_uploader[0].upload(name, content, "application/octet-stream").run()
    wait_for(lambda: "bring_task" not in app.session_state or app.session_state["bring_task"].done)
    return app.run()


def test_an_image_is_shown_with_its_label_as_a_number_and_one_hot(app):
    open_page(app, "data")
    assert not app.exception and not app.error
    labels = datasets.load().y_train
    at = image_input(app).value
    assert f"number <b>{labels[at]}</b>" in html(app)
    other = int(np.flatnonzero(labels != labels[at])[0])
    image_input(app).set_value(other).run()
    assert f"number <b>{labels[other]}</b>" in html(app)
    cells = re.findall(r'<td class="(?:one)?">(\d)</td>', html(app))
    assert cells == ["1" if place == labels[other] else "0" for place in range(10)]


def test_the_hundred_images_are_the_same_for_everybody_and_of_one_class_if_chosen(app):
    open_page(app, "data")
    labels = datasets.load().y_train
    assert image_input(app).value == statistics.sample(labels, 0)[0]
    app.button(key="another").click().run()
    assert image_input(app).value == statistics.sample(labels, 1)[0]
    app.selectbox(key="data_label").set_value(3).run()
    assert not app.exception and labels[image_input(app).value] == 3


def test_the_size_and_the_center_of_mass_are_shown_in_numbers(app):
    open_page(app, "data")
    app.toggle(key="data_boxed").set_value(True).run()
    said = re.search(r"ink is (\d+) pixels high and (\d+) wide.* is at row ([\d.]+), column ([\d.]+)\.", texts(app))
    image = datasets.load().x_train[image_input(app).value].astype(float)
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    assert [int(said[1]), int(said[2])] == [rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1]
    assert float(said[3]) == pytest.approx((image.sum(axis=1) @ np.arange(28)) / image.sum(), abs=0.06)


def test_array_shapes_class_counts_and_mean_images_are_shown(app):
    open_page(app, "data")
    view(app, "Whole data set")
    shapes = app.code[-1].value
    assert "x_train (500, 28, 28)" in shapes and "y_test  (100,)" in shapes and shapes.count("uint8") == 4
    counts = np.bincount(datasets.load().y_train, minlength=10)
    assert f"with {counts.max()}. Always answering {counts.argmax()}" in texts(app)
    assert html(app).count("The mean of") == 10


def test_the_split_is_drawn_to_scale(app):
    open_page(app, "data")
    view(app, "Split")
    assert "Validation: 50" in html(app) and "x_train[450] to [499]" in html(app)
    app.slider(key="data_split").set_value(25).run()
    assert "Validation: 125" in html(app) and "500 × (1 − 0.25) = 375" in texts(app)
    app.slider(key="data_split").set_value(0).run()
    assert not app.exception and "Validation: none" in html(app)


def test_the_map_states_the_variance_it_explains(app):
    open_page(app, "data")
    view(app, "Map")
    right, up, both = map(
        float, re.search(r"shows ([\d.]+) %.*vertical direction ([\d.]+) %, together (\d+) %", texts(app)).groups()
    )
    assert right >= up > 0 and both == pytest.approx(right + up, abs=0.6)


def test_an_uploaded_data_set_is_selected_and_can_be_trained_on(app):
    open_page(app, "data")
    upload(app, npz_file())
    assert not app.exception and not app.error
    name = app.selectbox(key="data_set").value
    assert name.startswith("own-12x10x3-")
    wait_for(lambda: "60 training images and 30 test images" in texts(app.run()))
    (link,) = (one for one in app.get("page_link") if one.proto.label == "Train on it")
    config = re.search(r"config=([\w-]+)", str(link.proto)).group(1)
    assert TrainingConfig.from_link(config).dataset == name
    for part in ("Whole data set", "Split", "Map", "Single images"):
        view(app, part)
    app.segmented_control(key="data_color").set_value("green").run()
    assert not app.exception


def test_its_owner_alone_can_delete_an_uploaded_data_set(app):
    open_page(app, "data")
    upload(app, npz_file())
    name, mine = app.selectbox(key="data_set").value, app.session_state.owner
    app.session_state.owner = "another visitor's token"
    app.run()
    assert not [button for button in app.button if button.key == "bring.delete"]
    app.session_state.owner = mine
    app.run()
    app.button(key="bring.delete").click().run()
    assert not app.exception and app.selectbox(key="data_set").value == "mnist"
    assert name not in app.session_state.engine.runs.uploads.titles()


@pytest.mark.parametrize(
    "content, words",
    [(b"no npz at all", "npz file"), (npz_file(labels=12), "labels from 0 to 9"), (npz_file((4, 4)), "from 8 to 64")],
)
def test_an_invalid_file_is_refused(app, content, words):
    open_page(app, "data")
    upload(app, content)
    assert not app.exception and words in app.error[0].value
    assert app.selectbox(key="data_set").value == "mnist"


def test_a_link_selects_the_data_set(app):
    app.run()
    app.query_params["dataset"] = "no such"
    app.switch_page("pages/data.py").run()
    assert not app.exception and app.selectbox(key="data_set").value == "mnist"


def test_every_data_set_is_offered(app):
    open_page(app, "data")
    assert list(app.selectbox(key="data_set").options) == [entry.title for entry in DATASETS.values()]
