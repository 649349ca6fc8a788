"""What is kept of a visitor: counted, copied into one zip, and deleted for good, trainings that go on included."""

import json
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from distributed import LocalCluster

from harness.waiting import wait_for
from tests.support.jobs import run_until_released
from trainer import UserError, my_data
from trainer.classroom.classrooms import Classrooms
from trainer.config.training import TrainingConfig
from trainer.jobs.engine import Engine
from trainer.my_data import MyData
from trainer.runs.index import RunIndex
from trainer.runs.owner import owner_hash
from trainer.shipped import network as shipped

pytestmark = pytest.mark.slow  # starts processes

ME, OTHER = "my token", "your token"
IMAGE = np.linspace(0, 1, 784, dtype=np.float32).reshape(28, 28)


@pytest.fixture
def engine(cluster: LocalCluster, tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(tmp_path / "runs", address=cluster.scheduler_address, job=run_until_released)
    yield engine
    for run in engine.runs.runs():
        (run.path / "go").touch()
    wait_for(lambda: not any(run.state.live for run in engine.runs.runs()))
    engine.close()


@pytest.fixture
def data(engine: Engine) -> MyData:
    """A visitor's drawings, class and runs, beside those of another one who has as much."""
    classroom, _ = Classrooms(engine.runs.root).open("6b")
    for token in (ME, OTHER):
        engine.collection(token).add(IMAGE, 7, 1)
        engine.collection(token).path.with_name("class.txt").write_text(classroom.code)
        classroom.join(owner_hash(token), f"Name of {token}")
        classroom.save_drawing(owner_hash(token), 3, IMAGE)
        for name in ("One", "Two"):
            run = engine.runs.create(shipped.CONFIG, owner_hash(token))
            run.network_file.write_bytes(shipped.PATH.read_bytes())
            run.update(phase="finished", test_accuracy=0.99)
            run.describe(name=f"{name} of {token}")
        engine.delete(run.id, token)
    return MyData(engine, ME, RunIndex(engine.runs))


def test_everything_is_counted(data: MyData) -> None:
    there = data.inventory()
    assert (there.drawings, there.runs, there.deleted_runs, there.datasets) == (1, 1, 1, 0)
    assert there.classes == (("6b", "Name of my token", 1),) and not there.is_empty
    assert there.run_bytes > 10_000 and there.drawing_bytes > 0


def test_the_zip_holds_all_that_is_mine_and_nothing_else(data: MyData) -> None:
    file = BytesIO()
    data.pack(file)
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        (run,) = (name for name in names if name.startswith("runs/"))
        with zipfile.ZipFile(BytesIO(archive.read(run))) as packed:
            assert {"config.json", "model.onnx"} <= {*packed.namelist()}
        (member,) = (name for name in names if name.endswith("member.json"))
        assert json.loads(archive.read(member))["nickname"] == "Name of my token"
        with np.load(BytesIO(archive.read(member.replace("member.json", "digits.npz")))) as digits:
            assert digits["labels"].tolist() == [3] and digits["images"].shape == (1, 28, 28)
        with np.load(BytesIO(archive.read("drawings/drawings.npz"))) as drawings:
            assert drawings["labels"].tolist() == [7]
        assert not any(b"your token" in archive.read(name) for name in names)
        assert {"README.txt", "settings/class.txt"} <= {*names}


def test_a_run_without_room_in_the_zip_is_named_in_it(data: MyData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(my_data, "MAX_BYTES", 10_000)
    file = BytesIO()
    data.pack(file)
    with zipfile.ZipFile(file) as archive:
        assert not any(name.startswith("runs/") for name in archive.namelist())
        assert "no room for these" in archive.read("README.txt").decode() and file.tell() < 20_000


def test_everything_is_deleted_for_good_and_others_keep_theirs(data: MyData, engine: Engine) -> None:
    parts: list[float] = []
    data.delete(lambda fraction, activity="": parts.append(fraction))
    assert data.inventory().is_empty and parts == sorted(parts)
    assert not engine.collection(ME).path.parent.exists()
    left = MyData(engine, OTHER, RunIndex(engine.runs)).inventory()
    assert (left.drawings, left.runs, left.deleted_runs, len(left.classes)) == (1, 1, 1, 1)
    mine = [owner_hash(ME).encode(), b"my token"]
    for path in filter(Path.is_file, engine.runs.root.rglob("*")):
        content = path.read_bytes()
        assert not any(secret in content for secret in mine), path


def test_waiting_and_running_trainings_are_stopped_first(data: MyData, engine: Engine) -> None:
    ids = [engine.submit(TrainingConfig(), ME) for _ in range(3)]  # two run, one waits
    wait_for(lambda: [engine.runs.get(run_id).state.phase for run_id in ids].count("running") == 2)
    data.delete()
    assert [engine.runs.get(run_id) for run_id in ids] == [None] * 3 and engine.live_runs(ME) == []
    assert data.inventory().is_empty


def test_a_training_that_does_not_end_is_named(data: MyData, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(my_data, "STOP_SECONDS", 0)
    run = engine.runs.create(TrainingConfig(), owner_hash(ME))
    run.update(phase="running")  # of a worker that nobody sees
    with pytest.raises(UserError, match="1 of yours goes on"):
        data.delete()
    there = data.inventory()
    assert (there.drawings, there.runs, there.deleted_runs) == (0, 1, 0)
    run.update(phase="interrupted")
