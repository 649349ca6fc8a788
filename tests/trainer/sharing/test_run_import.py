"""Imports of run zips, and attacks on the file format: each is refused with one sentence and leaves nothing.

Longer than 300 lines because every file of a zip is attacked on its own.
"""

import io
import json
import pickle
import stat
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainer import UserError
from trainer.config.layers import BatchNormalization, Conv2D, Dense, MaxPooling2D
from trainer.config.training import TrainingConfig
from trainer.jobs import job
from trainer.networks import model, onnx_import, onnx_reader, onnx_writer
from trainer.networks.inference import Network
from trainer.networks.onnx_import import rewrite
from trainer.runs.owner import owner_hash
from trainer.runs.store import RunStore
from trainer.sharing import run_import, run_zip

pytestmark = pytest.mark.slow  # trains with Keras and starts processes

CONFIG = TrainingConfig(
    layers=(Conv2D(4, 5, 3), BatchNormalization(0.9), MaxPooling2D(2), Dense(16, "relu")), batch_size=20, epochs=1
)
FILES = ("config.json", "model.onnx", "state.json", "meta.json", "history.jsonl", "digits.npz", "snapshots.npz")
ME = owner_hash("me")


@pytest.fixture(scope="module")
def trained(few_digits, tmp_path_factory):
    """A trained run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITLAB_DATA", str(few_digits))
        run = RunStore(tmp_path_factory.mktemp("elsewhere") / "runs").create(CONFIG, owner_hash("somebody"))
        job.run(str(run.path))
    run.describe(name="My *first*", note="of\nthree", pinned=True)
    assert run.state.phase == "finished", run.state.error
    return run


@pytest.fixture(scope="module")
def files(trained):
    return {name: (trained.path / name).read_bytes() for name in FILES}


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def same_process(monkeypatch):
    """Rewrite networks in this process, since starting another one takes a second."""
    monkeypatch.setattr(run_import, "import_onnx", rewrite)


def zipped(files, **options):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def refused(store, content, words=""):
    """Assert that a zip is refused with one sentence, and that nothing is written."""
    with pytest.raises(UserError) as caught:
        run_import.import_run(store, content, ME)
    sentence = str(caught.value)
    assert words in sentence and sentence.endswith(".") and "\n" not in sentence and len(sentence) < 700, sentence
    assert not store.root.exists() or not list(store.root.iterdir())
    return sentence


# --- whole runs ---------------------------------------------------------------------------------------------


def test_an_imported_run_equals_the_downloaded_one(store, trained, files):
    run = run_import.import_run(store, zipped(files), ME)
    assert run.config == CONFIG and run.read().label == trained.read().label and not run.read().parent
    before, state = trained.state, run.state
    assert (state.phase, state.owner, state.data) == ("finished", ME, "MNIST")
    assert state.note.startswith("imported from a file, trained on 2")
    for name in ("test_accuracy", "test_loss", "train_count", "seconds", "steps", "examples", "device", "data_hash"):
        assert getattr(state, name) == getattr(before, name)
    history = RunStore(trained.path.parent).history(trained)
    assert store.history(run) == history and any("reads" in line for line in history)
    for imported, original in zip(
        (*run.digits(), *run.snapshots()), (*trained.digits(), *trained.snapshots()), strict=True
    ):
        np.testing.assert_array_equal(imported, original)
    images = np.random.default_rng(0).random((20, 28, 28), np.float32)
    np.testing.assert_array_equal(
        Network(run.network).layer("output", images), Network(trained.network).probabilities(images)
    )
    assert {path.name for path in run.path.iterdir()} == set(FILES) and not run.read().can_resume


def test_a_downloaded_zip_can_be_imported(store, trained):
    run = run_import.import_run(store, run_zip.pack(trained), ME)
    images = np.random.default_rng(1).random((20, 28, 28), np.float32)
    imported, original = (Network(one.network).probabilities(images) for one in (run, trained))
    np.testing.assert_array_equal(imported, original)
    assert run.read().label == trained.read().label and store.history(run) and run.snapshots()


def test_a_zip_of_the_network_and_its_config_is_enough(store, files, same_process):
    run = run_import.import_run(store, zipped({name: files[name] for name in ("config.json", "model.onnx")}), ME)
    assert run.state.phase == "finished" and run.state.note.startswith("imported from a file") and run.network
    assert not store.history(run) and run.digits() is None


def test_a_run_imported_twice_keeps_the_date_of_its_training(store, files, trained, same_process):
    first = run_import.import_run(store, zipped(files), ME)
    again = {name: (first.path / name).read_bytes() for name in FILES}
    second = run_import.import_run(store, zipped(again), ME)
    assert second.id != first.id and second.state.note == first.state.note
    assert first.read().started == second.read().started == trained.read().created < first.read().created
    older = json.loads(again["config.json"])  # as an earlier version wrote it, with the date of the import only
    del older["trained"]
    third = run_import.import_run(store, zipped(again | {"config.json": json.dumps(older).encode()}), ME)
    assert third.read().trained is None and third.state.note == first.state.note
    assert (second.path / "model.onnx").read_bytes() == (first.path / "model.onnx").read_bytes()


def test_files_for_other_programs_are_never_opened(store, files, same_process):
    bomb = zipped({**files, "network.keras": pickle.dumps("never"), "report.html": b"0" * 10**8})
    run = run_import.import_run(store, bomb, ME)
    assert {path.name for path in run.path.iterdir()} == set(FILES)


def test_a_parent_is_kept_if_it_exists(store, files, same_process):
    asked = json.loads(files["config.json"])
    existing = run_import.import_run(store, zipped(files), ME)
    for parent, named in (
        (existing.id, existing.id),
        ("shipped", "shipped"),
        ("20260101-000000-abcdef", ""),
        ("../..", ""),
        (7, ""),
    ):
        content = json.dumps(asked | {"parent": parent, "group": "x"}).encode()
        run = run_import.import_run(store, zipped({**files, "config.json": content}), ME)
        assert (run.read().parent, run.read().group) == (named, "")


@pytest.mark.parametrize(
    ("before", "after"),
    [("running", "stopped"), ("paused", "stopped"), ("anything", "stopped"), ("interrupted", "interrupted")],
)
def test_an_unfinished_run_is_imported_as_ended(store, files, same_process, before, after):
    state = json.loads(files["state.json"]) | {"phase": before, "note": "stopped by its owner"}
    run = run_import.import_run(store, zipped({**files, "state.json": json.dumps(state).encode()}), ME)
    assert run.state.phase == after and run.state.note.startswith("stopped by its owner; imported from a file")
    assert not run.read().can_resume


def test_foreign_texts_are_not_shown_as_the_apps_own(store, files, same_process):
    evil = "![](http://x/y.png) <b>"
    texts = dict.fromkeys(("error", "note", "activity", "device", "data", "data_hash", "owner", "other"), evil)
    changed = {
        "state.json": json.dumps(json.loads(files["state.json"]) | texts).encode(),
        "meta.json": json.dumps({"name": "a\u202e\ud800b\n", "note": "c\x00d", "pinned": 1, "more": []}).encode(),
    }
    run = run_import.import_run(store, zipped({**files, **changed}), ME)
    assert evil not in (run.path / "state.json").read_text() and run.state.phase == "finished"
    assert (run.read().label.name, run.read().label.note, run.read().label.pinned) == ("a b", "c d", False)


def test_an_uploaded_data_set_must_exist_before_the_import(store, files, same_process):
    own = json.loads(files["config.json"])
    own["config"]["dataset"] = f"own-28x28-{16 * 'a'}"
    sentence = refused(store, zipped({**files, "config.json": json.dumps(own).encode()}), "28 x 28")
    assert "on the page Data" in sentence


# --- zips that are none of ours -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../config.json",
        "/config.json",
        "run/config.json",
        "./config.json",
        "..\\config.json",
        "C:\\config.json",
        "C:config.json",
        "CONFIG.JSON",
        "config.json ",
        "config.json\x00.txt",
        "con\u212aig.json",
        "checkpoint.npz",
        "requests.jsonl",
        "drawings.npz",
        "model.keras",
        "run/",
        "__MACOSX/._config.json",
        "a" * 60_000,
    ],
)
def test_other_names_are_refused(store, files, name):
    info = zipfile.ZipInfo("placeholder")
    info.filename = name  # else what is behind a NUL is cut off
    stream = io.BytesIO(zipped(files))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(info, b"{}")
    refused(store, stream.getvalue(), "does not belong there")


@pytest.mark.parametrize("missing", ["config.json", "model.onnx"])
def test_required_files_must_be_in_the_zip(store, files, missing):
    refused(store, zipped({name: files[name] for name in FILES if name != missing}), f"without {missing}")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_special_files_are_refused(store, files, kind):
    info = zipfile.ZipInfo("config.json")
    info.external_attr = (kind | 0o777) << 16
    stream = io.BytesIO(zipped({name: files[name] for name in FILES[1:]}))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(info, b"/etc/passwd")
    refused(store, stream.getvalue(), "a link, a folder or something else")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_twice_is_refused(store, files):
    stream = io.BytesIO(zipped(files))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("config.json", b"{}")
    refused(store, stream.getvalue(), "config.json twice")


def patched(content, name, local, central):
    """Return a zip with bytes put into a file's local head and its entry in the list: (place, bytes) each."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = archive.getinfo(name).header_offset
    listed = content.rindex(name.encode()) - 46
    changed = bytearray(content)
    for begin, (place, new) in ((start, local), (listed, central)):
        changed[begin + place : begin + place + len(new)] = new
    return bytes(changed)


def test_an_encrypted_file_is_refused(store, files):
    content = patched(zipped(files), "config.json", (6, b"\x01\x00"), (8, b"\x01\x00"))
    refused(store, content, "with a password")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_methods_are_refused(store, files, method):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    refused(store, stream.getvalue(), "compressed in a way")


ZEROS = 10**9


@pytest.fixture(scope="module")
def bomb():
    """1 GB of zeros in 1 MB, and their checksum."""
    packer, million, sum_ = zlib.compressobj(9, wbits=-15), bytes(10**6), 0
    packed = packer.compress(million) + packer.flush(zlib.Z_FULL_FLUSH)  # what follows knows nothing of it
    for _ in range(ZEROS // len(million)):
        sum_ = zlib.crc32(million, sum_)
    return packed * (ZEROS // len(million)) + packer.flush(), sum_


@pytest.mark.parametrize("name", ["model.onnx", "history.jsonl", "config.json"])
@pytest.mark.parametrize("told", [ZEROS, 1000], ids=["truly", "with a lie"])
def test_a_gigabyte_of_zeros_takes_no_memory(store, files, bomb, name, told):
    packed, sum_ = bomb
    stream, others = io.BytesIO(), {other: files[other] for other in FILES if other != name}
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for other, content in others.items():
            archive.writestr(other, content)
        archive.writestr(zipfile.ZipInfo(name), packed)  # as it is
    sizes = struct.pack("<HLLL", zipfile.ZIP_DEFLATED, sum_, len(packed), told)
    times, small = b"\x00\x00\x21\x00", sizes[:2]
    content = patched(stream.getvalue(), name, (8, small + times + sizes[2:]), (10, small + times + sizes[2:]))
    assert len(content) < 1_100_000
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.getinfo(name).file_size == told
    tracemalloc.start()
    try:
        refused(store, content, f"{name} of more than")
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("told", [1, 200, 50_000])
def test_a_false_size_is_refused(store, files, told):
    size = struct.pack("<L", told)
    refused(store, patched(zipped(files), "config.json", (22, size), (24, size)), "were declared")


def test_a_wrong_checksum_is_refused(store, files):
    content = patched(zipped(files), "config.json", (14, b"\x00\x01\x02\x03"), (16, b"\x00\x01\x02\x03"))
    refused(store, content, "a damaged file")


def test_overlapping_files_are_refused(store, files):
    content = bytearray(zipped(files))
    places = []
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        places = [archive.getinfo(name).header_offset for name in ("digits.npz", "snapshots.npz")]
    listed = content.rindex(b"snapshots.npz") - 46
    content[listed + 42 : listed + 46] = struct.pack("<L", places[0] + 10)
    refused(store, bytes(content), "inside another of its files")


def test_files_that_are_not_zips_are_refused(store, files):
    whole = zipped(files)
    comment = io.BytesIO(whole)
    with zipfile.ZipFile(comment, "a") as archive:
        archive.comment = b"hello"
    for content, words in [
        (b"", "an empty file"),
        (b"hello", "not a zip"),
        (pickle.dumps({"a": 1}), "not a zip"),
        (files["model.onnx"], "not a zip"),
        (zipped({}), "not a zip"),
        (b"MZ program" + whole, "not a zip"),
        (b"PK\x03\x04 program" + whole, "parts that belong to no file"),
        (whole + b"more", "added to its end"),
        (comment.getvalue(), "added to its end"),
        (whole[: len(whole) // 2], "a part of a zip"),
        (whole[:-10], "a part of a zip"),
        (whole[:100] + whole[300:], "belong to no file"),
        (bytes(run_import.MAX_ZIP_BYTES + 1), "more than 60"),
    ]:
        refused(store, content, words)


def test_a_zip_of_very_many_files_is_refused_before_listing_them(store):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(3_000):
            archive.writestr(f"{number}", b"")
    refused(store, stream.getvalue(), "a zip of 3,000 files")


# --- files that are none of ours ------------------------------------------------------------------------------


def config(**changes):
    return json.dumps({"config": json.loads(CONFIG.to_json()) | changes}).encode()


ARRAY = np.zeros((2, 28, 28), np.uint8)
DEEP = b"[" * 90_000


def head(shape, dtype="|u1"):
    """Return an array file that says it is very large."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.json", b"", "a damaged config.json"),
        ("config.json", b"[]", "a damaged config.json"),
        ("config.json", DEEP, "a damaged config.json"),
        ("config.json", b"\xff\xfe", "a damaged config.json"),
        ("config.json", b"{}", "a configuration that cannot be trained"),
        ("config.json", config(layers=7), "got: Expected array, got int in layers"),
        ("config.json", config(layers=[{"name": "Lambda", "function": "x"}]), "Invalid value 'Lambda' in layers"),
        ("config.json", config(epochs=0), "Epochs must be"),
        ("config.json", config(learning_rate=1e999), "must be JSON"),
        ("config.json", config(dataset=[]), "Expected str, got array in dataset"),
        ("config.json", config(dataset="../../etc/passwd"), "The data set must be one of"),
        ("config.json", config(layers=[{"name": "Dense", "units": 2048}] * 5), "at most 5,000,000 parameters"),
        ("config.json", config(layers=[{"name": "Conv2D", "filters": 300}] * 3, batch_size=8), "multiply-adds"),
        ("config.json", config(layers=[{"name": "Dense", "units": 9}]), "weights of its layers"),
        ("model.onnx", b"", "weights of its layers"),
        ("model.onnx", b"\x08\x01broken", "weights of its layers"),
        ("model.onnx", pickle.dumps([1]), "weights of its layers"),
        ("state.json", b"7", "a damaged state.json"),
        ("state.json", b'{"phase": []}', "a list as the phase"),
        ("state.json", b'{"seconds": "1"}', "'1' as seconds"),
        ("state.json", b'{"seconds": NaN}', "nan as seconds"),
        ("state.json", b'{"seconds": 1e999}', "inf as seconds"),
        ("state.json", b'{"steps": true}', "True as steps"),
        ("state.json", b'{"steps": -1}', "-1 as steps"),
        ("state.json", b'{"examples": 1' + b"0" * 400 + b"}", "as examples"),
        ("state.json", b'{"test_accuracy": 1.01}', "1.01 as test_accuracy"),
        ("state.json", b'{"test_loss": {}}', "a dict as test_loss"),
        ("meta.json", b"{", "a damaged meta.json"),
        ("meta.json", b'{"name": 7}', "a name in meta.json"),
        ("meta.json", json.dumps({"name": "a" * 81}).encode(), "a name in meta.json"),
        ("meta.json", json.dumps({"note": "a" * 1001}).encode(), "a note in meta.json"),
        ("history.jsonl", b"hello\n", "a damaged history.jsonl"),
        ("history.jsonl", b"7\n", "a damaged history.jsonl"),
        ("history.jsonl", b"{}\n", "an unexpected line in history.jsonl"),
        ("history.jsonl", b"\n" * 50_001, "more than 50,000 lines"),
        ("history.jsonl", b'{"a": "' + b"b" * 5_000 + b'"}', "above 4,000 bytes"),
        ("history.jsonl", DEEP[:3_999] + b"\n", "a damaged history.jsonl"),
        ("digits.npz", b"", "digits.npz in a run's zip"),
        ("digits.npz", pickle.dumps([1]), "not a zip"),
        ("digits.npz", npz(images=ARRAY), "not an array"),
        ("digits.npz", npz(images=ARRAY, labels=np.array([{}, {}])), "never unpickled"),
        ("digits.npz", npz(images=ARRAY, labels=np.zeros(2)), "'float64'"),
        ("digits.npz", npz(images=ARRAY, labels=np.zeros(3, np.uint8)), "with the shapes"),
        ("digits.npz", npz(images=ARRAY[:, :20], labels=ARRAY[:, 0, 0]), "with the shapes"),
        ("digits.npz", npz(images=ARRAY[:0], labels=ARRAY[:0, 0, 0]), "with the shapes"),
        ("digits.npz", npz(images=ARRAY, labels=ARRAY[:, 0, 0] + 10), "the label 10"),
        ("digits.npz", npz(images=ARRAY, labels=ARRAY[:, 0, 0], more=ARRAY), "does not belong there"),
        ("digits.npz", zipped({"images.npy": head((10**12,)), "labels.npy": head((2,))}), "number of values"),
        ("digits.npz", zipped({"images.npy": head((-1, -1)), "labels.npy": head((2,))}), "number of values"),
        ("digits.npz", zipped({"images.npy": b"\x93NUMPY\x09\x00", "labels.npy": b""}), "not an array"),
        ("digits.npz", zipped({"images.npy": head("(" * 90), "labels.npy": b""}), "not an array"),
        ("digits.npz", zipped({"images.npy": bytes(10**6), "labels.npy": b""}), "images.npy of more than"),
        ("snapshots.npz", npz(steps=np.arange(3), weights=np.zeros((2, 4, 5, 5), np.float16)), "with the shapes"),
        ("snapshots.npz", npz(steps=np.arange(2), weights=np.zeros((2, 4, 99, 5), np.float16)), "with the shapes"),
        ("snapshots.npz", npz(steps=np.arange(2), weights=np.zeros((2, 4, 5, 5))), "'float64'"),
        (
            "snapshots.npz",
            npz(steps=np.arange(2), weights=np.full((2, 4, 5, 5), np.nan, np.float16)),
            "unexpected numbers in snapshots.npz",
        ),
        (
            "snapshots.npz",
            npz(steps=np.array([2, 1]), weights=np.zeros((2, 4, 5, 5), np.float16)),
            "unexpected numbers in snapshots.npz",
        ),
    ],
)
def test_a_changed_file_is_refused(store, files, same_process, name, content, words):
    refused(store, zipped({**files, name: content}), words)


LINE = {"kind": "batch", "epoch": 1, "step": 5, "loss": 1.0, "accuracy": 0.5, "learning_rate": 0.01, "seconds": 1.0}


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "other"},
        {"kind": []},
        {"epoch": 0},
        {"epoch": 201},
        {"step": 1.5},
        {"step": None},
        {"step": -1},
        {"loss": "much"},
        {"loss": float("nan")},
        {"loss": float("inf")},
        {"accuracy": 2},
        {"val_accuracy": -1},
        {"seconds": [1]},
        {"learning_rate": 1e9},
        {"memory": 1.5},
        {"reads": 7},
        {"reads": [10]},
        {"reads": ["1"]},
        {"reads": [1] * 17},
    ],
)
def test_an_unexpected_line_is_refused(store, files, same_process, changes):
    good = (json.dumps(LINE) + "\n").encode()
    bad = (json.dumps(LINE | changes) + "\n").encode()
    refused(store, zipped({**files, "history.jsonl": good + bad}), "history.jsonl")


def test_decreasing_steps_are_refused(store, files, same_process):
    lines = "".join(json.dumps(LINE | {"step": step}) + "\n" for step in (5, 4))
    refused(store, zipped({**files, "history.jsonl": lines.encode()}), "steps go back")


def test_unknown_keys_and_an_incomplete_last_line_are_dropped(store, files, same_process):
    content = json.dumps(LINE | {"text": "<b>", "accuracy": 1.0000001}).encode() + b'\n{"kind": "ba'
    run = run_import.import_run(store, zipped({**files, "history.jsonl": content}), ME)
    assert store.history(run) == [LINE | {"accuracy": 1.0000001}]


# --- networks -------------------------------------------------------------------------------------------------


def written(change):
    """Return a network of the config whose weights were changed."""
    found = model.weights(model.build(CONFIG))
    change(found)
    return onnx_writer.to_onnx(found, CONFIG)


def put(name, place, value):
    def change(found):
        found[name][place] = np.asarray(value(found[name][place]), np.float32)

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put("output", 0, lambda kernel: kernel * np.nan), "NaN or infinity in output"),
        (put("output", 1, lambda bias: bias + np.inf), "NaN or infinity in output"),
        (put("output", 0, lambda kernel: kernel.T), "other shapes in output"),
        (put("output", 1, lambda bias: bias[None]), "other shapes in output"),
        (put("conv2d_2", 0, lambda kernel: kernel.reshape(-1)), "other shapes in conv2d_2"),
        (put("batch_normalization_3", 3, lambda variance: variance - 2), "far too large"),
    ],
)
def test_invalid_weights_are_refused(store, files, change, words):
    refused(store, zipped({**files, "model.onnx": written(change)}), words)


def test_weights_of_another_network_are_refused_by_the_separate_process(store, files):
    other = TrainingConfig(layers=(Dense(9),))
    content = onnx_writer.to_onnx(model.weights(model.build(other)), other)
    refused(store, zipped({**files, "model.onnx": content}), "weights of its layers")


def test_a_foreign_graph_is_never_executed(store, files):
    """Only the numbers are taken over: with other operations in it the file comes out as this app writes it."""
    import onnx

    foreign = onnx.load_from_string(files["model.onnx"])
    del foreign.graph.node[:]
    foreign.graph.node.append(onnx.helper.make_node("Loop", ["image"], ["probabilities"], domain="evil"))
    foreign.doc_string = "x" * 1000
    run = run_import.import_run(store, zipped({**files, "model.onnx": foreign.SerializeToString()}), ME)
    kept = run.network.read_bytes()
    assert b"evil" not in kept and kept == rewrite(files["model.onnx"], CONFIG)


def test_a_process_that_takes_too_long_raises_a_sentence(files):
    with pytest.raises(UserError, match="try again later"):
        onnx_import.import_onnx(files["model.onnx"], CONFIG, timeout=0.01)


def test_the_expected_shapes_are_those_of_keras():
    network = model.build(CONFIG)
    found = model.weights(network)
    assert {row.name: [*row.layer.weight_shapes(row.input_shape)] for row in CONFIG.table if row.parameters} == {
        name: [array.shape for array in arrays] for name, arrays in found.items() if arrays
    }
    onnx_import.check_weights(onnx_reader.read(onnx_writer.to_onnx(found, CONFIG), CONFIG), CONFIG)


# --- whatever comes -------------------------------------------------------------------------------------------


def reads_well(store, run):
    state = run.state
    assert state.phase in ("finished", "stopped", "failed", "interrupted") and state.owner == ME
    assert run.config and run.read().name and isinstance(run.read().parent, str)
    said = Network(run.network).probabilities(np.zeros((1, *run.config.table[0].input_shape), np.float32))
    assert np.isfinite(said).all()
    assert all(line["kind"] in ("batch", "epoch") for line in store.history(run))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(FILES),
    place=st.integers(0, 10**6),
    new=st.binary(max_size=8),
    cut=st.integers(0, 40),
    outside=st.booleans(),
)
def test_a_changed_zip_is_refused_or_imported(store, files, same_process, name, place, new, cut, outside):
    """Change bytes of a file before it is packed, or of the zip itself."""

    def changed(content):
        at = place % (len(content) + 1)
        return content[:at] + new + content[at + cut :]

    content = changed(zipped(files)) if outside else zipped({**files, name: changed(files[name])})
    before = set(store.root.iterdir()) if store.root.exists() else set()
    try:
        run = run_import.import_run(store, content, ME)
    except UserError as error:
        assert str(error).endswith(".")
        assert before == (set(store.root.iterdir()) if store.root.exists() else set())
    else:
        reads_well(store, run)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=values)
def test_any_value_in_any_place_is_refused_or_imported(store, files, same_process, data, value):
    """Replace a JSON value with any other."""
    name = data.draw(st.sampled_from(["config.json", "state.json", "meta.json", "history.jsonl"]))
    lines = [json.loads(line) for line in files[name].splitlines()] if name.endswith("l") else [json.loads(files[name])]
    inside = data.draw(st.sampled_from(lines))
    inside = inside["config"] if name == "config.json" and data.draw(st.booleans()) else inside
    inside[data.draw(st.sampled_from(sorted(inside)))] = value
    content = "\n".join(map(json.dumps, lines)).encode()
    try:
        run = run_import.import_run(store, zipped({**files, name: content}), ME)
    except UserError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
    else:
        reads_well(store, run)
