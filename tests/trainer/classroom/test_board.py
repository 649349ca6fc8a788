"""The board: ranking, the hardest drawing, the hardest handwriting, what networks have read, and live curves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.apps import TINY
from trainer.analysis.run_charts import RunCurves
from trainer.classroom.board import candidates, handwritings, hardest_drawing, ranking
from trainer.classroom.classroom import Member
from trainer.classroom.curves import line_style, live_curves
from trainer.classroom.digits import ClassDigits
from trainer.classroom.readings import Readings
from trainer.classroom.scores import Score
from trainer.classroom.status import STUCK, status
from trainer.runs.index import RunRow, read_row
from trainer.runs.store import RunStore

LABELS = np.tile(np.arange(5, dtype=np.uint8), 3)
WRITERS = np.repeat([4, 7, 9], 5)
IMAGES = np.arange(15 * 784, dtype=np.uint32).reshape(15, 28, 28).astype(np.uint8) + np.arange(15, dtype=np.uint8)[
    :, None, None
] * np.uint8(3)
DIGITS = ClassDigits(IMAGES, LABELS, WRITERS)
ADA, BOB, EVE = (Member(name.lower(), place, name, 0.0) for place, name in enumerate(("Ada", "Bob", "Eve")))


def score(wrong: dict[int, int]) -> Score:
    """Return the score of a network that reads some places wrong: place -> what it reads."""
    probabilities = np.full((15, 10), 0.02, np.float32)
    for place, label in enumerate(LABELS):
        probabilities[place, wrong.get(place, int(label))] = 0.82
    return Score(probabilities, LABELS, WRITERS)


@pytest.fixture
def row(tmp_path: Path) -> RunRow:
    run = RunStore(tmp_path / "store").create(TINY, "ada")
    run.update(phase="finished", test_accuracy=0.9, seconds=2.0)
    return read_row(run)._replace(has_network=True)


def test_networks_are_ranked_by_the_classs_digits_the_best_of_each_member(row: RunRow) -> None:
    rows = [
        row._replace(id="a1", owner="ada", test_accuracy=0.99),
        row._replace(id="a2", owner="ada", test_accuracy=0.5),
        row._replace(id="b1", owner="bob", test_accuracy=0.95),
        row._replace(id="b2", owner="bob", phase="running"),
        row._replace(id="x", owner="somebody else"),
    ]
    scores = {"a1": score({0: 1, 1: 0, 2: 0}), "a2": score({0: 1}), "b1": score({0: 1, 1: 0})}
    ranked = ranking([EVE, BOB, ADA], rows, scores)
    assert [(entry.nickname, entry.run.id, entry.tries) for entry in ranked] == [("Ada", "a2", 2), ("Bob", "b1", 2)]
    assert [(entry.nickname, entry.run.id) for entry in ranking([ADA, BOB], rows, {})] == [("Ada", "a1"), ("Bob", "b1")]


def test_networks_that_read_no_digits_or_still_change_are_no_candidates(row: RunRow) -> None:
    for change in ({"phase": "running"}, {"dataset": "fashion_mnist"}, {"has_network": False}, {"dataset": ""}):
        assert candidates([row, row._replace(**change)]) == [row]


def test_the_hardest_drawing_is_what_most_networks_read_wrong() -> None:
    found = hardest_drawing(DIGITS, [score({3: 8, 6: 2}), score({3: 8}), score({3: 5}), score({})])
    assert found and found.label == 3 and (found.wrong, found.networks) == (3, 4)
    assert found.answers == [(8, 2), (5, 1), (3, 1)] and np.array_equal(found.image, IMAGES[3])
    assert hardest_drawing(DIGITS, [score({})]) is None and hardest_drawing(DIGITS, []) is None


def test_networks_that_output_nan_say_nothing_of_drawings() -> None:
    nan = Score(np.full((15, 10), np.nan, np.float32), LABELS, WRITERS)
    assert hardest_drawing(DIGITS, [nan]) is None and handwritings([nan]) == []


def test_the_hardest_handwriting_comes_first_by_number() -> None:
    found = handwritings([score({5: 1, 6: 0}), score({5: 9, 10: 9})])
    assert [(one.writer, one.drawings) for one in found] == [(7, 5), (9, 5), (4, 5)]
    assert found[0].accuracy == pytest.approx(0.7)
    few = Score(*(values[:10] for values in (score({}).probabilities, LABELS, WRITERS)))
    assert handwritings([few]) == [], "of two writers everybody would know which one is meant"


def test_each_network_reads_a_drawing_once() -> None:
    readings = Readings()
    assert readings.missing("a", DIGITS).tolist() == list(range(15)) and readings.score("a", DIGITS) is None
    readings.add("a", DIGITS, np.arange(15), score({2: 7}).probabilities)
    known = readings.score("a", DIGITS)
    assert known and known.accuracy == pytest.approx(14 / 15) and not len(readings.missing("a", DIGITS))

    images = IMAGES.copy()
    images[4] = 255 - images[4]
    redrawn = replace(DIGITS, images=images)
    assert readings.missing("a", redrawn).tolist() == [4] and readings.score("a", redrawn) is None
    readings.add("a", redrawn, np.array([4]), score({}).probabilities[4:5])
    assert readings.score("a", redrawn) and readings.missing("a", DIGITS).tolist() == [4], "it has dropped the old one"

    readings.fail("b")
    assert not len(readings.missing("b", DIGITS)) and readings.score("b", DIGITS) is None
    readings.keep(["b"])
    assert len(readings.missing("a", DIGITS)) == 15 and not len(readings.missing("b", DIGITS))


LINE = {"kind": "batch", "epoch": 1, "step": 3, "loss": 1.0, "accuracy": 0.25}
NAN = {"kind": "batch", "epoch": 1, "step": 4, "accuracy": 0.1}


@pytest.mark.parametrize(
    "changes, history, position, text",
    [
        ({"phase": "queued"}, [], 3, "Waits, number 3"),
        ({"phase": "queued"}, [], 0, "Starts"),
        ({"phase": "running", "test_accuracy": None}, [LINE], 0, "Epoch 1 of 2, 25.0 %"),
        (
            {"phase": "running", "epochs": 1, "val_accuracy": 0.8, "test_accuracy": None},
            [LINE],
            0,
            "Epoch 2 of 2, 80.0 %",
        ),
        ({"phase": "running"}, [LINE, NAN], 0, STUCK),
        ({"phase": "paused", "test_accuracy": None}, [], 0, "Paused after 0 of 2"),
        ({}, [], 0, "Finished: 90.0 %"),
        ({"phase": "stopped"}, [], 0, "Stopped: 90.0 %"),
        ({"phase": "interrupted"}, [], 0, "Interrupted"),
    ],
)
def test_a_run_is_described_in_words(row: RunRow, changes, history, position: int, text: str) -> None:
    assert status(row._replace(**changes), history, position).text == text


def test_a_frozen_or_absent_run_says_so(row: RunRow) -> None:
    assert status(row._replace(phase="queued"), is_frozen=True).text == "Waits: training is frozen"
    assert status(None).text == "Nothing yet"


def test_live_curves_carry_nicknames_at_their_ends_that_do_not_overlap() -> None:
    epoch = {"kind": "epoch", "epoch": 1, "step": 10, "loss": 1.0, "accuracy": 0.5, "val_loss": 1.0}
    learners = [
        RunCurves(name, line_style(writer), [LINE, epoch | {"val_accuracy": accuracy}], 10)
        for name, writer, accuracy in (("Ada", 1, 0.6), ("<b>", 2, 0.601))
    ]
    new = RunCurves("New", line_style(3), [LINE], 10)
    figure = live_curves([*learners, new, RunCurves("Waits", line_style(4), [], 10)], 2)
    labels = {label["text"]: label for label in figure["layout"]["annotations"]}
    assert set(labels) == {"Ada", "&lt;b>", "New"} and labels["New"]["x"] == pytest.approx(0.3)
    assert labels["&lt;b>"]["y"] - labels["Ada"]["y"] > 3, "in percent: a line of text"
    best = [replace(one, history=[LINE, epoch | {"val_accuracy": 1.0}]) for one in (*learners, new)]
    figure = live_curves(best, 2, height=200)
    heights = sorted(label["y"] for label in figure["layout"]["annotations"])
    assert heights[-1] <= figure["layout"]["yaxis"]["range"][1] and heights[1] - heights[0] > 3, "all are drawn"
    assert len({line_style(writer) for writer in range(1, 43)}) == 42
