"""Predictions of a training: who may predict and when, who came nearest, and what stays beside the run."""

import json
from pathlib import Path

import pytest

from tests.support.apps import TINY
from trainer import UserError
from trainer.classroom import predictions
from trainer.classroom.charts import prediction_bars
from trainer.classroom.classroom import Classroom
from trainer.classroom.classrooms import Classrooms
from trainer.classroom.predictions import Outcome, Prediction
from trainer.runs.state import State
from trainer.runs.store import RunStore


@pytest.fixture
def classroom(tmp_path: Path) -> Classroom:
    classroom, _ = Classrooms(tmp_path).open()
    for owner in ("ada", "bob", "eve"):
        classroom.join(owner, owner)
    return classroom


def test_members_predict_until_the_training_starts(classroom: Classroom) -> None:
    assert predictions.current(classroom) is None
    predictions.ask(classroom, "perceptron")
    predictions.predict(classroom, "ada", 1, 0.8, True)
    predictions.predict(classroom, "bob", 1, 0.95, False)
    predictions.predict(classroom, "ada", 1, 0.9, False)  # instead
    predictions.begin(classroom, 1, "a run")
    with pytest.raises(UserError, match="must come before the training"):
        predictions.predict(classroom, "eve", 1, 0.5, False)
    now = predictions.current(classroom)
    assert now and (now.preset, now.run, now.is_open) == ("perceptron", "a run", False)
    assert now.of("ada") == Prediction("ada", 0.9, False) and now.of("eve") is None
    assert [one.owner for one in now.predictions] == ["ada", "bob"]


def test_only_members_predict_and_their_predictions_leave_with_them(classroom: Classroom) -> None:
    predictions.ask(classroom, "perceptron")
    with pytest.raises(UserError, match="must be a member of the class"):
        predictions.predict(classroom, "somebody", 1, 0.5, False)
    predictions.predict(classroom, "ada", 1, 0.5, False)
    classroom.leave("ada")
    assert predictions.current(classroom).predictions == ()


def test_a_new_round_has_no_predictions_and_another_number(classroom: Classroom) -> None:
    predictions.ask(classroom, "perceptron")
    predictions.predict(classroom, "ada", 1, 0.5, False)
    predictions.remove(classroom)
    assert predictions.current(classroom) is None
    predictions.ask(classroom, "tutorial_b")
    now = predictions.current(classroom)
    assert now.number == 2 and now.predictions == ()
    with pytest.raises(UserError, match="it has started"):
        predictions.predict(classroom, "ada", 1, 0.5, False)  # a late one for the round before


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (State("running", test_accuracy=0.9), None),
        (State("failed"), None),
        (State("finished", test_accuracy=0.9), Outcome(0.9, None)),
        (State("finished", test_accuracy=0.9, train_accuracy=0.91), Outcome(0.9, False)),
        (State("stopped", test_accuracy=0.9, train_accuracy=1.0), Outcome(0.9, True)),
    ],
)
def test_an_outcome_is_known_once_a_run_has_ended_and_was_tested(state: State, outcome: Outcome | None) -> None:
    assert Outcome.of(state) == outcome


def test_all_that_are_as_near_come_nearest() -> None:
    said = [Prediction("a", 0.90, True), Prediction("b", 0.94, True), Prediction("c", 0.9004, True)]
    assert [one.owner for one in Outcome(0.92, None).nearest(said)] == ["a", "b", "c"]
    assert [one.owner for one in Outcome(0.93, None).nearest(said)] == ["b"]


def test_a_round_is_kept_beside_its_run_without_names(classroom: Classroom, tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(TINY, "")
    predictions.ask(classroom, "perceptron")
    predictions.predict(classroom, "ada", 1, 0.8, True)
    now = predictions.current(classroom)
    predictions.keep(run, now, Outcome(0.9, False))
    predictions.keep(run, now, Outcome(0.1, True))  # only once
    kept = json.loads((run.path / predictions.FILE).read_text())
    assert kept == {"predictions": [{"accuracy": 0.8, "overfits": True}], "accuracy": 0.9, "overfits": False}


def test_the_histogram_counts_by_points_and_marks_what_was_reached() -> None:
    figure = prediction_bars([0.9, 0.905, 0.95, 1.0], 0.92, 0.95)
    (bars,) = figure["data"]
    assert bars["x"] == [90.5, 95.5, 100.5] and bars["y"] == [2, 1, 1]
    assert len({*bars["marker"]["color"]}) == 2 and figure["layout"]["shapes"][0]["x0"] == 92
