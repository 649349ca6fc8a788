"""The code panel: its downloads and notices, and that no code is written before it is opened."""

from dataclasses import replace
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from harness.waiting import TIMEOUT_SECONDS, wait_for
from trainer.config import dataset_info
from trainer.config.training import TrainingConfig
from trainer.data import datasets, synthetic
from trainer.drawing.collection import Collection
from trainer.runs.parent import repeat_drawings
from trainer.runs.store import RunStore
from trainer.sharing import keras_program
from ui.train import code

pytestmark = pytest.mark.slow  # runs the app

CONFIG = TrainingConfig()
MIXED = replace(CONFIG, own_examples=40)


def page():
    import streamlit as st

    from ui.train import code

    code.render(st.session_state.config, st.session_state.get("has_parent", False))


@pytest.fixture
def panel(few_digits, runs_directory, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    datasets.load()
    panel = AppTest.from_function(page, default_timeout=TIMEOUT_SECONDS)
    collection = Collection(runs_directory / "drawings")
    panel.session_state.engine = SimpleNamespace(runs=RunStore(runs_directory), collection=lambda owner: collection)
    panel.session_state.owner = "somebody"
    return panel


def open_panel(panel, config, **state):
    for name, value in {"config": config, "code": True, **state}.items():
        panel.session_state[name] = value
    panel.run()
    assert not panel.exception, panel.exception
    return panel


def buttons(panel):
    return [button.label for button in panel.get("download_button")]


def captions(panel):
    return "\n".join(caption.value for caption in panel.caption)


def test_no_code_is_written_before_the_panel_is_opened(panel):
    assert not open_panel(panel, CONFIG, code=False).code
    assert open_panel(panel, CONFIG).code[0].value == keras_program.script(CONFIG).rstrip()
    assert buttons(panel) == ["Script", "Notebook"]


def test_the_code_follows_the_configuration(panel):
    open_panel(panel, CONFIG)
    open_panel(panel, replace(CONFIG, epochs=7))
    assert "epochs=7" in panel.code[0].value


def test_notices_tell_where_the_program_differs_from_a_training_here(panel, few_digits):
    open_panel(panel, CONFIG, has_parent=True)
    assert "the program starts from scratch" in captions(panel)
    assert "the program, from MNIST" in captions(panel)


def test_own_drawings_can_be_downloaded_once_there_are_some(panel):
    panel.session_state.engine.collection("somebody").add(np.eye(28, dtype=np.float32), 4)
    open_panel(panel, MIXED)
    assert "My drawings" in buttons(panel)


def test_the_file_of_own_drawings_holds_what_a_training_learns_from(panel):
    collection = panel.session_state.engine.collection("somebody")
    collection.add(np.eye(28, dtype=np.float32), 4)
    file = np.load(BytesIO(code._own_drawings(collection.drawings, MIXED)))
    learned, labels = repeat_drawings(collection.drawings, MIXED.own_examples, MIXED.seed)
    assert file["images"].dtype == np.uint8
    assert np.array_equal(np.divide(file["images"], 255, dtype=np.float32), learned)
    assert np.array_equal(file["labels"], labels)


def test_an_uploaded_data_set_can_be_downloaded_beside_the_program(panel, few_digits):
    name = panel.session_state.engine.runs.uploads.save(few_digits.read_bytes(), "mine.npz")
    datasets.load(name, panel.session_state.engine.runs.uploads.path(name))
    open_panel(panel, replace(CONFIG, dataset=name))
    assert "Data" in buttons(panel) and f'np.load("{name}.npz")' in panel.code[0].value


def test_pen_digits_are_drawn_on_request_and_can_then_be_downloaded(panel, monkeypatch):
    config = replace(CONFIG, synthetic_examples=20)
    monkeypatch.setattr(synthetic, "COUNTS", (30, 10))
    open_panel(panel, config)
    assert "Pen digits" not in buttons(panel) and "draw its digits first" in captions(panel)
    panel.button(key="code.draw").click().run()
    wait_for(lambda: synthetic.extra_digits_cached(20))
    open_panel(panel, config)
    assert "Pen digits" in buttons(panel) and "draw its digits first" not in captions(panel)
    assert np.load(BytesIO(code._pen_digits(20)))["images"].shape == (20, 28, 28)


def test_missing_drawings_link_to_draw(app):
    app.run()
    for name, value in {"config": MIXED.to_link(), "code": "1"}.items():
        app.query_params[name] = value
    app.switch_page("pages/train.py").run()
    assert not app.exception and "there are none yet" in captions(app)
    assert "Draw" in [link.proto.label for link in app.get("page_link")]
    assert "code" not in app.query_params


def test_a_missing_data_set_links_to_data(app):
    app.run()
    missing = dataset_info.upload_name((28, 28), "0123456789abcdef")
    for name, value in {"config": replace(CONFIG, dataset=missing).to_link(), "code": "1"}.items():
        app.query_params[name] = value
    app.switch_page("pages/train.py").run()
    assert not app.exception and "can be downloaded once the data set is loaded" in captions(app)
    assert "Data" in [link.proto.label for link in app.get("page_link")]
