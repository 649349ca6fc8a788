import io
import os
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.jobs import wait_for
from trainer import export, model, strokes
from trainer.config import PRESETS, TrainingConfig
from trainer.engine import owner_hash
from trainer.layers import Dense
from trainer.runs import RunStore, line

ROOT = Path(__file__).parent.parent
TINY = TrainingConfig(layers=(Dense(16, "relu"),), epochs=2, batch_size=20, learning_rate=0.1)


@pytest.fixture
def app(cluster, few_digits, runs_directory, monkeypatch):
    monkeypatch.setenv("DIGITLAB_SCHEDULER", cluster.scheduler_address)
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    yield app
    if "engine" in app.session_state:
        app.session_state.engine.close()
    st.cache_resource.clear()


@pytest.fixture
def network_run(runs_directory):
    """A run with a network that nobody has trained yet."""
    run = RunStore(runs_directory).create(TINY, owner_hash("somebody"))
    (run.path / "model.onnx").write_bytes(export.to_onnx(model.build(TINY), TINY))
    run.update(phase="finished", test_accuracy=0.1234, device="CPU", data="MNIST", seconds=3.0)
    return run


def texts(app):
    return "\n".join(element.value for kind in (app.markdown, app.caption, app.info, app.success) for element in kind)


def draw_page(app, run=None):
    app.run()
    if run:
        app.query_params["run"] = run.id
    return app.switch_page("pages/draw.py").run()


def put_on_canvas(app, rgba):
    png = io.BytesIO()
    Image.fromarray(rgba).save(png, "PNG")
    data_url = "data:image/png;base64," + b64encode(png.getvalue()).decode()
    key = "canvas"
    app.session_state[key] = {"drawing": {"raw": {"objects": []}, "data": data_url}}
    return app.run()


def test_a_newcomer_lands_on_train_with_tutorial_a(app):
    app.run()
    assert not app.exception and app.title[0].value == "Train a network"
    assert "**640,890 parameters**" in texts(app) and "Press Train" in texts(app)
    for name in ("flatten_1", "dense_2", "dense_3"):
        assert f"**{name}**" in texts(app)
    assert "| output | 10 | 330 |" in texts(app)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fills_the_form(app, name):
    app.run()
    app.button_group[0].set_value(name).run()
    config = PRESETS[name].config
    assert not app.exception and PRESETS[name].note in texts(app)
    assert app.number_input(key=f"{app.session_state.draft.key}.epochs").value == config.epochs
    assert tuple(layer for _, layer in app.session_state.draft.layers) == config.layers


def test_layers_are_added_edited_moved_and_removed(app):
    app.run()
    draft = app.session_state.draft
    app.button(key="add_layer").click().run()
    assert [type(layer).__name__ for _, layer in draft.layers] == ["Flatten", "Dense", "Dense", "Dense"]
    key = draft.layers[3][0]
    app.number_input(key=f"{key}.units").set_value(7).run()
    app.selectbox(key=f"{key}.activation").set_value("tanh").run()
    assert draft.layers[3] == (key, Dense(7, "tanh")) and "**dense_4**" in texts(app)
    app.button(key=f"{key}.arrow_upward").click().run()
    assert draft.layers[2] == (key, Dense(7, "tanh"))
    app.button(key=f"{key}.close").click().run()
    assert key not in [other for other, _ in draft.layers] and not app.exception


def test_a_network_that_cannot_work_is_a_sentence_and_cannot_be_trained(app):
    app.run()
    app.selectbox(key="new_layer").set_value("Conv2D").run()
    app.button(key="add_layer").click().run()
    assert "Conv2D" in app.error[0].value and "move Conv2D up or remove" in app.error[0].value
    assert app.button(key="train").disabled


def test_another_optimizer_brings_its_usual_learning_rate(app):
    app.run()
    key = app.session_state.draft.key
    app.selectbox(key=f"{key}.optimizer").set_value("Adam").run()
    assert app.number_input(key=f"{key}.Adam.learning_rate").value == 0.001


def test_train_starts_a_run_that_is_found_again_and_its_result_is_told(app):
    app.run()
    key = app.session_state.draft.key
    app.number_input(key=f"{key}.epochs").set_value(1).run()
    app.button(key="train").click().run()
    run = app.session_state.engine.runs.get("".join(app.query_params["run"]))
    assert run.config == replace(PRESETS["tutorial_a"].config, epochs=1)
    wait_for(lambda: run.state.ended)
    app.run()
    assert not app.exception and "of the test digits" in app.success[0].value and "few_digits.npz" in texts(app)
    assert app.button(key="draw").label == "Draw with it"


def test_a_strangers_run_can_be_watched_but_not_stopped(app, runs_directory):
    run = RunStore(runs_directory).create(TINY, owner_hash("somebody else"))
    run.update(phase="running", activity="training", steps=10, examples=100)
    record = {"kind": "batch", "epoch": 1, "step": 3, "loss": 2.0, "accuracy": 0.2, "seconds": 0.1}
    (run.path / "history.jsonl").write_bytes(line(record))
    app.query_params["run"] = run.id
    app.run()
    assert not app.exception and app.subheader[0].value == "16 relu"
    assert "stop" not in [button.key for button in app.button]


@pytest.mark.parametrize(
    "phase, shown", [("failed", "error"), ("interrupted", "warning"), ("stopped", "info"), ("finished", "success")]
)
def test_every_end_is_told(app, runs_directory, phase, shown):
    run = RunStore(runs_directory).create(TINY, "")
    run.update(phase=phase, error="It broke off: mend it.", test_accuracy=0.5 if shown in ("info", "success") else None)
    app.query_params["run"] = run.id
    app.run()
    assert not app.exception and getattr(app, shown)


def test_a_damaged_or_unknown_run_is_a_sentence(app, network_run):
    (network_run.path / "config.json").write_text("{")
    app.query_params["run"] = network_run.id
    app.run()
    assert not app.exception and "cannot be read" in app.warning[0].value
    app.query_params["run"] = "../../etc"
    app.run()
    assert not app.exception and "no longer here" in app.warning[0].value


def test_bad_data_is_said_on_the_page(app, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "nothing.npz"))
    app.run()

    def shown():  # by a new visitor: AppTest runs app.py only when it begins
        newcomer = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
        return "".join(error.value for error in newcomer.error)

    assert "nothing.npz could not be opened" in wait_for(shown)


def test_draw_without_a_network_shows_the_way_to_one(app):
    draw_page(app)
    assert not app.exception and "No network has been trained yet" in app.info[0].value


def test_blank_paper_shows_a_hint(app, network_run):
    draw_page(app, network_run)
    assert not app.exception and "Draw a digit on the black paper." in texts(app)


def test_a_drawing_is_answered(app, network_run):
    draw_page(app, network_run)
    canvas = strokes.draw(strokes.pen_strokes(3, np.random.default_rng(0)), size=300)
    put_on_canvas(app, canvas)
    assert not app.exception and ("Looks like" in texts(app) or "Could be" in texts(app))


@pytest.mark.parametrize("size", [(10, 10), (2000, 2000)])
def test_an_image_of_another_size_is_refused(app, network_run, size):
    draw_page(app, network_run)
    put_on_canvas(app, np.zeros((*size, 4), np.uint8))
    assert not app.exception and "300 x 300" in app.error[0].value


def test_paper_inked_all_over_is_a_sentence(app, network_run):
    draw_page(app, network_run)
    put_on_canvas(app, np.full((300, 300, 4), 255, np.uint8))
    assert not app.exception and "inked all over" in app.error[0].value


def test_clear_takes_a_clean_sheet(app, network_run):
    draw_page(app, network_run)
    put_on_canvas(app, strokes.draw(strokes.pen_strokes(3, np.random.default_rng(0)), size=300))
    app.button(key="clear").click().run()
    assert not app.exception and "Draw a digit on the black paper." in texts(app)


def test_a_damaged_network_is_a_sentence(app, network_run):
    (network_run.path / "model.onnx").write_bytes(b"\x08\x01broken")
    draw_page(app, network_run)
    put_on_canvas(app, strokes.draw(strokes.pen_strokes(3, np.random.default_rng(0)), size=300))
    assert not app.exception and app.error[0].value.endswith(".")


NO_KERAS = """
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=60).run()
for page in sorted(Path("pages").glob("*.py")):
    app.switch_page(str(page)).run()
    assert not app.exception, app.exception
app.session_state.engine.close()
print(sorted({"keras", "tensorflow", "jax"} & set(sys.modules)))
"""


def test_the_web_process_never_imports_keras(cluster, few_digits):
    environment = {**os.environ, "DIGITLAB_SCHEDULER": cluster.scheduler_address, "DIGITLAB_DATA": str(few_digits)}
    done = subprocess.run(
        [sys.executable, "-c", NO_KERAS], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr
