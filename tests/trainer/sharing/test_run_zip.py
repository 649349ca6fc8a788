"""A run's zip and each of its files: what is in it, what never is, and that it comes back in."""

import ast
import csv
import io
import json
import zipfile

import numpy as np
import onnx
import pytest

from tests.support.apps import TINY
from tests.support.python import run_python
from trainer import UserError
from trainer.config.training import TrainingConfig
from trainer.runs.owner import owner_hash
from trainer.runs.store import RunStore
from trainer.sharing import run_import, run_zip
from trainer.sharing.run_zip import COLUMNS, DERIVED, OPTIONAL, REQUIRED
from trainer.storage.files import json_line

EPOCH = {"kind": "epoch", "epoch": 1, "step": 5, "loss": 1.5, "accuracy": 0.5, "learning_rate": 0.1, "seconds": 0.2}
PRIVATE = ("drawings.npz", "parent.onnx", "readings.jsonl", "requests.jsonl", "checkpoint.npz", "evaluation.npz")


@pytest.fixture
def run(network_run):
    """A run with all that a training leaves."""
    for name in PRIVATE:
        (network_run.path / name).write_bytes(b"not to be seen")
    batch = {"kind": "batch", "epoch": 1, "step": 2, "loss": 2.0, "accuracy": 0.3, "learning_rate": 0.1, "seconds": 0.1}
    (network_run.path / "history.jsonl").write_bytes(json_line(batch) + json_line(EPOCH))
    np.savez(network_run.path / "digits.npz", images=np.zeros((2, 28, 28), np.uint8), labels=np.zeros(2, np.uint8))
    np.savez(network_run.path / "snapshots.npz", steps=np.array([0]), weights=np.zeros((1, 16, 28, 28), np.float16))
    network_run.describe(name="Größer & <b>better</b>/..", note="of mine")
    return network_run


def unpacked(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_zip_holds_what_there_is_and_nothing_private(run, tmp_path):
    error = f"Training broke off ([Errno 2] No such file: '{tmp_path}/x'): see C:\\Users\\me\\training.log."
    run.update(phase="failed", error=error)
    files = unpacked(run_zip.pack(run))
    assert set(files) == {*REQUIRED, *OPTIONAL, *DERIVED} - {"network.keras"}  # it was never made
    for name, content in files.items():
        for private in (owner_hash("somebody"), str(tmp_path), "not to be seen", "Users"):
            assert private.encode() not in content, (name, private)
    assert json.loads(files["state.json"])["error"].startswith("Training broke off ([Errno 2] No such file: '…')")
    assert json.loads(files["meta.json"]) == {"name": "Größer & <b>better</b>/..", "note": "of mine", "pinned": False}


def test_the_same_run_is_the_same_zip(run):
    assert run_zip.pack(run) == run_zip.pack(run)


def test_a_zip_comes_back_in_as_the_same_network(run, tmp_path):
    back = run_import.import_run(RunStore(tmp_path / "elsewhere"), run_zip.pack(run), owner_hash("another"))
    assert back.config == TINY and back.state.phase == "finished" and back.read().label.note == "of mine"
    assert run_zip.history(back.read()) == run_zip.history(run.read())
    again = unpacked(run_zip.pack(back))
    assert set(again) == {*REQUIRED, *OPTIONAL, *DERIVED} - {"network.keras"}


def test_each_file_is_of_its_kind(run):
    files = unpacked(run_zip.pack(run))
    asked = json.loads(files["config.json"])
    assert TrainingConfig.from_json(json.dumps(asked["config"])) == TINY
    ast.parse(files["program.py"])
    assert json.loads(files["notebook.ipynb"])["nbformat"] == 4
    rows = list(csv.DictReader(io.StringIO(files["history.csv"].decode(), newline="")))
    assert [{name: value for name, value in row.items() if value} for row in rows] == [
        {name: str(EPOCH[name]) for name in COLUMNS if name in EPOCH}
    ]
    card = {item.key: item.value for item in onnx.load_from_string(files["model.onnx"]).metadata_props}
    assert card["test_accuracy"] == "0.1234" and card["name"] == run.read().name and card["data"] == "MNIST"
    for name in set(files) - {"README.txt", "state.json", "meta.json"}:
        assert f"{name}\n" in files["README.txt"].decode()


def test_a_table_holds_numbers_and_no_formulas(run):
    (run.path / "history.jsonl").write_bytes(json_line(EPOCH | {"loss": "=1+1", "accuracy": True}) + b"{broken\n")
    rows = list(csv.DictReader(io.StringIO(run_zip.history(run.read()).decode())))
    assert len(rows) == 1 and rows[0]["loss"] == rows[0]["accuracy"] == "" and rows[0]["seconds"] == "0.2"


def test_names_of_files_are_plain(run):
    assert run_zip.file_stem(run.read()) == f"gr-er-b-better-b-{run.id[:13]}"
    run.describe(name="数字")
    assert run_zip.file_stem(run.read()) == f"run-{run.id[:13]}"


def test_a_run_without_a_network_has_nothing_to_pack(run):
    run.network_file.unlink()
    with pytest.raises(UserError, match="has no network to download"):
        run_zip.pack(run)
    run.network_file.write_bytes(b"\xff\xff\xff")
    with pytest.raises(UserError, match="damaged"):
        run_zip.pack(run)
    (run.path / "config.json").write_text("{}")
    with pytest.raises(UserError, match="damaged"):
        run_zip.pack(run)


def test_packing_imports_neither_keras_nor_onnx():
    forbidden = {"keras", "tensorflow", "onnx", "h5py"}
    code = f"import sys, trainer.sharing.run_zip; sys.exit(bool({forbidden} & sys.modules.keys()))"
    run_python(code)
