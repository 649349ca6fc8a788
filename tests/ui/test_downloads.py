"""Downloads of a run: each file opens in a fresh process without this project; and the section that offers them."""

import ast
import csv
import json
import shutil
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from harness.waiting import TIMEOUT_SECONDS, wait_for
from tests.support import fits
from trainer import UserError
from trainer.config.layers import Dense
from trainer.config.training import TrainingConfig
from trainer.data import datasets
from trainer.jobs import job
from trainer.networks import keras_converter, keras_file
from trainer.networks.inference import Network
from trainer.networks.onnx_reader import network_hash
from trainer.runs.store import RunStore
from trainer.sharing import run_zip
from ui import downloads

pytestmark = pytest.mark.slow  # trains with Keras and starts processes

ALONE = """
import importlib.util, json, sys
import numpy as np
assert importlib.util.find_spec("trainer") is None
images, predictions = np.load("images.npy"), {}
"""
KERAS = """
import keras
for name in json.loads(sys.argv[1]):
    network = keras.models.load_model(f"{name}.keras")
    assert {layer.dtype_policy.name for layer in network.layers} == {"float32"}
    predictions[name] = network.predict(images, verbose=0)
    assert predictions[name].dtype == np.float32
np.savez("keras.npz", **predictions)
"""
ONNX = """
import onnxruntime
cards = {}
for name in json.loads(sys.argv[1]):
    session = onnxruntime.InferenceSession(f"{name}.onnx")
    (image,) = session.get_inputs()
    assert image.name == "image" and image.shape[1:] == [28, 28] and image.type == "tensor(float)"
    (predictions[name],) = session.run(["probabilities"], {"image": images})
    cards[name] = session.get_modelmeta().custom_metadata_map
np.savez("onnx.npz", **predictions)
print(json.dumps(cards))
"""
DENSE = TrainingConfig(layers=(Dense(16, "relu"),), epochs=2, batch_size=20, learning_rate=0.1)
CONFIGS = {
    "dense": DENSE,
    "convolution": replace(fits.CONVOLUTION, epochs=1),
    "bfloat16": replace(fits.CONVOLUTION, epochs=1, dtype="mixed_bfloat16", loss="mean_squared_error", l2=0.001),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, few_digits):
    """A run of each config, trained as a worker does, and a copy whose .keras file was deleted and made again."""
    store = RunStore(tmp_path_factory.mktemp("trained"))
    runs = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITLAB_DATA", str(few_digits))
        for name, config in CONFIGS.items():
            runs[name] = store.create(config, "")
            job.run(str(runs[name].path))
            assert runs[name].state.phase == "finished", runs[name].state.error
            assert keras_file.matching_file(runs[name].path / keras_file.FILE, runs[name].network_file)
    shutil.copytree(runs["bfloat16"].path, store.root / "20260101-000000-abcdef")
    runs["remade"] = store.get("20260101-000000-abcdef")
    file = runs["remade"].path / keras_file.FILE
    file.unlink()
    keras_converter.convert(runs["remade"].network_file, CONFIGS["bfloat16"], file)
    return runs


@pytest.fixture(scope="module")
def unpacked(trained, tmp_path_factory, few_digits):
    """A folder with the files of each run's zip and the test images, and nothing else."""
    folder = tmp_path_factory.mktemp("home")
    for name, run in trained.items():
        with zipfile.ZipFile(BytesIO(run_zip.pack(run))) as archive:
            archive.extractall(folder / name)
        for file, suffix in (("network.keras", "keras"), ("model.onnx", "onnx")):
            (folder / f"{name}.{suffix}").write_bytes((folder / name / file).read_bytes())
    np.save(folder / "images.npy", datasets.load(path=few_digits).images("test"))
    return folder


def run_alone(folder, code, *arguments):
    """Run code in a fresh process without this project; return its output."""
    command = [sys.executable, "-I", "-c", ALONE + code, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("program", [KERAS, ONNX], ids=["keras", "onnx"])
def test_the_network_predicts_the_same_without_this_project(trained, unpacked, program):
    names = list(trained)
    printed = run_alone(unpacked, program, json.dumps(names))
    images = np.load(unpacked / "images.npy")
    predictions = np.load(unpacked / ("keras.npz" if program == KERAS else "onnx.npz"))
    for name, run in trained.items():
        np.testing.assert_allclose(predictions[name], Network(run.network).probabilities(images), rtol=0, atol=1e-5)
    if program == ONNX:
        for name, card in json.loads(printed).items():
            assert json.loads(card["classes"]) == list("0123456789")
            assert {"input", "range", "preprocessing", "data", "app"} <= card.keys()
            assert card["test_accuracy"] == f"{trained[name].state.test_accuracy:.4f}"


def test_the_other_files_open_without_this_project(trained, unpacked):
    for name, config in CONFIGS.items():
        folder = unpacked / name
        ast.parse((folder / "program.py").read_text())
        cells = json.loads((folder / "notebook.ipynb").read_text())["cells"]
        assert "keras" in "".join("".join(cell["source"]) for cell in cells)
        asked = json.loads((folder / "config.json").read_text())["config"]
        assert TrainingConfig.from_json(json.dumps(asked)) == config
        with (folder / "history.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [int(row["epoch"]) for row in rows] == list(range(1, config.epochs + 1))
        assert all(0 <= float(row[key]) <= 1.001 for row in rows for key in ("accuracy", "val_accuracy"))
        assert (folder / "report.html").read_text().startswith("<!doctype html>")


# --- the page -------------------------------------------------------------------------------------------------


def page():
    import streamlit as st

    from ui import downloads

    downloads.render(st.session_state.run)


@pytest.fixture
def app(network_run, few_digits, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    app = AppTest.from_function(page, default_timeout=TIMEOUT_SECONDS)
    app.session_state.engine = SimpleNamespace(runs=RunStore(network_run.path.parent))
    app.session_state.run = network_run
    yield app
    st.cache_resource.clear()


def buttons(app):
    assert not app.exception, app.exception
    return [button.label for button in app.get("download_button")]


def test_all_files_can_be_downloaded_and_the_keras_file_once_it_is_made(app, network_run, monkeypatch):
    go = threading.Event()

    def make(network, config, file):
        go.wait(TIMEOUT_SECONDS)
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("config.json", "")
            archive.writestr("model.weights.h5", "")
        keras_file.mark(file, network_hash(network))

    monkeypatch.setattr(downloads.keras_converter, "convert", make)
    app.run()
    others = ["ONNX (.onnx)", "History (.csv)", "Configuration (.json)", "Script (.py)", "Notebook (.ipynb)"]
    others += ["Report (.html)", "Everything (.zip)"]
    assert buttons(app) == others
    app.button(key="takehome.make").click().run()
    assert buttons(app) == others and not app.button
    go.set()
    wait_for(lambda: keras_file.matching_file(network_run.path / keras_file.FILE, network_run.network_file))
    assert buttons(app.run()) == ["Keras (.keras)", *others]


def test_a_keras_file_that_cannot_be_made_gives_an_error(app, monkeypatch):
    def make(network, config, file):
        raise UserError("It must be so (it was not): do that.")

    monkeypatch.setattr(downloads.keras_converter, "convert", make)
    app.run()
    app.button(key="takehome.make").click().run()
    wait_for(lambda: app.run().error)
    assert app.error[0].value == "It must be so (it was not): do that."
    assert app.button(key="takehome.make") and "ONNX (.onnx)" in buttons(app)


def test_a_live_run_and_one_without_a_network_have_no_downloads(app, network_run):
    network_run.update(phase="running")
    assert not buttons(app.run()) and "once the run has ended" in app.caption[0].value
    network_run.update(phase="failed")
    network_run.network_file.unlink()
    assert not buttons(app.run()) and "nothing to download" in app.caption[0].value
