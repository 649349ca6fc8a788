"""Trainings that continue from a network, with their owner's drawings among the digits."""

from dataclasses import replace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from harness.server import ROOT
from harness.waiting import TIMEOUT_SECONDS, wait_for
from trainer.config import presets
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Flatten, MaxPooling2D
from trainer.config.optimizers import SGD, Adam
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.drawing.collection import Collection
from trainer.networks import model, onnx_writer
from trainer.runs.owner import owner_hash
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped
from ui.markdown import literal

TINY = TrainingConfig(
    layers=(Conv2D(4, 5, 3), BatchNormalization(0.9), MaxPooling2D(2), Flatten(), Dense(16, "relu")),
    optimizer=Adam(),
    learning_rate=0.003,
    batch_size=20,
    epochs=2,
)


# --- on the Train page ----------------------------------------------------------------------------------------


@pytest.fixture
def visit(cluster, few_digits, runs_directory, monkeypatch):
    """Open Train by a link in a new session, as the visitor with a token."""
    monkeypatch.setenv("DIGITLAB_SCHEDULER", cluster.scheduler_address)
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    apps = []

    def come(token="me", **query):
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_SECONDS)
        app.session_state["owner"] = token
        apps.append(app)
        app.run()
        for name, value in query.items():
            app.query_params[name] = value
        app.switch_page("pages/train.py").run()
        assert not app.exception
        return app

    yield come
    apps[0].session_state.engine.close()
    st.cache_resource.clear()


def texts(app):
    return "\n".join(element.value for kind in (app.markdown, app.caption, app.warning) for element in kind)


def draw_some(app, mine, number=3):
    for image in mine.images[:number]:
        app.session_state.engine.collection("me").add(image, 7, 1)
    app.run()


def test_a_link_to_the_ready_made_network_opens_settings_for_fine_tuning(visit):
    app = visit(parent="shipped")
    assert f"Continues from **{literal(shipped.NAME)}**" in texts(app) and "without drawings of yours" in texts(app)
    draft = app.session_state.draft
    assert draft.form[0] == shipped.CONFIG.layers and draft.settings["epochs"] == 3
    assert "config" in app.query_params and not draft.undo_stack


def test_own_drawings_are_trained_on_and_others_see_only_their_number(visit, mine):
    visit()
    Collection(visit().session_state.engine.collection("me").path.parent).add(mine.images[0], 7, 1)
    app = visit(parent="shipped")
    assert "with **your 1 drawing**, repeated to make 1,000 digits per epoch" in texts(app)
    app.session_state["more"] = True
    app.run()
    key = app.session_state.draft.key
    app.number_input(key=f"{key}.epochs").set_value(1)
    app.number_input(key=f"{key}.training_examples").set_value(100)
    app.number_input(key=f"{key}.own_examples").set_value(100).run()
    app.button(key="train").click().run()
    run = app.session_state.engine.runs.get("".join(app.query_params["run"]))
    assert run.read().parent == "shipped"
    wait_for(lambda: run.state.ended)
    app.run()
    assert not app.exception and f"It continued from {literal(shipped.NAME)}." in texts(app)
    assert "Your drawings in this training: " in texts(app)
    other = visit("somebody else", run=run.id)
    assert "Its owner's drawings in this training: " in texts(other)


def test_other_layers_are_a_new_network_and_the_old_ones_can_be_restored(visit):
    app = visit(parent="shipped")
    app.menu_button(key="add_layer").click("Dense").run()
    assert "a new network" in texts(app) and "Continues from" not in texts(app)
    app.button(key="parent.back").click().run()
    assert not app.exception and f"Continues from **{literal(shipped.NAME)}**" in texts(app)


def test_a_new_network_can_be_trained_instead(visit):
    app = visit(parent="shipped")
    app.button(key="parent.leave").click().run()
    assert not app.exception and "parent" not in app.query_params and literal(shipped.NAME) not in texts(app)
    assert app.session_state.draft.settings["epochs"] == shipped.CONFIG.epochs


@pytest.mark.parametrize("asked", ["20260101-000000-abcdef", "../../etc", ""])
def test_an_unknown_parent_gives_a_warning(visit, asked):
    app = visit(parent=asked)
    assert "The network to continue from must exist" in texts(app)
    assert app.session_state.draft.form[0] == PRESETS["tutorial_a"].config.layers


def test_an_edit_survives_while_the_url_names_a_parent(visit):
    app = visit(parent="shipped")
    app.number_input(key=f"{app.session_state.draft.key}.epochs").set_value(9).run()
    assert app.session_state.draft.settings["epochs"] == 9
    again = visit(parent="shipped", config="".join(app.query_params["config"]))  # a reload
    assert again.session_state.draft.settings["epochs"] == 9 and f"Continues from **{literal(shipped.NAME)}**" in texts(
        again
    )


@pytest.fixture
def finished(runs_directory):
    run = RunStore(runs_directory).create(TINY, owner_hash("somebody else"))
    run.network_file.write_bytes(onnx_writer.to_onnx(model.weights(model.build(TINY)), TINY))
    run.update(phase="finished", test_accuracy=0.5)
    return run


def form(app):
    assert not app.exception
    layers, values = app.session_state.draft.form
    return TrainingConfig(layers, **values)


def test_a_finished_run_can_be_continued_with_the_same_settings(visit, finished):
    app = visit(run=finished.id)
    app.button(key="further").click().run()
    assert f"Continues from **{literal(finished.read().name)}**" in texts(app) and form(app) == TINY
    assert app.segmented_control(key="parent.how").value == "same" and app.segmented_control(key="parent.how").help
    app.button(key="train").click().run()
    new = app.session_state.engine.runs.get("".join(app.query_params["run"]))
    assert (new.read().parent, new.config, new.read().name) == (finished.id, TINY, f"{finished.read().name}, continued")
    assert new.id != finished.id and finished.state.phase == "finished"
    wait_for(lambda: new.state.ended)
    app.run()
    assert f"It continued from {literal(finished.read().name)}." in texts(app)


def test_optimizer_and_learning_rate_can_be_changed(visit, finished):
    app = visit(parent=finished.id)
    app.selectbox(key=f"{app.session_state.draft.key}.optimizer").set_value("SGD").run()
    app.number_input(key=f"{app.session_state.draft.key}.SGD.learning_rate").set_value(0.5).run()
    assert form(app) == replace(TINY, optimizer=SGD(), learning_rate=0.5)
    assert f"Continues from **{literal(finished.read().name)}**" in texts(app)
    assert app.segmented_control(key="parent.how").value is None
    app.button(key="train").click().run()
    new = app.session_state.engine.runs.get("".join(app.query_params["run"]))
    assert new.read().parent == finished.id and new.config.optimizer == SGD()
    wait_for(lambda: new.state.ended)


def test_the_choice_switches_between_the_same_settings_and_fine_tuning(visit, finished, mine):
    app = visit(parent=finished.id)
    draw_some(app, mine)
    how = app.segmented_control(key="parent.how")
    assert how.value == "same" and how.options[1] == "Fine-tune on my drawings"
    how.set_value("fine-tune").run()
    assert form(app) == presets.fine_tune(TINY, 3) and "with **your 3 drawings**" in texts(app)
    app.number_input(key=f"{app.session_state.draft.key}.epochs").set_value(9).run()
    assert app.segmented_control(key="parent.how").value is None
    app.segmented_control(key="parent.how").set_value("same").run()
    assert form(app) == TINY and app.segmented_control(key="parent.how").value == "same"
    app.button(key="undo").click().run()
    assert form(app).epochs == 9
    assert form(visit(parent=finished.id)) == presets.fine_tune(TINY, 3)  # drawings are there to be learned
