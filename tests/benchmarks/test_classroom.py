"""Benchmark of a class: its costly files, what it reads from a page, and its goals."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.classroom import Pupil, Training, place_in_queue, print_trainings, print_waits
from harness import costly_files
from trainer import UserError
from trainer.data import npz
from trainer.drawing import photos
from trainer.runs.store import RunStore


@pytest.mark.parametrize("make", [costly_files.progressive_jpeg, costly_files.large_png])
def test_a_costly_photo_is_a_photo_of_a_digit_of_allowed_size(make):
    content = make(300)
    image = Image.open(BytesIO(content))
    image.load()
    assert image.size == (300, 300) and len(content) < photos.MAX_BYTES
    assert len(photos.read(content).digits) == 1


def test_repeated_scans_add_little_to_a_photo():
    once, often = (costly_files.progressive_jpeg(300, scans) for scans in (1, 1_001))
    assert len(once) < len(often) < len(once) + 1_000 * 200


def test_costly_data_sets_are_as_they_claim():
    assert npz.read(BytesIO(costly_files.dataset(100)), "data")[0].shape == (90, 28, 28)
    with pytest.raises(UserError, match="leave out blank images"):
        npz.read(BytesIO(costly_files.blank_dataset(50_000)), "data")
    with pytest.raises(UserError, match="thousands of names"):
        npz.read(BytesIO(costly_files.many_names(10_000)), "data")


def test_the_place_in_the_queue_is_read_from_the_page():
    assert place_in_queue(["Loading", "Number 12 in the queue: visitors take turns."]) == 12
    assert place_in_queue(["Training"]) == 0


@pytest.fixture
def pupil():
    pupil = Pupil("", RunStore(Path()), "")
    pupil.waits = [(place, 0.1) for place in range(50)] + [(100 + place, 0.2) for place in range(50)]
    return pupil


def test_waits_before_and_after_the_hostile_visitors_came_are_compared(pupil, capsys):
    assert print_waits([pupil], 100) == []
    printed = capsys.readouterr().out
    assert "alone.p95 100 ms" in printed and "beside.p95 200 ms" in printed and "ratio.p95 2.0 times" in printed


def test_slow_and_lost_drawings_miss_the_goals(pupil):
    pupil.unanswered.append(120.0)
    pupil.waits += [(150, 0.5)] * 50
    slow, lost = sorted(print_waits([pupil], 100))
    assert "it is 500 ms" in slow and "1 were not" in lost


def test_a_run_that_did_not_finish_is_lost(capsys):
    finished = Training("a", place=3, submitted=1.0, began=5.0, ended=9.0, phase="finished")
    assert print_trainings([finished]) == []
    assert "runs.place 3 in the queue" in capsys.readouterr().out
    (missed,) = print_trainings([finished, Training("b", submitted=1.0, phase="interrupted"), Training()])
    assert "interrupted, never submitted" in missed
