"""The panel with the code, by itself: what it offers, and that nothing is written before it is opened."""

from dataclasses import replace
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from harness.waiting import PATIENCE, wait_for
from trainer.config import dataset_info
from trainer.config.training import TrainingConfig
from trainer.data import datasets
from trainer.drawing.collection import Collection
from trainer.runs.store import RunStore
from trainer.sharing import keras_program
from ui.train import code

CONFIG = TrainingConfig()
MIXED = replace(CONFIG, own_examples=40)


def page():
    import streamlit as st

    from ui.train import code

    code.show(st.session_state.config, st.session_state.get("goes_on", False))


@pytest.fixture
def panel(few_digits, runs_directory, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    datasets.load()
    panel = AppTest.from_function(page, default_timeout=PATIENCE)
    collection = Collection(runs_directory / "drawings")
    panel.session_state.engine = SimpleNamespace(runs=RunStore(runs_directory), collection=lambda owner: collection)
    panel.session_state.owner = "somebody"
    return panel


def opened(panel, config, **state):
    for name, value in {"config": config, "code": True, **state}.items():
        panel.session_state[name] = value
    panel.run()
    assert not panel.exception, panel.exception
    return panel


def buttons(panel):
    return [button.label for button in panel.get("download_button")]


def captions(panel):
    return "\n".join(caption.value for caption in panel.caption)


def test_nothing_is_written_before_it_is_opened(panel):
    assert not opened(panel, CONFIG, code=False).code
    assert opened(panel, CONFIG).code[0].value == keras_program.script(CONFIG).rstrip()
    assert buttons(panel) == ["Script", "Notebook"]


def test_another_configuration_is_another_program(panel):
    opened(panel, CONFIG)
    opened(panel, replace(CONFIG, epochs=7))
    assert "epochs=7" in panel.code[0].value


def test_it_says_where_the_program_differs_from_what_happens_here(panel, few_digits):
    opened(panel, CONFIG, goes_on=True)
    assert "the program begins anew" in captions(panel)
    assert "the program from MNIST" in captions(panel)


def test_own_drawings_are_offered_once_there_are_some(panel):
    panel.session_state.engine.collection("somebody").add(np.eye(28, dtype=np.float32), 4)
    opened(panel, MIXED)
    assert "Own drawings" in buttons(panel)


def test_the_file_of_own_drawings_holds_what_a_training_learns(panel):
    collection = panel.session_state.engine.collection("somebody")
    collection.add(np.eye(28, dtype=np.float32), 4)
    file = np.load(BytesIO(code._own_drawings(collection.drawings, MIXED)))
    learned, labels = code.repeated(collection.drawings, MIXED.own_examples, MIXED.seed)
    assert file["images"].dtype == np.uint8
    assert np.array_equal(np.divide(file["images"], 255, dtype=np.float32), learned)
    assert np.array_equal(file["labels"], labels)


def test_a_data_set_that_was_brought_is_offered_beside_the_program(panel, few_digits):
    name = panel.session_state.engine.runs.uploads.keep(few_digits.read_bytes(), "mine.npz")
    datasets.load(name, panel.session_state.engine.runs.uploads.path(name))
    opened(panel, replace(CONFIG, dataset=name))
    assert "Data" in buttons(panel) and f'np.load("{name}.npz")' in panel.code[0].value


def test_pen_digits_are_drawn_when_asked_for_and_then_offered(panel, monkeypatch):
    config = replace(CONFIG, synthetic_examples=20)
    monkeypatch.setattr(datasets, "SYNTHETIC", (30, 10))
    opened(panel, config)
    assert "Pen digits" not in buttons(panel) and "draw its digits first" in captions(panel)
    panel.button(key="code.draw").click().run()
    wait_for(lambda: datasets.synthetic_at_hand(20))
    opened(panel, config)
    assert "Pen digits" in buttons(panel) and "draw its digits first" not in captions(panel)
    assert np.load(BytesIO(code._pen_digits(20)))["images"].shape == (20, 28, 28)


def test_what_the_program_lacks_leads_to_where_it_is_had(app):
    app.run()
    for name, value in {"config": MIXED.to_link(), "code": "1"}.items():
        app.query_params[name] = value
    app.switch_page("pages/train.py").run()
    assert not app.exception and "there are none yet" in captions(app)
    assert "Draw" in [link.proto.label for link in app.get("page_link")]
    assert "code" not in app.query_params


def test_a_data_set_that_is_gone_leads_to_data(app):
    app.run()
    missing = dataset_info.own_name((28, 28), "0123456789abcdef")
    for name, value in {"config": replace(CONFIG, dataset=missing).to_link(), "code": "1"}.items():
        app.query_params[name] = value
    app.switch_page("pages/train.py").run()
    assert not app.exception and "is here once the data set was found" in captions(app)
    assert "Data" in [link.proto.label for link in app.get("page_link")]
