"""The panel with the code, by itself: what it offers, and that nothing is written before it is opened."""

from dataclasses import replace
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from trainer import catalogue, datasets, program
from trainer.collection import Collection
from trainer.config import TrainingConfig
from trainer.runs import RunStore
from widgets import code

CONFIG = TrainingConfig()
MIXED = replace(CONFIG, own_examples=40)


def page():
    import streamlit as st

    from widgets import code

    code.show(st.session_state.config, st.session_state.get("goes_on", False))


@pytest.fixture
def app(few_digits, runs_directory, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    datasets.load()
    app = AppTest.from_function(page, default_timeout=60)
    collection = Collection(runs_directory / "drawings")
    app.session_state.engine = SimpleNamespace(runs=RunStore(runs_directory), collection=lambda owner: collection)
    app.session_state.owner = "somebody"
    return app


def opened(app, config, **state):
    for name, value in {"config": config, "code": True, **state}.items():
        app.session_state[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def buttons(app):
    return [button.label for button in app.get("download_button")]


def captions(app):
    return "\n".join(caption.value for caption in app.caption)


def test_nothing_is_written_before_it_is_opened(app):
    assert not opened(app, CONFIG, code=False).code
    assert opened(app, CONFIG).code[0].value == program.script(CONFIG).rstrip()
    assert buttons(app) == ["Script", "Notebook"]


def test_another_configuration_is_another_program(app):
    opened(app, CONFIG)
    opened(app, replace(CONFIG, epochs=7))
    assert "epochs=7" in app.code[0].value


def test_it_says_where_the_program_differs_from_what_happens_here(app, few_digits):
    opened(app, CONFIG, goes_on=True)
    assert "the program begins anew" in captions(app)
    assert "the program from MNIST" in captions(app)


def test_own_drawings_are_offered_once_there_are_some(app):
    opened(app, MIXED)
    assert "Own drawings" not in buttons(app) and "say on Draw what you meant" in captions(app)
    app.session_state.engine.collection("somebody").add(np.eye(28, dtype=np.float32), 4)
    opened(app, MIXED)
    assert "Own drawings" in buttons(app)


def test_the_file_of_own_drawings_holds_what_a_training_learns(app):
    collection = app.session_state.engine.collection("somebody")
    collection.add(np.eye(28, dtype=np.float32), 4)
    file = np.load(BytesIO(code._own_drawings(collection.drawings, MIXED)))
    learned, labels = code.repeated(collection.drawings, MIXED.own_examples, MIXED.seed)
    assert file["images"].dtype == np.uint8
    assert np.array_equal(np.divide(file["images"], 255, dtype=np.float32), learned)
    assert np.array_equal(file["labels"], labels)


def test_a_data_set_that_was_brought_is_offered_beside_the_program(app, few_digits):
    name = app.session_state.engine.runs.uploads.keep(few_digits.read_bytes(), "mine.npz")
    datasets.load(name, app.session_state.engine.runs.uploads.path(name))
    opened(app, replace(CONFIG, dataset=name))
    assert "Data" in buttons(app) and f'np.load("{name}.npz")' in app.code[0].value


def test_a_data_set_that_is_gone_is_missed_with_a_sentence(app):
    name = catalogue.own_name((28, 28), "0123456789abcdef")
    opened(app, replace(CONFIG, dataset=name))
    assert "look at it on Data" in captions(app)
