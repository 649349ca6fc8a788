"""How does a run come back in from outside? From its zip, which anybody may have made, as a new run of who brings it.

Nothing of the zip is kept as it was: each file is read within its limits, and what it says is written anew. Nothing in
it is ever run, unpickled or given to Keras, and texts that pages would show as their own are not taken over.
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
from trainer.networks.onnx_import import transcribe
from trainer.runs import parent
from trainer.runs.history import COUNT, NUMBERS, WATCHED, are_reads
from trainer.runs.label import NAME, NOTE, Label
from trainer.runs.run import Run
from trainer.runs.state import ENDED, State
from trainer.runs.store import RunStore
from trainer.sharing.run_zip import DERIVED, KEPT, NEEDED
from trainer.storage import zips
from trainer.storage.arrays import read_head, read_values
from trainer.storage.files import Record, line
from trainer.storage.zips import misfit

LARGEST = 60_000_000  # bytes of a zip: the largest network twice, once for other programs, and its report
_MOST = {  # bytes of each file that is opened
    "config.json": 100_000,
    "model.onnx": 4 * int(LIMITS["parameters"].high) + 1_000_000,
    "state.json": 20_000,
    "meta.json": 50_000,
    "history.jsonl": 10_000_000,
    "digits.npz": 500_000,
    "snapshots.npz": 10_000_000,
}
LINES = 50_000  # of history.jsonl; 200 epochs are some 5,200
LINE = 4_000  # bytes of one
SNAPSHOTS, UNITS, SIDE = 16, 32, 64  # times, units and pixels a side, at most
ORIGIN = "put in from a file"
WHAT = "A run's zip"

_STATE = {
    "examples": COUNT,
    "steps": COUNT,
    "seconds": Limit(0, 1e9),
    "hook_seconds": Limit(0, 1e9),
    "test_loss": Limit(0, 1e30),
    "test_accuracy": Limit(0, 1),
}
_ALWAYS = ("epoch", "step", "learning_rate", "seconds")  # in every line
_ERRORS = {
    "failed": "This training had failed before the run was put in here: train the network again.",
    "interrupted": "This training was broken off before the run was put in here: what it had learned is kept.",
}
_DEVICE = re.compile(r"[A-Za-z0-9 ()-]{1,60}")
_HASH = re.compile(r"[0-9a-f]{1,64}")
_ENDING = re.compile(  # the notes that a job leaves, and the one that is left here
    r"stopped (?:before it began|by its owner|at its time limit of \d{1,4} s|early, back at its best in epoch \d{1,3})"
)
_ORIGIN = re.compile(rf"{ORIGIN}(?:, trained on \d{{4}}-\d\d-\d\d)?")
_VERSION = re.compile(r"[\w.+-]{1,40}", re.ASCII)


def put_in(store: RunStore, content: bytes, owner: str, progress: Callable[[float], None] = lambda share: None) -> Run:
    """Put a run's zip back in as a new run that has ended; `owner` is the hash of the token of who brings it.

    `progress` is told the share that is done, 0 to 1; what it raises ends the import, of which nothing is kept.
    Raises UserError where it is not as this app made it, or its data set is not here; then nothing is kept.
    """
    files = unpack(content)
    progress(0.1)
    asked = _object(files, "config.json")
    config = _config(asked)
    state = _object(files, "state.json") if "state.json" in files else {}
    _check_data(store, config)
    made: dict[str, bytes | None] = {
        "config.json": _asked(store, asked, config),
        "state.json": _state(state, asked, config, owner, store.uploads.titles()),
        "meta.json": _label(_object(files, "meta.json")) if "meta.json" in files else None,
        "history.jsonl": _history(files["history.jsonl"]) if "history.jsonl" in files else None,
        "digits.npz": _digits(files["digits.npz"], config) if "digits.npz" in files else None,
        "snapshots.npz": _snapshots(files["snapshots.npz"]) if "snapshots.npz" in files else None,
    }
    progress(0.2)
    made["model.onnx"] = transcribe(files["model.onnx"], config)  # the last: it takes longest
    progress(0.9)
    return store.place({name: content for name, content in made.items() if content is not None})


def unpack(content: bytes) -> dict[str, bytes]:
    """Return the files of a run's zip that a run is made of, by their names; the others are never opened.

    Raises UserError where the zip is damaged, too large, lacks a file or holds another.
    """
    if len(content) > LARGEST:
        raise misfit(WHAT, f"one of {len(content) / 1e6:,.0f} MB, more than {LARGEST / 1e6:.0f}")
    files = zips.members(content, {name: _MOST[name] for name in (*NEEDED, *KEPT)}, WHAT, DERIVED)
    if missing := [name for name in NEEDED if name not in files]:
        raise misfit(WHAT, f"one without {missing[0]}")
    return files


# --- file by file ---------------------------------------------------------------------------------------------


def _config(asked: Record) -> TrainingConfig:
    try:
        return TrainingConfig.from_json(json.dumps(asked.get("config")))
    except (UserError, TypeError, ValueError, OverflowError, RecursionError) as error:
        why = f": {str(error)[:300].rstrip('.')}" if isinstance(error, UserError) else ""
        raise misfit(WHAT, f"a configuration that cannot be trained{why}") from None


def _check_data(store: RunStore, config: TrainingConfig) -> None:
    if config.dataset not in dataset_info.DATASETS and store.uploads.path(config.dataset) is None:
        sides = " x ".join(map(str, dataset_info.kind(config.dataset).shape))
        raise UserError(
            f"The data set that the run has learned must be here (got one of own images, {sides}, that is not): "
            "bring its npz file on the page Data, then put the run in."
        )


def _asked(store: RunStore, asked: Record, config: TrainingConfig) -> bytes:
    """Write what was asked; a parent is named where it is here, too. The run is as old as its coming in."""
    before = asked.get("parent")
    known = isinstance(before, str) and (before == parent.SHIPPED or store.get(before) is not None)
    versions = asked.get("versions")
    versions = versions if isinstance(versions, dict) else {}
    values = {
        "config": json.loads(config.to_json()),
        "created": time.time(),
        "versions": {
            name: version
            for name in ("tensorflow", "keras", "numpy")
            if isinstance(version := versions.get(name), str) and _VERSION.fullmatch(version)
        },
        "parent": before if known else "",
        "group": "",
    }
    return json.dumps(values, indent=1).encode()


def _state(values: Record, asked: Record, config: TrainingConfig, owner: str, titles: Mapping[str, str]) -> bytes:
    """Write how the run stands: its numbers, and of its texts those alone that this app itself writes."""
    _check_numbers(values, _STATE, "state.json")
    phase = values.get("phase", "finished")
    if not isinstance(phase, str):
        raise misfit(WHAT, f"{_shown(phase)} as the phase in state.json")
    phase = phase if phase in ENDED else "stopped"  # it was taken home while it went on
    known = dataset_info.DATASETS.get(config.dataset)
    state = State(
        phase,
        error=_ERRORS.get(phase, ""),
        note=_note(values.get("note"), asked.get("created")),
        owner=owner,
        device=_matching(_DEVICE, values.get("device")),
        data=known.title if known else titles.get(config.dataset, ""),
        data_hash=_matching(_HASH, values.get("data_hash")),
        **{name: values[name] for name in _STATE if values.get(name) is not None},
    )
    return json.dumps(asdict(state)).encode()


def _note(before: Any, created: Any) -> str:
    """Say where the run comes from, behind what its job said of its end."""
    text = before if isinstance(before, str) and len(before) < 300 else ""
    origin = _ORIGIN.search(text)  # it was put in before: its training is older
    when = ""
    if type(created) in (int, float) and 0 < created < time.time():
        when = f", trained on {time.strftime('%Y-%m-%d', time.localtime(created))}"
    ending = _ENDING.match(text)
    return "; ".join([*([ending[0]] if ending else []), origin[0] if origin else ORIGIN + when])


def _label(values: Record) -> bytes:
    texts = {}
    for key, most in (("name", NAME), ("note", NOTE)):
        text = values.get(key, "")
        if not isinstance(text, str) or len(text) > most:
            raise misfit(WHAT, f"a {key} in meta.json that is no text of at most {most:,} letters")
        texts[key] = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text).strip()
    label = Label(" ".join(texts["name"].split()), texts["note"], values.get("pinned") is True)
    return json.dumps(asdict(label)).encode()


def _history(content: bytes) -> bytes:
    lines = content.split(b"\n", LINES)
    if len(lines) > LINES or max(map(len, lines)) > LINE:
        raise misfit(WHAT, f"a history.jsonl of more than {LINES:,} lines, or of one above {LINE:,} bytes")
    records = [_epoch_or_batch(text) for text in lines[:-1]]  # what follows the last whole line was cut short
    for kind in ("batch", "epoch"):  # an epoch's line may come late, among those of the next one
        steps = [record["step"] for record in records if record["kind"] == kind]
        if steps != sorted(steps):
            raise misfit(WHAT, "a history.jsonl whose steps go back")
    return b"".join(map(line, records))


def _epoch_or_batch(text: bytes) -> Record:
    values = _parsed(text, "history.jsonl")
    kind = values.get("kind")
    _check_numbers(values, NUMBERS, "history.jsonl")
    if kind not in ("batch", "epoch") or any(values.get(name) is None for name in _ALWAYS):
        raise misfit(WHAT, "a line in history.jsonl that is none of a training's")
    record = {"kind": kind} | {name: values[name] for name in NUMBERS if values.get(name) is not None}
    if "reads" in values:
        if not are_reads(values["reads"]):
            raise misfit(WHAT, "readings in history.jsonl that are no digits")
        record["reads"] = values["reads"]
    return record


def _digits(content: bytes, config: TrainingConfig) -> bytes:
    images, labels = _arrays("digits.npz", content, images="u1", labels="u1")
    shape = dataset_info.kind(config.dataset).shape
    if not 1 <= len(images) <= WATCHED or images.shape[1:] != shape or labels.shape != images.shape[:1]:
        raise misfit(WHAT, f"a digits.npz of the shapes {images.shape} and {labels.shape}")
    if labels.max() >= CLASSES:
        raise misfit(WHAT, f"a digits.npz with the label {labels.max()}")
    return _npz(images=images, labels=labels)


def _snapshots(content: bytes) -> bytes:
    steps, weights = _arrays("snapshots.npz", content, steps="i8", weights="f2")
    fits = weights.ndim == 4 and steps.shape == weights.shape[:1] and 1 <= len(steps) <= SNAPSHOTS
    if not fits or not 1 <= weights.shape[1] <= UNITS or not all(1 <= side <= SIDE for side in weights.shape[2:]):
        raise misfit(WHAT, f"a snapshots.npz of the shapes {steps.shape} and {weights.shape}")
    if steps[0] < 0 or steps[-1] > COUNT.high or (np.diff(steps) <= 0).any() or not np.isfinite(weights).all():
        raise misfit(WHAT, "a snapshots.npz with other numbers than a training's")
    return _npz(steps=steps, weights=weights)


# --- what files are made of -----------------------------------------------------------------------------------


def _object(files: Mapping[str, bytes], name: str) -> Record:
    return _parsed(files[name], name)


def _parsed(content: bytes, name: str) -> Record:
    try:
        values = json.loads(content)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise misfit(WHAT, f"a {name} that holds something else, or is damaged")
    return values


def _check_numbers(values: Record, limits: Mapping[str, Limit], name: str) -> None:
    for key, limit in limits.items():
        if (value := values.get(key)) is not None:
            try:
                limit.check(key, value)
            except UserError:
                raise misfit(WHAT, f"{_shown(value)} as {key} in {name}") from None


def _shown(value: Any) -> str:
    """Return a value from outside as a short text."""
    text = ascii(value) if isinstance(value, (str, int, float)) else f"a {type(value).__name__}"
    return text if len(text) <= 30 else f"{text[:30]}..."


def _matching(pattern: re.Pattern[str], value: Any) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _arrays(name: str, content: bytes, **dtypes: str) -> list[np.ndarray]:
    """Return the arrays of an npz file; nothing is unpickled, and no memory is taken on a head's word."""
    what = f"{name} in a run's zip"
    parts = zips.members(content, {f"{key}.npy": _MOST[name] for key in dtypes}, what)
    return [_array(parts.get(f"{key}.npy", b""), np.dtype(dtype), what) for key, dtype in dtypes.items()]


def _array(content: bytes, dtype: np.dtype[Any], what: str) -> np.ndarray:
    stream = BytesIO(content)
    try:
        head = read_head(stream)
    except ValueError as error:
        raise misfit(what, str(error)) from None
    if head.dtype != dtype:
        objects = head.dtype.hasobject
        raise misfit(
            what, "Python objects, never unpickled" if objects else f"numbers of the kind {_shown(str(head.dtype))}"
        )
    try:
        return read_values(stream, head)
    except ValueError:
        raise misfit(what, f"another number of values than the shape {_shown(str(head.shape))} has") from None


def _npz(**arrays: np.ndarray) -> bytes:
    stream = BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()
