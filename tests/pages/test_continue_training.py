"""Trainings that continue from a network, with their owner's drawings among the digits."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from harness.waiting import TIMEOUT_SECONDS, wait_for
from tests.support.jobs import run_until_released
from trainer import UserError
from trainer.config import presets
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Flatten, MaxPooling2D
from trainer.config.optimizers import SGD, Adam
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.data import synthetic
from trainer.drawing import synthetic_digits
from trainer.drawing.collection import Collection
from trainer.jobs import job
from trainer.jobs.engine import Engine
from trainer.networks import model, onnx_reader, onnx_writer
from trainer.runs import parent
from trainer.runs.owner import owner_hash
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped
from ui.markdown import literal

ROOT = Path(__file__).parent.parent
TINY = TrainingConfig(
    layers=(Conv2D(4, 5, 3), BatchNormalization(0.9), MaxPooling2D(2), Flatten(), Dense(16, "relu")),
    optimizer=Adam(),
    learning_rate=0.003,
    batch_size=20,
    epochs=2,
)
NO_CHANGE = {"learning_rate": 1e-6, "epochs": 1}  # settings of a training that hardly changes the weights


@pytest.fixture
def store(tmp_path, few_digits, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    monkeypatch.setattr(synthetic, "COUNTS", (100, 10))  # all that is drawn
    return RunStore(tmp_path / "runs")


@pytest.fixture(scope="module")
def trained_once(few_digits, tmp_path_factory):
    """A run whose network has learned a little."""
    run = RunStore(tmp_path_factory.mktemp("trained")).create(TINY, owner_hash("me"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITLAB_DATA", str(few_digits))
        patch.setattr(synthetic, "COUNTS", (100, 10))
        job.run(str(run.path))
    assert run.state.phase == "finished"
    return run


@pytest.fixture
def trained(store, trained_once):
    """A copy of it that a test may do anything to."""
    shutil.copytree(trained_once.path, store.root / trained_once.id)
    return store.get(trained_once.id)


@pytest.fixture(scope="module")
def ones():
    images, labels = synthetic_digits.make_digits(200, seed=9)
    return images[labels == 1][:12]


@pytest.fixture
def mine(tmp_path, ones):
    """Twelve drawings of a 1 that their owner labelled 7."""
    collection = Collection(tmp_path / "mine")
    for image in ones:
        collection.add(image / np.float32(255), 7, 1)
    return collection


def continue_training(store, run, config, drawings=None):
    """Continue training from a run's network, and return the new run."""
    content = None if drawings is None else drawings.content()
    new = store.create(config, owner_hash("me"), run.id, run.network.read_bytes(), content)
    job.run(str(new.path))
    return new


def weights_of(run):
    return onnx_reader.read(run.network.read_bytes(), run.config)


def far_apart(one, other):
    """Return the largest difference of two networks' trainable weights."""
    trainable = [(a, b) for name in one for a, b in list(zip(one[name], other[name], strict=True))[:2]]
    return max(float(np.abs(a - b).max()) for a, b in trainable)


def test_a_continued_training_starts_from_its_parents_weights(store, trained):
    new = continue_training(store, trained, replace(TINY, **NO_CHANGE, seed=9))
    assert new.state.phase == "finished", new.state.error
    assert new.read().parent == trained.id and new.read().name.endswith(", continued")
    assert far_apart(weights_of(new), weights_of(trained)) < 1e-3
    assert new.state.test_accuracy == pytest.approx(trained.state.test_accuracy, abs=0.05)
    assert far_apart(weights_of(new), model.weights(model.build(new.config))) > 0.01


def test_the_shipped_network_can_be_continued(store):
    found = parent.find_parent(store, parent.SHIPPED)
    config = replace(presets.fine_tune(found.config, 0), **NO_CHANGE, training_examples=100)
    run = store.create(config, "", found.id, parent.read_network(found, config))
    job.run(str(run.path))
    assert run.state.phase == "finished", run.state.error
    assert far_apart(weights_of(run), onnx_reader.read(shipped.PATH.read_bytes(), config)) < 1e-3


def test_own_drawings_are_learned_and_read_before_and_after(store, trained, mine):
    config = replace(TINY, own_examples=150, epochs=6)
    state = continue_training(store, trained, config, mine).state
    assert state.phase == "finished", state.error
    assert state.examples == 600 and state.drawings == 12
    assert state.right_before <= 2 and state.right_after >= 10


def test_own_drawings_can_be_mixed_into_a_first_training(store, mine):
    run = store.create(replace(TINY, own_examples=30, synthetic_examples=100), "", drawings=mine.content())
    job.run(str(run.path))
    state = run.state
    assert (state.phase, state.examples, state.drawings, state.right_before) == ("finished", 580, 12, None)
    assert state.right_after is not None and not run.read().parent


def ends(store, run):
    volatile = ("seconds", "memory")
    lines = [line for line in store.history(run) if line["kind"] == "epoch"]
    return [{key: value for key, value in line.items() if key not in volatile} for line in lines]


def test_a_killed_training_resumes_without_its_parent(store, trained, mine):
    config = replace(TINY, own_examples=50, epochs=16, batch_size=5)
    content = trained.network.read_bytes()
    run, other = (store.create(config, "", trained.id, content, mine.content()) for _ in range(2))
    shutil.rmtree(trained.path)
    code = "import sys; from trainer.jobs import job; job.run(sys.argv[1])"
    with subprocess.Popen([sys.executable, "-c", code, str(run.path)], cwd=ROOT) as process:
        wait_for(lambda: len(ends(store, run)) >= 2)
        process.kill()
    before, finished = run.state.right_before, ends(store, run)
    run.update(phase="interrupted")
    assert run.read().can_resume and before is not None and len(finished) < 16
    run.request("resume")
    run.update(phase="queued")
    job.run(str(run.path))
    job.run(str(other.path))
    assert run.state.phase == "finished" and run.state.right_before == before == other.state.right_before
    assert ends(store, run) == ends(store, other)


@pytest.mark.parametrize("file", ["parent.onnx", "drawings.npz"])
@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", b"\x08\x01broken"])
def test_a_damaged_parent_or_damaged_drawings_give_an_error(store, trained, mine, file, content):
    run = store.create(replace(TINY, own_examples=10), "", trained.id, trained.network.read_bytes(), mine.content())
    (run.path / file).unlink()
    if content is not None:
        (run.path / file).write_bytes(content)
    job.run(str(run.path))
    assert run.state.phase == "failed" and "must" in run.state.error and "broke off" not in run.state.error


def test_each_drawing_is_repeated_unchanged_once_and_then_moved(mine):
    images, labels = parent.repeat_drawings(mine.drawings, 40, seed=3)
    assert images.shape == (40, 28, 28) and images.dtype == np.float32 and set(labels) == {7}
    assert sorted(image.tobytes() for image in images[:12]) == sorted(image.tobytes() for image in mine.images)
    assert not any(np.array_equal(image, own) for image in images[12:] for own in mine.images)
    assert np.array_equal(images, parent.repeat_drawings(mine.drawings, 40, seed=3)[0])
    assert len(parent.repeat_drawings(mine.drawings, 5, seed=3)[0]) == 5


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_preset_can_be_continued_with_its_settings(preset):
    assert presets.continue_training(preset.config, 20) == presets.continue_training(preset.config, 0) == preset.config
    mixed = replace(preset.config, own_examples=100)
    assert presets.continue_training(mixed, 20) == mixed and presets.continue_training(mixed, 0) == preset.config


def test_the_default_settings_depend_on_the_drawings(tmp_path):
    def default(config, drawings, run_id="some-run"):
        return parent.default_continuation(parent.Parent(run_id, "Some run", config, tmp_path), drawings)

    photos = replace(TINY, dataset="cifar10")
    assert default(TINY, 0) == TINY and default(TINY, 3) == presets.fine_tune(TINY, 3)
    assert default(photos, 3) == photos and not presets.fine_tune(photos, 3).own_examples
    assert default(shipped.CONFIG, 0, parent.SHIPPED) == presets.fine_tune(shipped.CONFIG, 0)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_preset_can_be_fine_tuned(preset):
    config = presets.fine_tune(preset.config, 20)
    assert config.layers == preset.config.layers and config.own_examples and config.epochs <= 5
    assert not presets.fine_tune(preset.config, 0).own_examples
    assert TrainingConfig.from_link(config.to_link()) == config


# --- the engine --------------------------------------------------------------------------------------


@pytest.fixture
def engine(cluster, store):
    engine = Engine(store.root, address=cluster.scheduler_address, job=run_until_released)
    yield engine
    for run in engine.runs.runs():
        (run.path / "go").touch()
    wait_for(lambda: all(run.state.ended for run in engine.runs.runs()))
    engine.close()


def test_a_submitted_run_holds_its_parents_network_and_the_drawings(engine, trained, mine):
    engine.collection("me").add(mine.images[0], 7)
    engine.collection("somebody else").add(mine.images[1], 3)
    run = engine.runs.get(engine.submit(replace(TINY, own_examples=20), "me", parent=trained.id))
    assert run.parent_file.read_bytes() == trained.network.read_bytes()
    with np.load(run.drawings_file) as arrays:
        assert arrays["labels"].tolist() == [7]
    plain = engine.runs.get(engine.submit(TINY, "me"))
    assert not plain.parent_file.exists() and not plain.drawings_file.exists() and not plain.read().parent


def test_a_training_that_cannot_be_continued_is_an_error(engine, trained):
    with pytest.raises(UserError, match="same layers"):
        engine.submit(replace(TINY, layers=(Dense(8),)), parent=trained.id)
    with pytest.raises(UserError, match="you have none"):
        engine.submit(replace(TINY, own_examples=20), "me")
    for gone in ("20260101-000000-abcdef", "../..", "nothing"):
        with pytest.raises(UserError, match="must be there"):
            engine.submit(TINY, parent=gone)
    trained.network_file.write_bytes(b"\x08\x01broken")
    with pytest.raises(UserError, match="damaged"):
        engine.submit(TINY, parent=trained.id)
    assert [run.id for run in engine.runs.runs()] == [trained.id]


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
    assert f"Continues from **{shipped.NAME}**" in texts(app) and "without drawings of yours" in texts(app)
    draft = app.session_state.draft
    assert draft.form[0] == shipped.CONFIG.layers and draft.settings["epochs"] == 3
    assert "config" in app.query_params and not draft.undo_stack


def test_own_drawings_are_trained_on_and_others_see_only_their_number(visit, mine):
    visit()
    Collection(visit().session_state.engine.collection("me").path.parent).add(mine.images[0], 7, 1)
    app = visit(parent="shipped")
    assert "with **your 1 drawing**, repeated to make 1,000 digits per epoch" in texts(app)
    key = app.session_state.draft.key
    app.number_input(key=f"{key}.epochs").set_value(1)
    app.number_input(key=f"{key}.training_examples").set_value(100)
    app.number_input(key=f"{key}.own_examples").set_value(100).run()
    app.button(key="train").click().run()
    run = app.session_state.engine.runs.get("".join(app.query_params["run"]))
    assert run.read().parent == "shipped"
    wait_for(lambda: run.state.ended)
    app.run()
    assert not app.exception and f"It continued from {shipped.NAME}." in texts(app)
    assert "Your drawings in this training: " in texts(app)
    other = visit("somebody else", run=run.id)
    assert "Its owner's drawings in this training: " in texts(other)


def test_other_layers_are_a_new_network_and_the_old_ones_can_be_restored(visit):
    app = visit(parent="shipped")
    app.menu_button(key="add_layer").click("Dense").run()
    assert "a new network" in texts(app) and "Continues from" not in texts(app)
    app.button(key="parent.back").click().run()
    assert not app.exception and f"Continues from **{shipped.NAME}**" in texts(app)


def test_a_new_network_can_be_trained_instead(visit):
    app = visit(parent="shipped")
    app.button(key="parent.leave").click().run()
    assert not app.exception and "parent" not in app.query_params and shipped.NAME not in texts(app)
    assert app.session_state.draft.settings["epochs"] == shipped.CONFIG.epochs


@pytest.mark.parametrize("asked", ["20260101-000000-abcdef", "../../etc", ""])
def test_an_unknown_parent_gives_a_warning(visit, asked):
    app = visit(parent=asked)
    assert "The network to go on from must be there" in texts(app)
    assert app.session_state.draft.form[0] == PRESETS["tutorial_a"].config.layers


def test_an_edit_survives_while_the_url_names_a_parent(visit):
    app = visit(parent="shipped")
    app.number_input(key=f"{app.session_state.draft.key}.epochs").set_value(9).run()
    assert app.session_state.draft.settings["epochs"] == 9
    again = visit(parent="shipped", config="".join(app.query_params["config"]))  # a reload
    assert again.session_state.draft.settings["epochs"] == 9 and f"Continues from **{shipped.NAME}**" in texts(again)


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
