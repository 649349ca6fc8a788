"""Import of a run from its zip, as a new run that belongs to whoever uploads it.

Anybody may have made the zip. Each file is read within limits, checked and written anew; nothing is executed, unpickled
or loaded by Keras, and no text is imported that pages would show as the app's own. Longer than 300 lines because every
file of a run has its own checks.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from io import BytesIO
from typing import Any

import numpy as np

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.limits import CLASSES, LIMITS, Limit
from trainer.config.training import TrainingConfig
from trainer.networks.onnx_import import import_onnx
from trainer.runs import parent
from trainer.runs.history import COUNT_LIMIT, MAX_WATCHED_DIGITS, NUMBER_LIMITS, are_labels
from trainer.runs.label import MAX_NAME_CHARACTERS, MAX_NOTE_CHARACTERS, Label
from trainer.runs.run import Run
from trainer.runs.state import ENDED, State
from trainer.runs.store import RunStore
from trainer.sharing.run_zip import DERIVED, OPTIONAL, REQUIRED
from trainer.storage import zips
from trainer.storage.arrays import read_header, read_values
from trainer.storage.files import Record, json_line, parse_json
from trainer.storage.zips import invalid_zip

MAX_ZIP_BYTES = 60_000_000  # the largest network twice, as ONNX and Keras files, and its report
_MAX_BYTES = {  # of each file that is read
    "config.json": 100_000,
    "model.onnx": 4 * int(LIMITS["parameters"].high) + 1_000_000,
    "state.json": 20_000,
    "meta.json": 50_000,
    "history.jsonl": 10_000_000,
    "digits.npz": 500_000,
    "snapshots.npz": 10_000_000,
}
MAX_LINES = 50_000  # of history.jsonl; 200 epochs take about 5,200
MAX_LINE_BYTES = 4_000  # of history.jsonl
MAX_SNAPSHOTS, MAX_UNITS, MAX_SIDE = 16, 32, 64  # of snapshots.npz: steps, units, and pixels a side
ORIGIN = "imported from a file"
ZIP_LABEL = "A run's zip"

_STATE = {
    "examples": COUNT_LIMIT,
    "steps": COUNT_LIMIT,
    "seconds": Limit(0, 1e9),
    "hook_seconds": Limit(0, 1e9),
    **dict.fromkeys(("test_loss", "val_loss", "train_loss"), Limit(0, 1e30)),
    **dict.fromkeys(("test_accuracy", "val_accuracy", "train_accuracy"), Limit(0, 1)),
    **dict.fromkeys(("val_count", "train_count"), COUNT_LIMIT),
}
_ALWAYS = ("epoch", "step", "learning_rate", "seconds")  # keys of every line
_ERRORS = {
    "failed": "This training failed before the run was imported: train the network again.",
    "interrupted": "This training was interrupted before the run was imported; the network up to then is saved.",
}
_DEVICE = re.compile(r"[A-Za-z0-9 ()-]{1,60}")
_HASH = re.compile(r"[0-9a-f]{1,64}")
_ENDING = re.compile(  # the notes of jobs, and those of earlier versions
    r"stopped (?:before (?:training started|it began)|by its owner|at its time limit of \d{1,4} s"
    r"|early, (?:with the weights of its best epoch,|back at its best in epoch) \d{1,3})"
)
_ORIGIN = re.compile(r"(?:imported|put in) from a file(?:, trained on \d{4}-\d\d-\d\d)?")
_VERSION = re.compile(r"[\w.+-]{1,40}", re.ASCII)


def import_run(
    store: RunStore, content: bytes, owner: str, progress: Callable[[float], None] = lambda share: None
) -> Run:
    """Import a run's zip as a new run that has ended.

    owner: the hash of the uploader's token. progress: called with the share done, 0 to 1; an exception from it ends the
    import. Raises UserError if the zip is not as this app made it, or its data set is missing. A failed import leaves
    nothing behind.
    """
    files = unpack(content)
    progress(0.1)
    asked = _object(files, "config.json")
    config = _config(asked)
    state = _object(files, "state.json") if "state.json" in files else {}
    _check_data(store, config)
    made: dict[str, bytes | None] = {
        "config.json": _asked(store, asked, config, _trained(asked, state)),
        "state.json": _state(state, config, owner, store.uploads.titles(), _trained(asked, state)),
        "meta.json": _label(_object(files, "meta.json")) if "meta.json" in files else None,
        "history.jsonl": _history(files["history.jsonl"]) if "history.jsonl" in files else None,
        "digits.npz": _digits(files["digits.npz"], config) if "digits.npz" in files else None,
        "snapshots.npz": _snapshots(files["snapshots.npz"]) if "snapshots.npz" in files else None,
    }
    progress(0.2)
    made["model.onnx"] = import_onnx(files["model.onnx"], config)  # the last because it takes longest
    progress(0.9)
    return store.add({name: content for name, content in made.items() if content is not None})


def unpack(content: bytes) -> dict[str, bytes]:
    """Return the REQUIRED and OPTIONAL files of a run's zip by name; the DERIVED ones are never opened.

    Raises UserError if the zip is damaged or too large, lacks a required file, or contains an unknown one.
    """
    if len(content) > MAX_ZIP_BYTES:
        raise invalid_zip(ZIP_LABEL, f"one of {len(content) / 1e6:,.0f} MB, more than {MAX_ZIP_BYTES / 1e6:.0f}")
    files = zips.read_zip(content, {name: _MAX_BYTES[name] for name in (*REQUIRED, *OPTIONAL)}, ZIP_LABEL, DERIVED)
    if missing := [name for name in REQUIRED if name not in files]:
        raise invalid_zip(ZIP_LABEL, f"one without {missing[0]}")
    return files


# --- file by file ---------------------------------------------------------------------------------------------


def _config(asked: Record) -> TrainingConfig:
    try:
        return TrainingConfig.from_json(json.dumps(asked.get("config")))
    except (UserError, TypeError, ValueError, OverflowError) as error:
        why = f": {str(error)[:300].rstrip('.')}" if isinstance(error, UserError) else ""
        raise invalid_zip(ZIP_LABEL, f"a configuration that cannot be trained{why}") from None


def _check_data(store: RunStore, config: TrainingConfig) -> None:
    if config.dataset not in dataset_info.DATASETS and store.uploads.path(config.dataset) is None:
        sides = " x ".join(map(str, dataset_info.info(config.dataset).shape))
        raise UserError(
            f"The run was trained on an uploaded data set that is not here ({sides}): "
            "upload its npz file on the page Data, then import the run again."
        )


def _asked(store: RunStore, asked: Record, config: TrainingConfig, trained: float | None) -> bytes:
    """Return config.json, with the parent if it exists here; the run has the date of its import beside its own."""
    before = asked.get("parent")
    known = isinstance(before, str) and (before == parent.SHIPPED or store.get(before) is not None)
    versions = asked.get("versions")
    versions = versions if isinstance(versions, dict) else {}
    values = {
        "config": json.loads(config.to_json()),
        "created": time.time(),
        "trained": trained,
        "versions": {
            name: version
            for name in ("tensorflow", "keras", "numpy")
            if isinstance(version := versions.get(name), str) and _VERSION.fullmatch(version)
        },
        "parent": before if known else "",
        "group": "",
    }
    return json.dumps(values, indent=1).encode()


def _state(
    values: Record, config: TrainingConfig, owner: str, titles: Mapping[str, str], trained: float | None
) -> bytes:
    """Return state.json with the checked numbers, and only those texts that this app itself writes."""
    _check_numbers(values, _STATE, "state.json")
    phase = values.get("phase", "finished")
    if not isinstance(phase, str):
        raise invalid_zip(ZIP_LABEL, f"{_shown(phase)} as the phase in state.json")
    phase = phase if phase in ENDED else "stopped"  # it was downloaded during the training
    known = dataset_info.DATASETS.get(config.dataset)
    state = State(
        phase,
        error=_ERRORS.get(phase, ""),
        note=_note(values.get("note"), trained),
        owner=owner,
        device=_matching(_DEVICE, values.get("device")),
        data=known.title if known else titles.get(config.dataset, ""),
        data_hash=_matching(_HASH, values.get("data_hash")),
        **{name: values[name] for name in _STATE if values.get(name) is not None},
    )
    return json.dumps(asdict(state)).encode()


def _trained(asked: Record, state: Record) -> float | None:
    """Return when a run was created where it was trained, or None for a missing or impossible time."""
    imported_before = _ORIGIN.search(_text(state.get("note")))  # then it was created by its import
    when: Any = asked.get("trained", None if imported_before else asked.get("created"))
    return float(when) if type(when) in (int, float) and 0 < when < time.time() else None


def _text(note: Any) -> str:
    return note if isinstance(note, str) and len(note) < 300 else ""


def _note(before: Any, trained: float | None) -> str:
    """Return the note of a run: how its job ended, and where it was imported from."""
    text = _text(before)
    origin = _ORIGIN.search(text)  # an earlier import has the older date
    when = f", trained on {time.strftime('%Y-%m-%d', time.localtime(trained))}" if trained is not None else ""
    ending = _ENDING.match(text)
    return "; ".join([*([ending[0]] if ending else []), origin[0] if origin else ORIGIN + when])


def _label(values: Record) -> bytes:
    texts = {}
    for key, most in (("name", MAX_NAME_CHARACTERS), ("note", MAX_NOTE_CHARACTERS)):
        text = values.get(key, "")
        if not isinstance(text, str) or len(text) > most:
            raise invalid_zip(ZIP_LABEL, f"a {key} in meta.json that is not a text of at most {most:,} characters")
        texts[key] = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text).strip()
    label = Label(" ".join(texts["name"].split()), texts["note"], values.get("pinned") is True)
    return json.dumps(asdict(label)).encode()


def _history(content: bytes) -> bytes:
    lines = content.split(b"\n", MAX_LINES)
    if len(lines) > MAX_LINES or max(map(len, lines)) > MAX_LINE_BYTES:
        raise invalid_zip(
            ZIP_LABEL, f"a history.jsonl of more than {MAX_LINES:,} lines, or of one above {MAX_LINE_BYTES:,} bytes"
        )
    records = [_epoch_or_batch(text) for text in lines[:-1]]  # whatever follows the last newline is incomplete
    for kind in ("batch", "epoch"):  # an epoch's line may come late, among the batches of the next
        steps = [record["step"] for record in records if record["kind"] == kind]
        if steps != sorted(steps):
            raise invalid_zip(ZIP_LABEL, "a history.jsonl whose steps go back")
    return b"".join(map(json_line, records))


def _epoch_or_batch(text: bytes) -> Record:
    values = _parsed(text, "history.jsonl")
    kind = values.get("kind")
    _check_numbers(values, NUMBER_LIMITS, "history.jsonl")
    if kind not in ("batch", "epoch") or any(values.get(name) is None for name in _ALWAYS):
        raise invalid_zip(ZIP_LABEL, "an unexpected line in history.jsonl")
    record = {"kind": kind} | {name: values[name] for name in NUMBER_LIMITS if values.get(name) is not None}
    if "reads" in values:
        if not are_labels(values["reads"]):
            raise invalid_zip(ZIP_LABEL, "predictions in history.jsonl that are not digits")
        record["reads"] = values["reads"]
    return record


def _digits(content: bytes, config: TrainingConfig) -> bytes:
    images, labels = _arrays("digits.npz", content, images="u1", labels="u1")
    shape = dataset_info.info(config.dataset).shape
    if not 1 <= len(images) <= MAX_WATCHED_DIGITS or images.shape[1:] != shape or labels.shape != images.shape[:1]:
        raise invalid_zip(ZIP_LABEL, f"a digits.npz with the shapes {images.shape} and {labels.shape}")
    if labels.max() >= CLASSES:
        raise invalid_zip(ZIP_LABEL, f"a digits.npz with the label {labels.max()}")
    return _npz(images=images, labels=labels)


def _snapshots(content: bytes) -> bytes:
    steps, weights = _arrays("snapshots.npz", content, steps="i8", weights="f2")
    fits = weights.ndim == 4 and steps.shape == weights.shape[:1] and 1 <= len(steps) <= MAX_SNAPSHOTS
    if (
        not fits
        or not 1 <= weights.shape[1] <= MAX_UNITS
        or not all(1 <= side <= MAX_SIDE for side in weights.shape[2:])
    ):
        raise invalid_zip(ZIP_LABEL, f"a snapshots.npz with the shapes {steps.shape} and {weights.shape}")
    if steps[0] < 0 or steps[-1] > COUNT_LIMIT.high or (np.diff(steps) <= 0).any() or not np.isfinite(weights).all():
        raise invalid_zip(ZIP_LABEL, "unexpected numbers in snapshots.npz")
    return _npz(steps=steps, weights=weights)


# --- JSON and arrays -----------------------------------------------------------------------------------


def _object(files: Mapping[str, bytes], name: str) -> Record:
    return _parsed(files[name], name)


def _parsed(content: bytes, name: str) -> Record:
    try:
        values = parse_json(content)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise invalid_zip(ZIP_LABEL, f"a damaged {name}")
    return values


def _check_numbers(values: Record, limits: Mapping[str, Limit], name: str) -> None:
    for key, limit in limits.items():
        if (value := values.get(key)) is not None:
            try:
                limit.check(key, value)
            except UserError:
                raise invalid_zip(ZIP_LABEL, f"{_shown(value)} as {key} in {name}") from None


def _shown(value: Any) -> str:
    """Return an untrusted value as a short ASCII text."""
    text = ascii(value) if isinstance(value, (str, int, float)) else f"a {type(value).__name__}"
    return text if len(text) <= 30 else f"{text[:30]}..."


def _matching(pattern: re.Pattern[str], value: Any) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _arrays(name: str, content: bytes, **dtypes: str) -> list[np.ndarray]:
    """Return the arrays of an npz file without unpickling, and without allocating what a header merely claims."""
    what = f"{name} in a run's zip"
    parts = zips.read_zip(content, {f"{key}.npy": _MAX_BYTES[name] for key in dtypes}, what)
    return [_array(parts.get(f"{key}.npy", b""), np.dtype(dtype), what) for key, dtype in dtypes.items()]


def _array(content: bytes, dtype: np.dtype[Any], what: str) -> np.ndarray:
    stream = BytesIO(content)
    try:
        head = read_header(stream)
    except ValueError as error:
        raise invalid_zip(what, str(error)) from None
    if head.dtype != dtype:
        objects = head.dtype.hasobject
        raise invalid_zip(
            what,
            "Python objects, which are never unpickled" if objects else f"numbers of type {_shown(str(head.dtype))}",
        )
    try:
        return read_values(stream, head)
    except ValueError:
        raise invalid_zip(what, f"a number of values that does not match the shape {_shown(str(head.shape))}") from None


def _npz(**arrays: np.ndarray) -> bytes:
    stream = BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()
