"""Export of a run as a zip, or file by file, and the names of these files.

Private data stays out: the owner, their drawings, their requests, and all paths of this machine.
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
from trainer.storage.files import Record, is_regular_file, parse_lines, read_bytes, read_object

REQUIRED = ("config.json", "model.onnx")  # files of the run directory that an import needs
OPTIONAL = (
    "state.json",
    "meta.json",
    "history.jsonl",
    "digits.npz",
    "snapshots.npz",
)  # taken if present
DERIVED = (  # for other programs; an import never opens them
    "network.keras",
    "history.csv",
    "program.py",
    "notebook.ipynb",
    "report.html",
    "README.txt",
)
COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")  # of history.csv
_PATH = re.compile(r"(?:[A-Za-z]:\\|\\\\|(?<!\w)~?/)[^\s'\",;:)]+")  # absolute paths of any system
_TIMES = 315_619_200, 4_102_444_800  # the earliest and latest allowed file dates, in seconds since the epoch


def pack(run: Run, dataset: Dataset | None = None) -> bytes:
    """Return a run as a zip with all REQUIRED files and the available OPTIONAL and DERIVED ones.

    The same run gives the same bytes. dataset: for the errors in the report, if available. Raises UserError if the run
    has no network or its configuration is damaged.
    """
    view = run.read()
    found = {name: _make(view, name, dataset) for name in (*REQUIRED, *OPTIONAL, *DERIVED[:-1])}
    files = {name: content for name, content in found.items() if content is not None}
    files |= {DERIVED[-1]: readme(view, list(files)).encode()}
    packed = io.BytesIO()
    when = time.gmtime(_safe_time(view.started))[:6]
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, when)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def make_file(run: Run, name: str, dataset: Dataset | None = None) -> bytes | None:
    """Return one file of a run's zip, or None if the run has no such file.

    Raises UserError if the run has no network or its configuration is damaged.
    """
    return _make(run.read(), name, dataset)


def _make(view: RunView, name: str, dataset: Dataset | None) -> bytes | None:
    if name == "report.html":
        return report.page(view, dataset).encode()
    return _MAKERS[name](view)


def file_stem(view: RunView) -> str:
    """Return the stem of a run's download names: its name in plain ASCII, and the start of its id."""
    words = re.findall(r"[a-z0-9]+", view.name.lower())
    return "-".join(["-".join(words)[:40].strip("-") or "run", view.id[:13]])


# --- file by file ---------------------------------------------------------------------------------------------


def _config(view: RunView) -> TrainingConfig:
    config = view.config
    if config is None:
        raise UserError("This run's configuration (config.json) is damaged: choose another run.")
    return config


def configuration(view: RunView) -> bytes:
    """Return config.json: the configuration, its dates, the versions and the parent."""
    asked = {"config": json.loads(_config(view).to_json()), "created": _safe_time(view.created)}
    if view.trained is not None:
        asked["trained"] = _safe_time(view.trained)
    try:
        versions = read_object(view.run.path / "config.json").get("versions")
    except (OSError, ValueError):
        versions = None
    versions = versions if isinstance(versions, dict) else {}
    return _json(asked | {"versions": versions, "parent": view.parent, "group": view.group})


def network(view: RunView) -> bytes:
    """Return the ONNX file with its metadata (see `onnx_metadata`) and the run's results."""
    try:
        content = read_bytes(view.run.network_file)
    except OSError:
        raise UserError("This run has no network to download: train it first.") from None
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
    found = keras_file.matching_file(view.run.path / keras_file.FILE, view.run.network_file)
    return read_bytes(found) if found else None


def _state(view: RunView) -> bytes:
    """Return state.json without the owner and without paths."""
    values = asdict(view.state)
    del values["owner"]
    values |= {name: _PATH.sub("…", values[name]) for name in ("error", "note", "data")}
    return _json(values | {"activity": ""})


def _label(view: RunView) -> bytes | None:
    return _json(asdict(view.label)) if is_regular_file(view.run.path / "meta.json") else None


def history(view: RunView) -> bytes:
    """Return history.csv: a row per epoch, with Keras's names; `seconds` counts from the start of the training."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for record in parse_lines(_content(view, "history.jsonl") or b""):
        if record.get("kind") == "epoch":
            rows.writerow([_cell(record, name) for name in COLUMNS])
    return text.getvalue().encode()


def _cell(record: Record, name: str) -> float | str:
    """Return a number, or "" for anything else, which a spreadsheet might evaluate as a formula."""
    value = record.get(name)
    return value if type(value) in (int, float) and abs(value) < 1e300 else ""  # type: ignore[arg-type, return-value]


def readme(view: RunView, files: list[str]) -> str:
    """Return README.txt: the files of the zip and how to use them."""
    config = _config(view)
    parts = [f"{name}\n    {_MEANINGS[name]}" for name in files if name in _MEANINGS]
    needed = keras_program.data_files(config)
    if "program.py" in files and needed:
        parts.append(
            f"The program and the notebook read {' and '.join(needed)}: download it from Digit Lab, on Train, Code."
        )
    if view.parent:
        parts.append(
            "This training continued from another network; the program and the notebook start with new weights."
        )
    return (
        "\n\n".join(
            [
                f"{view.name}\n\n{keras_program.heading(config)}. Made by {onnx_metadata.app_version()}.",
                *parts,
                "To import this zip into Digit Lab, choose Import run on the page Runs.",
            ]
        )
        + "\n"
    )


_MEANINGS = {
    "config.json": "The settings of the network and its training.",
    "model.onnx": "The network for ONNX Runtime. Its metadata describe the input, its range, how a drawing becomes an "
    "image, and the classes.\n    onnxruntime.InferenceSession('model.onnx').get_modelmeta().custom_metadata_map",
    "network.keras": "The network for Keras: keras.models.load_model('network.keras').predict(images)",
    "history.csv": "Loss and accuracy of each epoch, for a spreadsheet.",
    "program.py": "The same network and training as a Keras program.",
    "notebook.ipynb": "The same program as a notebook, for Jupyter or Google Colab.",
    "report.html": "A report on the run: open it in a browser, or print it.",
    "state.json": "The state and the results of the training.",
    "meta.json": "The name and the note of the run.",
    "history.jsonl": "Loss and accuracy over the batches.",
    "digits.npz": "The test images that were read after each epoch.",
    "snapshots.npz": "The weights of the first layer during training.",
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


# --- helpers ---------------------------------------------------------------------------------------------


def _content(view: RunView, name: str) -> bytes | None:
    try:
        return read_bytes(view.run.path / name)
    except OSError:
        return None


def _json(values: Record) -> bytes:
    return (json.dumps(values, indent=1) + "\n").encode()


def _safe_time(seconds: float) -> float:
    return min(max(seconds, _TIMES[0]), _TIMES[1]) if math.isfinite(seconds) else _TIMES[0]


def _day(view: RunView) -> time.struct_time:
    return time.localtime(_safe_time(view.started))
