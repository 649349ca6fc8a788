import math
from dataclasses import replace

import pytest

from trainer.config.layers import Conv2D, Dense
from trainer.config.training import TrainingConfig
from trainer.runs.progress import forecast, progress, work
from trainer.runs.store import RunStore
from trainer.storage.files import line

SMALL, LARGE = TrainingConfig(layers=(Dense(16),)), TrainingConfig(layers=(Dense(512),))


def lines(steps, pace=0.01, first=1, started=0.0):
    return [
        {"kind": "batch", "epoch": 1 + (step - 1) // 100, "step": step, "seconds": started + pace * (step - first + 1)}
        for step in range(first, first + steps)
    ]


def test_before_the_first_line_nothing_is_known():
    assert progress([], 100, 3200, 5) is None
    assert progress([{"kind": "epoch"}], 0, 0, 5) is None


def test_the_pace_tells_the_time_left():
    now = progress(lines(250), steps=100, examples=3200, epochs=5)
    assert (now.epoch, now.epochs, now.step) == (3, 5, 250)
    assert now.share == 0.5
    assert now.seconds_left == pytest.approx(2.5)
    assert now.digits_a_second == pytest.approx(3200)


def test_the_first_line_already_tells_something():
    assert progress(lines(1), 100, 3200, 1).seconds_left == pytest.approx(0.99)


def test_after_a_pause_the_pace_is_that_of_now():
    history = lines(100) + lines(50, pace=0.1, first=101, started=1.0)
    assert progress(history, 100, 3200, 2, begun=100).seconds_left == pytest.approx(5.0)
    assert progress(lines(100), 100, 3200, 2, begun=100).seconds_left is None


def test_more_epochs_than_were_planned_are_not_more_than_all():
    assert progress(lines(100), 100, 3200, 1).share == 1.0
    assert progress(lines(150), 100, 3200, 1).seconds_left == 0


# --- before its first line -------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def trained(store, config, seconds, epochs=None):
    """A run that took so many seconds for some of its epochs."""
    run = store.create(config, "")
    run.update(phase="finished", examples=54_000, seconds=seconds)
    steps = math.ceil(54_000 / config.batch_size) * (epochs or config.epochs)
    lines = [{"kind": "batch", "step": step, "seconds": at} for step, at in ((1, 40.0), (steps + 1, 40.0 + seconds))]
    (run.path / "history.jsonl").write_bytes(b"".join(map(line, lines)))  # after 40 seconds of getting ready
    return run


def test_more_of_everything_is_more_work():
    for more in (
        replace(SMALL, epochs=10),
        replace(SMALL, batch_size=1),
        replace(SMALL, layers=(Dense(64),)),
        replace(SMALL, layers=(Conv2D(8), Dense(16))),
        replace(SMALL, synthetic_examples=10_000),
        replace(SMALL, shift=1.0),
    ):
        assert work(more) > work(SMALL)
    assert work(replace(SMALL, training_examples=6_000)) < work(SMALL)


def test_runs_of_the_same_network_tell_the_pace_scaled_by_epochs_and_digits(store):
    trained(store, SMALL, 50.0)
    trained(store, LARGE, 5_000.0)
    around = forecast([replace(SMALL, epochs=1, training_examples=100)], store, 1).seconds
    five, ten = (forecast([replace(SMALL, epochs=epochs)], store, 1) for epochs in (5, 10))
    assert (five.by, five.runs) == ("same", 1) and "1 training of the same network" in five.words
    assert five.seconds == pytest.approx(50, abs=around + 1)
    assert ten.seconds - five.seconds == pytest.approx(50, rel=0.01)


def test_a_run_that_was_stopped_tells_by_the_epochs_that_it_did(store):
    trained(store, SMALL, 50.0, epochs=1)
    assert forecast([SMALL], store, 1).seconds == pytest.approx(250, abs=5)


def test_other_networks_tell_the_pace_where_there_is_no_better_and_nothing_is_a_rough_guess(store):
    guess = forecast([SMALL], store, 1)
    assert guess.by == "rough" and "rough guess" in guess.words
    trained(store, LARGE, 3 * work(LARGE))
    told = forecast([SMALL], store, 1)
    assert told.by == "others" and "others" in told.words
    assert told.seconds == pytest.approx(guess.seconds + 2 * work(SMALL))


def test_what_runs_at_once_is_done_sooner_and_the_time_limit_holds(store):
    one = forecast([SMALL], store, 1).seconds
    assert forecast([SMALL] * 4, store, 1).seconds == pytest.approx(4 * one)
    assert forecast([SMALL] * 4, store, 2).seconds == pytest.approx(2 * one)
    assert forecast([SMALL] * 3, store, 0).seconds == pytest.approx(3 * one)
    assert forecast([SMALL], store, 1, done=[SMALL.epochs]).seconds < one
    trained(store, SMALL, 100_000.0)
    assert forecast([SMALL], store, 1).seconds < SMALL.time_limit + 10


def test_a_damaged_run_tells_nothing(store):
    run = trained(store, SMALL, 50.0)
    (run.path / "history.jsonl").write_text('{"step": "x", "seconds": null}\n{"step": 3}\n[]\n{')
    assert forecast([SMALL], store, 1).by == "rough"
    (run.path / "config.json").write_text("{")
    assert forecast([SMALL], store, 1).by == "rough"
