"""A teacher pauses, resumes, stops and freezes the trainings of the class, and of nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from harness.waiting import wait_for
from tests.support.jobs import run_until_released as job
from trainer import UserError
from trainer.classroom.classroom import Classroom
from trainer.classroom.classrooms import Classrooms
from trainer.classroom.teacher import Teacher
from trainer.config.training import TrainingConfig
from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash

CONFIG = TrainingConfig()


@pytest.fixture
def classrooms(tmp_path: Path) -> Classrooms:
    return Classrooms(tmp_path / "runs")


@pytest.fixture
def engine(cluster: LocalCluster, tmp_path: Path, classrooms: Classrooms) -> Iterator[Engine]:
    address = cluster.scheduler_address
    engine = Engine(tmp_path / "runs", address=address, job=job, held=classrooms.frozen_owners)
    yield engine
    for run in engine.runs.runs():
        (run.path / "go").touch()
    wait_for(lambda: all(run.state.ended or run.state.phase == "paused" for run in engine.runs.runs()))
    engine.close()


def opened(classrooms: Classrooms, *pupils: str) -> tuple[Classroom, Teacher]:
    classroom, secret = classrooms.open()
    for pupil in pupils:
        classroom.join(owner_hash(pupil))
    return classroom, Teacher.of_link(classroom, secret)


def phase(engine: Engine, run_id: str) -> str:
    return engine.runs.get(run_id).state.phase


def test_a_wrong_or_an_old_secret_makes_no_teacher(classrooms: Classrooms) -> None:
    classroom, teacher = opened(classrooms, "ada")
    with pytest.raises(UserError, match="must be the newest one of its class"):
        Teacher.of_link(classroom, "wrong")
    with pytest.raises(UserError, match="must be the newest one of its class"):
        Teacher(classroom, "")
    assert Teacher(classroom, teacher.key).may_steer(owner_hash("ada")), "the key can be kept"
    assert teacher.may_steer(owner_hash("ada")) and not teacher.may_steer(owner_hash("eve"))
    classroom.new_secret()
    assert not teacher.may_steer(owner_hash("ada"))


def test_a_teacher_steers_the_runs_of_members_and_no_others(engine: Engine, classrooms: Classrooms) -> None:
    _, teacher = opened(classrooms, "ada")
    _, other = opened(classrooms, "bob")
    run_id = engine.submit(CONFIG, owner="ada")
    wait_for(lambda: phase(engine, run_id) == "running")
    with pytest.raises(UserError, match="Only its owner can pause a run"):
        other.request(engine, run_id, "pause")
    with pytest.raises(ValueError, match="a teacher's request must be one of"):
        teacher.request(engine, run_id, "epochs")
    teacher.request(engine, run_id, "pause")
    wait_for(lambda: phase(engine, run_id) == "paused")
    teacher.request(engine, run_id, "resume")
    wait_for(lambda: phase(engine, run_id) == "running")
    teacher.classroom.leave(owner_hash("ada"))
    with pytest.raises(UserError, match="Only its owner can stop a run"):
        teacher.request(engine, run_id, "stop")


def test_a_frozen_class_pauses_and_waits_while_others_train(engine: Engine, classrooms: Classrooms) -> None:
    classroom, teacher = opened(classrooms, "ada", "bob")
    running = engine.submit(CONFIG, owner="ada")
    paused = engine.submit(CONFIG, owner="bob")
    wait_for(lambda: phase(engine, running) == phase(engine, paused) == "running")
    engine.request(paused, "pause", owner="bob")
    wait_for(lambda: phase(engine, paused) == "paused")

    teacher.freeze(engine)
    wait_for(lambda: phase(engine, running) == "paused")
    waiting = engine.submit(CONFIG, owner="bob")
    others = engine.submit(CONFIG, owner="somebody else")
    wait_for(lambda: phase(engine, others) == "running")
    assert phase(engine, waiting) == "queued" and engine.position(waiting) == 1

    teacher.unfreeze(engine)
    wait_for(lambda: phase(engine, waiting) == "running")
    (engine.runs.get(waiting).path / "go").touch()
    (engine.runs.get(others).path / "go").touch()
    wait_for(lambda: phase(engine, running) == "running")
    assert phase(engine, paused) == "paused" and not classroom.settings.is_frozen


def test_what_its_owner_has_stopped_meanwhile_is_not_resumed(engine: Engine, classrooms: Classrooms) -> None:
    _, teacher = opened(classrooms, "ada")
    run_id = engine.submit(CONFIG, owner="ada")
    wait_for(lambda: phase(engine, run_id) == "running")
    teacher.freeze(engine)
    wait_for(lambda: phase(engine, run_id) == "paused")
    engine.request(run_id, "stop", owner="ada")
    teacher.unfreeze(engine)
    wait_for(lambda: phase(engine, run_id) == "stopped")
