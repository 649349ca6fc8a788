"""What goes into a run's zip, and which of it comes back? The names, in one place, for who packs and who unpacks.

Each file can be had by itself, too. What is private stays here: the owner, their drawings, what they asked for, and
every path of this machine.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict

from trainer import UserError
from trainer.config.training import TrainingConfig
from trainer.data.datasets import Dataset
from trainer.networks import keras_file, onnx_metadata
from trainer.runs.run import Run, RunView
from trainer.sharing import keras_program, report
from trainer.storage.files import Record, read_bytes, read_object, records, regular

NEEDED = ("config.json", "model.onnx")  # of the run directory: without them nothing can be put back
KEPT = ("state.json", "meta.json", "history.jsonl", "digits.npz", "snapshots.npz")  # put back where they are there
DERIVED = (  # for other programs; whoever puts a run back never opens these
    "network.keras",
    "history.csv",
    "program.py",
    "notebook.ipynb",
    "report.html",
    "README.txt",
)
COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")  # of history.csv
_PATH = re.compile(r"(?:[A-Za-z]:\\|\\\\|(?<!\w)~?/)[^\s'\",;:)]+")  # on any system
_TIMES = 315_619_200, 4_102_444_800  # seconds since the epoch of the first and the last day that a zip may name here


def pack(run: Run, dataset: Dataset | None = None) -> bytes:
    """Return a run as a zip with all of NEEDED, and of KEPT and DERIVED what there is; the same run, the same bytes.

    The data set, where it is at hand, is for the report. Raises UserError where the run has no network, or its
    configuration is damaged.
    """
    view = run.read()
    found = {name: _make(view, name, dataset) for name in (*NEEDED, *KEPT, *DERIVED[:-1])}
    files = {name: content for name, content in found.items() if content is not None}
    files |= {DERIVED[-1]: readme(view, list(files)).encode()}
    packed = io.BytesIO()
    when = time.gmtime(_created(view))[:6]
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, when)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def make(run: Run, name: str, dataset: Dataset | None = None) -> bytes | None:
    """Return one file of a run's zip, or None where the run has no such file.

    Raises UserError where the run has no network, or its configuration is damaged.
    """
    return _make(run.read(), name, dataset)


def _make(view: RunView, name: str, dataset: Dataset | None) -> bytes | None:
    if name == "report.html":
        return report.page(view, dataset).encode()
    return _MAKERS[name](view)


def stem(view: RunView) -> str:
    """Return what the names of a run's files begin with on their way out: its own name, as plain text, and its time."""
    words = re.findall(r"[a-z0-9]+", view.name.lower())
    return "-".join(["-".join(words)[:40].strip("-") or "run", view.id[:13]])


# --- file by file ---------------------------------------------------------------------------------------------


def _config(view: RunView) -> TrainingConfig:
    config = view.config
    if config is None:
        raise UserError("A run's configuration must be what was asked (got a damaged config.json): choose another run.")
    return config


def configuration(view: RunView) -> bytes:
    """Return what was asked, as config.json has it."""
    asked = {"config": json.loads(_config(view).to_json()), "created": _created(view)}
    try:
        versions = read_object(view.run.path / "config.json").get("versions")
    except (OSError, ValueError):
        versions = None
    versions = versions if isinstance(versions, dict) else {}
    return _json(asked | {"versions": versions, "parent": view.parent, "group": view.group})


def network(view: RunView) -> bytes:
    """Return a run's ONNX file with its card (see `nameplate`), to which the run's results are added."""
    try:
        content = read_bytes(view.run.network_file)
    except OSError:
        raise UserError("A run must have a network to take home (got one without): train it first.") from None
    config, state = _config(view), view.state
    card = onnx_metadata.properties(config) | {"name": view.name, "trained": time.strftime("%Y-%m-%d", _day(view))}
    if state.data:
        card["data"] = state.data
    if state.test_accuracy is not None:
        card["test_accuracy"] = f"{state.test_accuracy:.4f}"
    if state.test_loss is not None:
        card["test_loss"] = f"{state.test_loss:.4f}"
    return onnx_metadata.write(content, card)


def _keras(view: RunView) -> bytes | None:
    found = keras_file.find(view.run.path / keras_file.FILE, view.run.network_file)
    return read_bytes(found) if found else None


def _state(view: RunView) -> bytes:
    """Write how a run stands, without its owner."""
    values = asdict(view.state)
    del values["owner"]
    values |= {name: _PATH.sub("…", values[name]) for name in ("error", "note", "data")}
    return _json(values | {"activity": ""})


def _label(view: RunView) -> bytes | None:
    return _json(asdict(view.label)) if regular(view.run.path / "meta.json") else None


def history(view: RunView) -> bytes:
    """Return history.csv: a row an epoch, by Keras's names; `seconds` are those since the training began."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for record in records(_content(view, "history.jsonl") or b""):
        if record.get("kind") == "epoch":
            rows.writerow([_cell(record, name) for name in COLUMNS])
    return text.getvalue().encode()


def _cell(record: Record, name: str) -> float | str:
    """Return a number, or nothing for what is none: a spreadsheet would compute what looks like a formula."""
    value = record.get(name)
    return value if type(value) in (int, float) and abs(value) < 1e300 else ""  # type: ignore[arg-type, return-value]


def readme(view: RunView, files: list[str]) -> str:
    """Say what is in the zip, and how to use it elsewhere."""
    config = _config(view)
    told = [f"{name}\n    {_MEANINGS[name]}" for name in files if name in _MEANINGS]
    needed = keras_program.files(config)
    if "program.py" in files and needed:
        told.append(f"The program and the notebook read {' and '.join(needed)}, which Digit Lab offers on Train: Code.")
    if view.parent:
        told.append("This network went on from another one; the program and the notebook begin anew.")
    return (
        "\n\n".join(
            [
                f"{view.name}\n\n{keras_program.heading(config)}. Made by {onnx_metadata.app()}.",
                *told,
                "Digit Lab takes this zip back: on Runs, Put a run back in.",
            ]
        )
        + "\n"
    )


_MEANINGS = {
    "config.json": "What was asked: the network and its training.",
    "model.onnx": "The network for ONNX Runtime. Its card is inside: input, range, how a drawing becomes an image, "
    "classes.\n    onnxruntime.InferenceSession('model.onnx').get_modelmeta().custom_metadata_map",
    "network.keras": "The network for Keras: keras.models.load_model('network.keras').predict(images)",
    "history.csv": "Each epoch's loss and accuracy, for a spreadsheet.",
    "program.py": "The same network and training as a Keras program.",
    "notebook.ipynb": "The same as a notebook, for Jupyter or Google Colab.",
    "report.html": "All that counts on a page: open it in a browser, print it.",
    "state.json": "How the training stood.",
    "meta.json": "Name and note.",
    "history.jsonl": "The curves, batch by batch.",
    "digits.npz": "The test images that each epoch read again.",
    "snapshots.npz": "The first layer's weights over the training.",
}

_MAKERS: dict[str, Callable[[RunView], bytes | None]] = {
    "config.json": configuration,
    "model.onnx": network,
    "state.json": _state,
    "meta.json": _label,
    "network.keras": _keras,
    "history.csv": history,
    "program.py": lambda view: keras_program.script(_config(view)).encode(),
    "notebook.ipynb": lambda view: keras_program.notebook(_config(view)).encode(),
    **{name: lambda view, name=name: _content(view, name) for name in ("history.jsonl", "digits.npz", "snapshots.npz")},  # type: ignore[misc]
}


# --- small things ---------------------------------------------------------------------------------------------


def _content(view: RunView, name: str) -> bytes | None:
    try:
        return read_bytes(view.run.path / name)
    except OSError:
        return None


def _json(values: Record) -> bytes:
    return (json.dumps(values, indent=1) + "\n").encode()


def _created(view: RunView) -> float:
    created = view.created
    return min(max(created, _TIMES[0]), _TIMES[1]) if math.isfinite(created) else _TIMES[0]


def _day(view: RunView) -> time.struct_time:
    return time.localtime(_created(view))
