"""Damaged and foreign files in the run root: every page renders, other runs are unharmed, nothing outside changes.

One finished run has every file that a run can have. Each of them, and each file beside the runs, is damaged in every
way.
Longer than 300 lines because every file and every page is tried.
"""

import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from harness.waiting import wait_for
from tests.support.apps import TINY
from tests.support.cases import case
from trainer import UserError
from trainer.analysis import evaluation, nearest_neighbors
from trainer.config.layers import Conv2D
from trainer.config.variation import Axis, Setting
from trainer.data import datasets
from trainer.drawing.collection import Collection
from trainer.jobs import job
from trainer.jobs.cluster import LOG
from trainer.jobs.engine import Engine
from trainer.networks import keras_file, model, onnx_writer
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.inference import Network
from trainer.networks.onnx_reader import network_hash
from trainer.runs import index
from trainer.runs.index import RunIndex
from trainer.runs.owner import owner_hash
from trainer.runs.parent import find_parent, read_network
from trainer.runs.requests import FollowedDrawing
from trainer.runs.run import Run
from trainer.runs.store import RunStore, new_id
from trainer.runs.sweep import Plan, Sweep, Sweeps
from trainer.sharing import run_zip
from trainer.shipped import network as shipped

ME = "my token"
SECRET = "what-lies-outside"
HUGE = 40_000_000_000  # bytes
RUN = (
    "checkpoint.npz",
    "config.json",
    "digits.npz",
    "drawings.npz",
    "evaluation.npz",
    "features.npz",
    "history.jsonl",
    "meta.json",
    "model.keras",
    "model.onnx",
    "parent.onnx",
    "readings.jsonl",
    "requests.jsonl",
    "sketches.npz",
    "snapshots.npz",
    "state.json",
    "writer.lock",
)
ROOT = (  # beside the runs; * stands for generated names
    ".engine.lock",
    ".ledger.json",
    "datasets/*.npz",
    "datasets/.lock",
    "datasets/titles.json",
    "drawings/*/drawings.npz",
    "shipped/evaluation.npz",
    "shipped/features.npz",
    "sweeps/*.json",
    "training.log",
    "trash/*/config.json",
    "trash/*/state.json",
)
BESIDE = [name for name in ROOT if not name.endswith(".lock")]  # files that pages read


# --- a run root with every file -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory, few_digits) -> Iterator[SimpleNamespace]:
    """A run root with a complete run, `run`, and a second one of the same sweep, `good`."""
    root = tmp_path_factory.mktemp("whole") / "runs"
    store, mine = RunStore(root), owner_hash(ME)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITLAB_DATA", str(few_digits))
        patch.setattr(index, "MAX_UNSAVED_ROWS", 0)
        pen = np.zeros((28, 28), np.float32)
        pen[4:24, 12:16] = 1
        collection = Collection(root / "drawings" / mine)
        collection.add(pen, 1, 1)
        weights = model.weights(model.build(TINY))
        plan = Plan(TINY, (Axis(Setting("seed"), (1, 2)),))
        sweep_id, made = new_id(), []
        for config in plan.configs:
            config = replace(config, own_examples=20)
            network, drawings = onnx_writer.to_onnx(weights, config), collection.content()
            run = store.create(config, mine, parent="shipped", network=network, drawings=drawings, group=sweep_id)
            run.request("pin", **FollowedDrawing("a1", 1, pen).request())
            job.run(str(run.path))
            run.describe(name=f"Number {len(made)}", note="a note")
            assert run.state.phase == "finished", run.state.error
            made.append(run)
        Sweeps(root / "sweeps").save(Sweep(sweep_id, plan, tuple(run.id for run in made), 1.7e9, mine))
        data = store.uploads.save(few_digits.read_bytes(), "few digits.npz")
        evaluation.evaluate(shipped.PATH, shipped.CONFIG, datasets.load(), root / "shipped")
        gone = store.create(TINY, mine)
        gone.update(phase="finished")
        store.delete(gone)
        (root / ".engine.lock").touch()
        (root / LOG).write_text("Epoch 1")
        for run in made:
            os.utime(run.path, (1.7e9, 1.7e9))  # old enough for its row to be cached
        RunIndex(store).rows()
        wait_for(lambda: (root / index.INDEX_FILE).exists())
        yield SimpleNamespace(root=root, run=made[0], good=made[1], sweep=sweep_id, data=data, gone=gone.id)


def test_the_run_root_has_every_known_file_and_no_other(folder):
    files = [path for path in folder.root.rglob("*") if path.is_file()]
    assert {path.name for path in files if path.parent == folder.run.path} == set(RUN)
    beside = [path for path in files if path.parent not in (folder.run.path, folder.good.path)]
    assert all(any(path.match(f"{folder.root}/{name}") for name in ROOT) for path in beside)
    assert all(any(path.match(f"{folder.root}/{name}") for path in beside) for name in ROOT)


# --- damages ---------------------------------------------------------------------------


def arrays(**values: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **values)
    return file.getvalue()


def named_alike(path: Path, make: Callable[[np.ndarray], np.ndarray]) -> bytes:
    """Return an archive with the same names and other arrays; for any other file, an archive of one array."""
    try:
        with np.load(path) as saved:
            return arrays(**{name: make(saved[name]) for name in saved.files})
    except (EOFError, OSError, ValueError, TypeError, AttributeError):
        return arrays(images=make(np.zeros(3)))


def claiming(path: Path) -> bytes:
    """Return an archive whose array headers claim 40 GB."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in zipfile.ZipFile(path).namelist() if zipfile.is_zipfile(path) else ["images.npy"]:
            with archive.open(name, "w") as member:
                head = {"descr": "|u1", "fortran_order": False, "shape": (HUGE,)}
                np.lib.format.write_array_header_1_0(member, head)
    return file.getvalue()


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a JSON value with each number and text changed."""
    if isinstance(value, dict):
        return {key: changed(item, change) for key, item in value.items()}
    return [changed(item, change) for item in value] if isinstance(value, list) else change(value)


def rewritten(path: Path, change: Callable[[Any], Any], keep: tuple[str, ...] = ()) -> bytes:
    """Return the content of a JSON or JSON-lines file with every value changed except those of the keys `keep`."""

    def one(text: str) -> str:
        old = json.loads(text)
        new = changed(old, change)
        return json.dumps(new | {key: old[key] for key in keep if key in old} if isinstance(old, dict) else new)

    if path.name == index.INDEX_FILE:  # its first line is a checksum
        return path.read_bytes().replace(b"Number", b"What")
    if path.suffix == ".jsonl":
        return "".join(one(text) + "\n" for text in path.read_text().splitlines()).encode()
    return one(path.read_text()).encode() if path.suffix == ".json" else b"{}"


def number(to: float, value: Any) -> Any:
    return to if type(value) in (int, float) else value


def other_type(value: Any) -> Any:
    return {str: 7, int: "7", float: ["x"], bool: "yes"}.get(type(value), {"a": [{}]})


def strange(value: Any) -> Any:
    """Return a text with characters and markup that a page must not render."""
    return f"{value}\ud800\0\u202e<b>![x](https://example.org/x.png)" if isinstance(value, str) else value


IDENTITY = ("kind", "phase", "config", "owner")  # keys without which a record is invalid or another
CONTENTS: dict[str, Callable[[Path], bytes]] = {
    "empty": lambda path: b"",
    "half": lambda path: path.read_bytes()[: path.stat().st_size // 2],
    "noise": lambda path: np.random.default_rng(3).bytes(5_000),
    "a list": lambda path: b"[1, 2]\n",
    "deep": lambda path: b"[" * 100_000,
    "another network": lambda path: OTHER[0],
    "other shapes": lambda path: named_alike(path, lambda array: np.zeros((2, *array.shape), array.dtype)),
    "single numbers": lambda path: named_alike(path, lambda array: np.array(3)),
    "no numbers": lambda path: named_alike(path, lambda array: np.full(array.shape, np.nan, np.float32)),
    "pickles": lambda path: named_alike(path, lambda array: np.array([{"a": 1}], dtype=object)),
    "claims": claiming,
    "other types": lambda path: rewritten(path, other_type),
    "NaN": lambda path: rewritten(path, partial(number, float("nan")), IDENTITY),
    "enormous": lambda path: rewritten(path, partial(number, 10**400), IDENTITY),
    "large": lambda path: rewritten(path, partial(number, 1_000_000_000), IDENTITY),
    "negative": lambda path: rewritten(path, partial(number, -3), IDENTITY),
    "strange texts": lambda path: rewritten(path, strange, IDENTITY),
}
OTHER: list[bytes] = []  # the content of another network, set by a fixture


@pytest.fixture(scope="module", autouse=True)
def other_network() -> None:
    config = replace(TINY, layers=(Conv2D(2, 3),))
    OTHER[:] = [onnx_writer.to_onnx(model.weights(model.build(config)), config)]


def put_folder(path: Path, outside: Path) -> None:
    path.mkdir()
    (path / path.name).write_text("nested")


def put_link(path: Path, outside: Path) -> None:
    """Put a link to a valid file with a secret."""
    path.symlink_to(outside / path.name)


def put_gigantic(path: Path, outside: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HUGE)


PLACES: dict[str, Callable[[Path, Path], None]] = {
    "a folder": put_folder,
    "a link": put_link,
    "a link to itself": lambda path, outside: path.symlink_to(path.name),
    "a link to nothing": lambda path, outside: path.symlink_to(outside / "nothing"),
    "a link to a folder": lambda path, outside: path.symlink_to(outside),
    "a pipe": lambda path, outside: os.mkfifo(path),
    "gigantic": put_gigantic,
}
DAMAGES = (*CONTENTS, *PLACES)


def damage(path: Path, kind: str, outside: Path) -> None:
    """Replace a file by something else. A copy of it with a secret lies outside, as the target of links."""
    outside.mkdir(exist_ok=True)
    secret = rewritten(path, lambda value: f"{value}{SECRET}" if isinstance(value, str) else value, IDENTITY)
    (outside / path.name).write_bytes(secret if path.suffix in (".json", ".jsonl") else path.read_bytes())
    if kind in CONTENTS:
        path.write_bytes(CONTENTS[kind](path))
    else:
        path.unlink()
        PLACES[kind](path, outside)


def state_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the files in a folder with their times and contents."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


# --- reading --------------------------------------------------------------------------------------------


def outcome(read: Callable[[], Any]) -> str:
    """Return the result of a read as text, or its error, which must be one sentence."""
    try:
        with np.printoptions(threshold=20):
            return repr(read())
    except UserError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
        return f"refused: {error}"


def everything(store: RunStore, run: Run) -> dict[str, str]:
    """Return the outcome of every read of a run."""
    view = run.read()
    fields = ["config", "parent", "group", "label", "name", "created", "state", "network", "can_resume", "requests"]
    reads: dict[str, Callable[[], Any]] = {name: partial(getattr, view, name) for name in fields}
    reads |= {
        "digits": run.digits,
        "snapshots": run.snapshots,
        "sketches": run.sketches,
        "history": lambda: store.history(run),
        "readings": lambda: store.predictions(run),
        "row": lambda: index.read_row(run),
        "live": store.live,
        "evaluation": lambda: evaluation.read(run.path),
        "features": lambda: nearest_neighbors.read(run.path),
        "hash": lambda: network_hash(run.network_file),
        "keras": lambda: keras_file.matching_file(run.path / keras_file.FILE, run.network_file),
        "answers": lambda: Network(run.network_file).probabilities(np.zeros((1, 28, 28), np.float32)),
        "checkpoint": lambda: run.checkpoint.exists() and Checkpoint.load(run.checkpoint).weights.keys(),
        "continued": lambda: len(read_network(find_parent(store, run.id), TINY)),
    }
    reads |= {f"zip: {name}": partial(run_zip.make_file, run, name) for name in (*run_zip.REQUIRED, *run_zip.OPTIONAL)}
    reads |= {f"zip: {name}": partial(run_zip.make_file, run, name) for name in run_zip.DERIVED if name != "README.txt"}
    reads |= {"zip": lambda: len(run_zip.pack(run))}
    return {name: outcome(read) for name, read in reads.items()}


READ_FROM = {  # the reads that depend on each file of a run, and on no other file
    "checkpoint.npz": {"checkpoint"},
    "config.json": {"state", "config", "requests", "row", "parent", "group", "created"},
    "digits.npz": {"digits"},
    "evaluation.npz": {"evaluation"},
    "features.npz": {"features"},
    "history.jsonl": {"history", "row"},
    "meta.json": {"label", "row", "name"},
    "model.onnx": {"answers", "row"},
    "readings.jsonl": {"readings"},
    "requests.jsonl": {"requests"},
    "sketches.npz": {"sketches"},
    "snapshots.npz": {"snapshots"},
    "state.json": {"state", "row"},
}
REWRITTEN = ("other types", "NaN", "enormous", "large", "negative", "strange texts")


def still_readable(name: str, kind: str) -> bool:
    """Return whether a file with this damage may still be read with other values."""
    if ".json" in name:
        return kind in REWRITTEN or (kind == "half" and name.endswith(".jsonl"))
    return (name, kind) in {("model.onnx", "another network"), ("checkpoint.npz", "single numbers")}


@pytest.mark.parametrize("name", RUN)
def test_a_damaged_file_counts_as_missing_or_is_refused_and_the_others_are_read(folder, tmp_path, name):
    def copied(place: str) -> tuple[RunStore, Run]:
        store = RunStore(tmp_path / place)
        shutil.copytree(folder.run.path, store.root / folder.run.id)
        return store, store.get(folder.run.id)

    whole = everything(*copied("whole"))
    store, run = copied("missing")
    (run.path / name).unlink()
    missing = everything(store, run)
    own = READ_FROM.get(name, set())
    for place, kind in enumerate(DAMAGES):
        with case(kind):
            store, run = copied(f"damaged {place}")
            outside = tmp_path / f"outside {place}"
            damage(run.path / name, kind, outside)
            before = state_of(outside)
            outcomes = everything(store, run)
            assert SECRET not in "".join(outcomes.values())
            assert state_of(outside) == before
            for question in set().union(*READ_FROM.values()) - own:
                assert outcomes[question] == whole[question], question
            for question in own if not still_readable(name, kind) else ():
                refused = outcomes[question].startswith("refused: ")
                listed = (name, question) == ("model.onnx", "row") and outcomes[question] == whole[
                    question
                ]  # only its existence counts
                assert outcomes[question] == missing[question] or refused or listed, question


# --- pages --------------------------------------------------------------------------------------------


def words(node: Any) -> Iterator[str]:
    """Yield the text of every element of a page."""
    yield str(getattr(node, "proto", ""))
    for child in getattr(node, "children", {}).values():
        yield from words(child)


def visit(app: AppTest, page: str, **query: str) -> str:
    """Open a page by a link and return its text."""
    app.query_params.clear()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception, (page, query, app.exception[0].stack_trace)
    assert len(app.title) == 1
    shown = "".join(words(app.main))
    assert SECRET not in shown
    return shown


def listed(app: AppTest, sweep: str) -> str:
    """Return what Runs shows, with a sweep unfolded."""
    app.session_state["runs.unfolded"] = [sweep]
    return visit(app, "runs")


@pytest.fixture
def root(folder, runs_directory) -> Path:
    shutil.copytree(folder.root, runs_directory)
    return runs_directory


def copy(root: Path, run: Run, *names: str, kind: str, outside: Path) -> str:
    """Copy a run with some of its files damaged and return the copy's id."""
    run_id = new_id()
    shutil.copytree(root / run.id, root / run_id)
    for name in names:
        damage(root / run_id / name, kind, outside / run_id)
    return run_id


VITAL = {  # and the pages that read them
    "config.json": ("train", "draw", "runs"),
    "state.json": ("train", "runs"),
    "model.onnx": ("draw", "inside", "evaluate"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_pages_render_damaged_runs_beside_good_ones(app, folder, root, tmp_path, kind):
    outside = tmp_path / "outside"
    outside.mkdir()
    runs = [copy(root, folder.run, name, kind=kind, outside=outside) for name in VITAL]
    details = copy(root, folder.run, *(set(RUN) - VITAL.keys()), kind=kind, outside=outside)
    before, good = state_of(outside), state_of(root / folder.good.id)
    app.session_state.owner = ME
    app.run()
    for run_id, pages in zip(runs, VITAL.values(), strict=True):
        for page in pages:
            visit(app, page, run=run_id)
    both = ",".join([details, *runs, folder.good.id])
    for page in ("train", "evaluate", "runs"):
        visit(app, page, run=details)
    visit(app, "train", run=details, parent=runs[-1])
    for view in ("learning", "errors", "drawing"):
        visit(app, "compare", runs=both, view=view)
    visit(app, "sweep", sweep=folder.sweep)
    shown = listed(app, folder.sweep)
    assert "Number 1" in shown
    for run_id in (details, *runs):
        assert run_id in shown
    assert "Number 1" in visit(app, "runs", run=folder.good.id)
    wait_for(lambda: not is_evaluating(app))
    assert state_of(outside) == before and state_of(root / folder.good.id) == good


def is_evaluating(app: AppTest) -> bool:
    """Return whether an evaluation is still being computed again."""
    from ui import background

    return any(task.running for task in background._tasks().values())


@pytest.mark.parametrize("kind", DAMAGES)
def test_pages_render_with_damaged_files_beside_the_runs(app, folder, root, tmp_path, kind):
    outside = tmp_path / "outside"
    outside.mkdir()
    for place, name in enumerate(BESIDE):
        (path,) = root.glob(name)
        damage(path, kind, outside / str(place))
    before, good = state_of(outside), state_of(root / folder.good.id)
    app.session_state.owner = ME
    app.run()
    visit(app, "draw")
    visit(app, "data", dataset=folder.data)
    visit(app, "train", parent="shipped")
    visit(app, "sweep", sweep=folder.sweep)
    visit(app, "evaluate")
    shown = listed(app, folder.sweep)
    assert "Number 0" in shown and "Number 1" in shown
    wait_for(lambda: not is_evaluating(app))
    assert state_of(outside) == before and state_of(root / folder.good.id) == good


# --- foreign files ------------------------------------------------------------------------------------


def test_foreign_files_and_folders_are_left_alone(app, folder, root, tmp_path):
    outside = tmp_path / "outside"
    shutil.copytree(folder.run.path, outside / folder.run.id)
    (outside / folder.run.id / "meta.json").write_text(json.dumps({"name": SECRET}))
    (outside / folder.run.id / ".0a1b2c3d.meta.json").write_text("left over, and not ours")
    foreign = [
        root / name
        for name in ("notes.txt", "a\nb", "<b>x</b>.json", "20260101-000000-abcdef.txt", "٢٠٢٦٠١٠١-000000-abcdef")
    ]
    foreign += [root / folder.good.id / "sub" / "state.json", root / "20260101-000000-abcdeg" / "x", root / ".new-mine"]
    for path in foreign:
        path.parent.mkdir(exist_ok=True)
        path.write_text("foreign")
    Path(os.fsdecode(os.fsencode(root) + b"/\xff\xfe.json")).write_text("foreign")
    for place in range(1_000):
        (root / f"folder {place}").mkdir()
    (root / "20260101-000000-00000a").write_text("no folder")
    (root / "20260101-000000-00000b").symlink_to(outside / folder.run.id)
    (root / "20260101-000000-00000c").symlink_to(root / folder.good.id)
    (root / ".new-link").symlink_to(outside)
    shutil.rmtree(root / "trash")
    (root / "trash").symlink_to(outside)
    (root / "sweeps" / "20260101-000000-00000d.json").symlink_to(outside / folder.run.id / "config.json")
    for path in (outside / folder.run.id / ".0a1b2c3d.meta.json", outside / folder.run.id):
        os.utime(path, (0, 0))
    before, good = state_of(outside), state_of(root / folder.good.id)
    app.session_state.owner = ME
    app.run()
    shown = listed(app, folder.sweep)
    assert "Number 0" in shown and "Number 1" in shown
    for run_id in ("20260101-000000-00000a", "20260101-000000-00000b", "99999999-999999-ffffff"):
        for page in ("train", "draw", "runs", "evaluate"):
            visit(app, page, run=run_id)
        visit(app, "compare", runs=f"{run_id},{folder.good.id}")
    visit(app, "sweep", sweep="20260101-000000-00000d")
    engine = app.session_state.engine
    assert {run.id for run in engine.runs.runs()} == {folder.run.id, folder.good.id}
    engine.runs.remove_leftovers(before=float("inf"))
    with pytest.raises(UserError, match="to be deleted"):
        engine.delete(folder.run.id, ME)
    assert state_of(outside) == before
    assert state_of(root / folder.good.id) == good
    assert all(path.read_text() == "foreign" for path in foreign)


def test_an_id_that_is_no_date_is_a_normal_run(store_of, folder):
    store = store_of("99999999-999999-ffffff")
    (run,) = store.runs()
    assert run.read().created > 0
    (run.path / "config.json").write_text("{}")
    assert run.read().created == 0 and run.state.phase == "damaged" and index.read_row(run).phase == "damaged"


@pytest.fixture
def store_of(folder, tmp_path) -> Callable[[str], RunStore]:
    """Return a function that makes a store with a copy of the run under another id."""

    def make(run_id: str) -> RunStore:
        shutil.copytree(folder.run.path, tmp_path / "runs" / run_id)
        return RunStore(tmp_path / "runs")

    return make


def test_nothing_is_written_through_a_link_in_a_run(store_of, folder, tmp_path):
    (run,) = store_of(folder.run.id).runs()
    outside = tmp_path / "outside.txt"
    outside.write_text(SECRET)
    for name in ("requests.jsonl", "meta.json", "state.json"):
        (run.path / name).unlink()
        (run.path / name).symlink_to(outside)
    with pytest.raises((OSError, UserError)):
        run.request("stop")
    run.describe(name="new")
    run.update(phase="stopped")
    assert outside.read_text() == SECRET
    assert run.read().name == "new" and run.state.phase == "stopped" and not (run.path / "state.json").is_symlink()


@pytest.mark.parametrize("kind", ["a folder", "a link", "a link to nothing", "a pipe"])
def test_an_invalid_lock_stops_the_engine_and_an_invalid_log_is_a_reported_problem(tmp_path, kind):
    for name in (".engine.lock", LOG):
        root, outside = tmp_path / f"runs {name}", tmp_path / f"outside {name}"
        root.mkdir()
        outside.mkdir()
        (outside / name).write_text(SECRET)
        PLACES[kind](root / name, outside)
        if name == LOG:
            engine = Engine(root)
            wait_for(lambda engine=engine: engine.problem)
            engine.close()
        else:
            with pytest.raises(UserError, match="must be writable"):
                Engine(root)
        assert (outside / name).read_text() == SECRET and [path.name for path in outside.iterdir()] == [name]
