"""Random input is accepted or refused with one sentence: drawings, configurations, links and the files of a run.

Longer than 300 lines because it describes every kind of input.
"""

import itertools
import json
import os
import zlib
from base64 import urlsafe_b64encode
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainer import UserError
from trainer.analysis import evaluation, nearest_neighbors
from trainer.config.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.data.uploads import Uploads
from trainer.drawing import normalize
from trainer.drawing.collection import Collection, Drawings
from trainer.networks import keras_file
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.inference import Network
from trainer.runs import index
from trainer.runs.index import RunIndex
from trainer.runs.run import Run
from trainer.runs.store import RunStore
from trainer.runs.sweep import Sweeps
from trainer.sharing import run_zip

without_deadline = settings(deadline=None, max_examples=150)  # the machine may be busy
in_a_folder = settings(without_deadline, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([10**400, "Dense"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


# --- drawings -------------------------------------------------------------------------------------------------

DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(),
    hnp.unsigned_integer_dtypes(),
    hnp.floating_dtypes(),
    hnp.complex_number_dtypes(),
)


@without_deadline
@given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=6)))
def test_any_array_is_refused_as_a_canvas(array):
    with pytest.raises(UserError, match=r"^A canvas must [^\n]+\.$"):
        normalize.from_canvas(array)


@pytest.mark.parametrize("something", [None, 3, "data:image/png;base64,", [[0] * 4] * 20, b"x" * 1600, {"a": 1}])
def test_anything_but_an_array_is_refused_as_a_canvas(something):
    with pytest.raises(UserError, match=r"^A canvas must [^\n]+\.$"):
        normalize.from_canvas(something)


@pytest.mark.parametrize(
    "shape", [(0, 0, 4), (19, 40, 4), (40, 19, 4), (4097, 20, 4), (20, 4097, 4), (10**6, 10**6, 4)]
)
def test_a_canvas_of_another_size_is_refused_before_it_takes_memory(shape):
    with pytest.raises(UserError, match=r"^A canvas must have sides of 20 to 4,096 pixels"):
        normalize.from_canvas(np.broadcast_to(np.uint8(0), shape))


@without_deadline
@given(
    st.tuples(st.integers(20, 90), st.integers(20, 90)),
    st.lists(st.tuples(*[st.integers(0, 89)] * 4, *[st.integers(0, 255)] * 4), max_size=6),
    st.tuples(*[st.integers(0, 255)] * 4),
)
def test_random_rectangles_are_a_valid_digit_or_none(size, rectangles, paper):
    canvas = np.empty((*size, 4), np.uint8)
    canvas[:] = paper
    for top, left, bottom, right, *ink in rectangles:
        canvas[top:bottom, left:right] = ink
    before = canvas.copy()
    for steps in [normalize.from_canvas(canvas), *normalize.find_digits(canvas)]:
        if steps is not None:
            image = steps.image
            assert image.shape == (28, 28) and image.dtype == np.float32 and np.isfinite(image).all()
            assert image.min() >= 0 and 0 < image.max() <= 1
    assert np.array_equal(canvas, before)


# --- configurations -------------------------------------------------------------------------------------------

RICH = TrainingConfig(layers=(Conv2D(4, 3), MaxPooling2D(2), Flatten(), Dropout(0.2), Dense(8)))
CONFIGS = [json.loads(config.to_json()) for config in (RICH, *(preset.config for preset in PRESETS.values()))]


def places(value, path=()):
    """Yield the path to each value inside a JSON value."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def put(value, path, new):
    if not path:
        return new
    first, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[first] = put(copy[first], rest, new)
    return copy


def is_refused_or_round_trips(read, text):
    """Check that a configuration is refused with a sentence or survives a round trip through JSON and link."""
    try:
        config = read(text)
    except UserError as error:
        assert str(error).endswith(".") and "\n" not in str(error) and len(str(error)) < 1_000
        str(error).encode()
        return
    assert TrainingConfig.from_json(config.to_json()) == config
    assert TrainingConfig.from_link(config.to_link()) == config
    json.dumps(json.loads(config.to_json()), allow_nan=False)


@without_deadline
@given(st.data(), VALUES)
def test_any_value_anywhere_in_a_configuration_is_refused_or_round_trips(data, value):
    config = data.draw(st.sampled_from(CONFIGS))
    path = data.draw(st.sampled_from(list(places(config))))
    is_refused_or_round_trips(TrainingConfig.from_json, json.dumps(put(config, path, value)))


@without_deadline
@given(VALUES | st.dictionaries(st.sampled_from(sorted(CONFIGS[0])), VALUES))
def test_any_json_is_refused_or_a_configuration(value):
    version = value | {"version": 1} if isinstance(value, dict) else value
    is_refused_or_round_trips(TrainingConfig.from_json, json.dumps(version))


@without_deadline
@given(st.text(max_size=200) | st.text('[{":,}]0123456789eE.-NaInfity', max_size=60))
def test_any_text_is_refused_or_a_configuration(text):
    is_refused_or_round_trips(TrainingConfig.from_json, text)
    is_refused_or_round_trips(TrainingConfig.from_link, text)


@without_deadline
@given(st.data(), VALUES, st.integers(0, 3_000), st.binary(max_size=5), st.integers(0, 30))
def test_any_link_is_refused_or_a_configuration(data, value, at, new, cut):
    packed = zlib.compress(json.dumps({"version": 1, "layers": value}).encode())
    is_refused_or_round_trips(TrainingConfig.from_link, urlsafe_b64encode(packed).decode())
    link = data.draw(st.sampled_from(list(PRESETS.values()))).config.to_link().encode()
    at %= len(link) + 1
    is_refused_or_round_trips(TrainingConfig.from_link, (link[:at] + new + link[at + cut :]).decode("latin-1"))


def test_a_link_that_unpacks_to_a_huge_text_is_refused():
    bomb = zlib.compressobj(9)
    packed = b"".join(bomb.compress(bytes(1_000_000)) for _ in range(100)) + bomb.flush()
    with pytest.raises(UserError, match=r"^[^\n]+\.$"):
        TrainingConfig.from_link(urlsafe_b64encode(packed).decode())


# --- files of a run -------------------------------------------------------------------------------------------


def numbers(**arrays):
    """Return bytes of an npz archive."""
    file = BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


WHOLE = {
    "config.json": json.dumps({"config": CONFIGS[0], "created": 1.7e9, "parent": "", "group": ""}).encode(),
    "state.json": json.dumps({"phase": "finished", "owner": "me", "steps": 10, "test_accuracy": 0.5}).encode(),
    "meta.json": json.dumps({"name": "mine", "note": "a note", "pinned": True}).encode(),
    "history.jsonl": b'{"kind": "batch", "epoch": 1, "step": 1, "loss": 2.0, "seconds": 0.1}\n'
    b'{"kind": "epoch", "epoch": 1, "step": 10, "loss": 1.0, "val_accuracy": 0.5, "reads": [1, 2], "seconds": 1.0}\n',
    "readings.jsonl": json.dumps({"epoch": 1, "step": 1, "probabilities": {"a": [0.1] * 10}}).encode() + b"\n",
    "requests.jsonl": b'{"kind": "epochs", "value": 7}\n{"kind": "pin", "drawing": "a", "image": "AA=="}\n',
    "digits.npz": numbers(images=np.zeros((2, 28, 28), np.uint8), labels=np.zeros(2, np.uint8)),
    "snapshots.npz": numbers(steps=np.arange(2), weights=np.zeros((2, 3, 28, 28), np.float16)),
    "evaluation.npz": numbers(
        probabilities=np.full((2, 10), 0.1, np.float32), labels=np.zeros(2, np.uint8), data_hash="a", network_hash="b"
    ),
    "checkpoint.npz": numbers(epoch=1, step=2, seconds=3.0, learning_rate=0.1, **{"network/dense/0": np.zeros((3, 3))}),
    "drawings.npz": Drawings(
        np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.uint8), np.zeros(1, np.int8), ((np.eye(2),),)
    ).content(),
    "features.npz": numbers(values=np.zeros((2, 3), np.float16), indices=np.arange(2, dtype=np.int32)),
    "model.keras": numbers(config=np.zeros(3)),
    "model.onnx": b"\x08\x09:\x10\x12\x05graph*\x07\x10\x01B\x03w/0",
}


def read_all(store: RunStore, run: Run, damaged: str) -> None:
    """Read everything of a run: undamaged files unchanged, the damaged one as valid text or a refusal."""
    store = RunStore(store.root)  # a store remembers the lines that it has read
    view = run.read()
    if damaged != "meta.json":
        assert view.name == "mine" and view.label.note == "a note" and view.label.pinned
    if damaged not in ("state.json", "config.json"):
        assert view.state.phase == "finished" and view.state.test_accuracy == 0.5
    if damaged != "history.jsonl":
        assert len(store.history(run)) == 2
    if damaged != "digits.npz":
        assert run.digits() is not None
    if damaged != "snapshots.npz":
        assert run.snapshots() is not None
    texts = [view.parent, view.group, view.name, *vars(view.label).values(), *vars(view.state).values()]
    json.dumps(texts, allow_nan=False, ensure_ascii=False).encode()
    json.dumps([store.history(run), store.predictions(run)], allow_nan=False)
    json.dumps(index.read_row(run), allow_nan=False, ensure_ascii=False).encode()
    assert view.created >= 0 and view.requests.epochs <= 200
    for look in (run.digits, run.snapshots):
        look()
    evaluation.read(run.path)
    nearest_neighbors.read(run.path)
    keras_file.matching_file(run.path / keras_file.FILE, run.network_file)
    assert store.get(run.id) and [one.id for one in store.runs()] == [run.id] and len(store.live()) <= 1
    for read in (
        lambda: Checkpoint.load(run.checkpoint),
        lambda: Network(run.network_file),
        lambda: Collection(run.path).drawings,
        lambda: run_zip.pack(run),
    ):
        try:
            read()
        except UserError as error:
            assert str(error).endswith(".") and "\n" not in str(error)


@pytest.fixture
def complete_run(tmp_path) -> tuple[RunStore, Run]:
    """A run with one file of each kind."""
    store = RunStore(tmp_path / "runs")
    return store, store.add(WHOLE)


clock = itertools.count(1_700_000_000)


@contextmanager
def replaced(path: Path, content: bytes):
    """Give a file other content inside a block, with a new modification time to bypass caches."""
    path.write_bytes(content)
    os.utime(path, (now := next(clock), now))
    try:
        yield
    finally:
        path.write_bytes(WHOLE[path.name])
        os.utime(path, (now := next(clock), now))


@in_a_folder
@given(
    st.sampled_from(sorted(WHOLE)), st.binary(max_size=300), st.integers(0, 10**6), st.integers(0, 300), st.booleans()
)
def test_random_bytes_in_any_file_of_a_run_are_tolerated(complete_run, name, new, at, cut, whole):
    store, run = complete_run
    content = WHOLE[name]
    at %= len(content) + 1
    with replaced(run.path / name, new if whole else content[:at] + new + content[at + cut :]):
        read_all(store, run, name)


@in_a_folder
@given(st.data(), VALUES)
def test_random_values_in_any_json_of_a_run_are_tolerated(complete_run, data, value):
    store, run = complete_run
    name = data.draw(st.sampled_from([name for name in WHOLE if ".json" in name]))
    records = [json.loads(text) for text in WHOLE[name].splitlines()]
    place = data.draw(st.integers(0, len(records) - 1))
    path = data.draw(st.sampled_from(list(places(records[place]))))
    records[place] = put(records[place], path, value)
    with replaced(run.path / name, "".join(json.dumps(record) + "\n" for record in records).encode()):
        read_all(store, run, name)


@in_a_folder
@given(
    hnp.arrays(
        DTYPES | hnp.byte_string_dtypes(max_len=5) | hnp.datetime64_dtypes(),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=11),
    ),
    st.data(),
)
def test_random_arrays_in_any_archive_of_a_run_are_tolerated(complete_run, array, data):
    store, run = complete_run
    name = data.draw(st.sampled_from([name for name in WHOLE if name.endswith(".npz")]))
    with np.load(run.path / name) as arrays:
        values = dict(arrays)
    values[data.draw(st.sampled_from(sorted(values)))] = array
    with replaced(run.path / name, numbers(**values)):
        read_all(store, run, name)


SWEEP = "20260101-000000-abcdef"
BESIDE = {  # by file: a read and a check of its result
    index.INDEX_FILE: (lambda root: RunIndex(RunStore(root)).rows(), lambda rows: rows == []),
    f"sweeps/{SWEEP}.json": (
        lambda root: Sweeps(root / "sweeps").get(SWEEP),
        lambda sweep: sweep is None or (sweep.id == SWEEP and len(sweep.plan) == len(sweep.runs)),
    ),
    "datasets/titles.json": (
        lambda root: Uploads(root).titles(),
        lambda titles: all(type(text) is str for pair in titles.items() for text in pair),
    ),
    "trash": (lambda root: (RunStore(root).deleted(), RunStore(root).purge())[0], lambda runs: runs == []),
    "drawings": (
        lambda root: Collection(root / "drawings" / "somebody").drawings,
        lambda drawings: len(drawings.labels) == 0,
    ),
}


@in_a_folder
@given(st.sampled_from(sorted(BESIDE)), st.binary(max_size=300) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_random_bytes_in_files_beside_the_runs_are_tolerated(tmp_path, name, content):
    path: Path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    read, is_valid = BESIDE[name]
    try:
        found = read(tmp_path)
    except UserError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
    else:
        assert is_valid(found)
