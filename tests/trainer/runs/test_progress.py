"""Progress of a training, and forecasts from earlier runs."""

import math
from dataclasses import replace

import pytest

from trainer.config.layers import Conv2D, Dense
from trainer.config.training import TrainingConfig
from trainer.runs.progress import forecast, progress, work
from trainer.runs.store import RunStore
from trainer.storage.files import json_line

SMALL, LARGE = TrainingConfig(layers=(Dense(16),)), TrainingConfig(layers=(Dense(512),))


def lines(steps, pace=0.01, first=1, started=0.0):
    return [
        {"kind": "batch", "epoch": 1 + (step - 1) // 100, "step": step, "seconds": started + pace * (step - first + 1)}
        for step in range(first, first + steps)
    ]


def test_there_is_no_progress_before_the_first_line():
    assert progress([], 100, 3200, 5) is None
    assert progress([{"kind": "epoch"}], 0, 0, 5) is None


def test_the_time_left_follows_from_the_pace():
    now = progress(lines(250), steps=100, examples=3200, epochs=5)
    assert (now.epoch, now.epochs, now.step) == (3, 5, 250)
    assert now.share == 0.5
    assert now.seconds_left == pytest.approx(2.5)
    assert now.digits_per_second == pytest.approx(3200)


def test_the_first_line_is_enough_for_an_estimate():
    assert progress(lines(1), 100, 3200, 1).seconds_left == pytest.approx(0.99)


def test_after_a_pause_only_the_current_pace_counts():
    history = lines(100) + lines(50, pace=0.1, first=101, started=1.0)
    assert progress(history, 100, 3200, 2, begun=100).seconds_left == pytest.approx(5.0)
    assert progress(lines(100), 100, 3200, 2, begun=100).seconds_left is None


def test_progress_never_exceeds_100_percent():
    assert progress(lines(100), 100, 3200, 1).share == 1.0
    assert progress(lines(150), 100, 3200, 1).seconds_left == 0


# --- before the first line --------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def trained(store, config, seconds, epochs=None):
    """Create a run that took so many seconds for its epochs, or for some of them."""
    run = store.create(config, "")
    run.update(phase="finished", examples=54_000, seconds=seconds)
    steps = math.ceil(54_000 / config.batch_size) * (epochs or config.epochs)
    lines = [{"kind": "batch", "step": step, "seconds": at} for step, at in ((1, 40.0), (steps + 1, 40.0 + seconds))]
    (run.path / "history.jsonl").write_bytes(b"".join(map(json_line, lines)))  # after 40 seconds of preparation
    return run


def test_more_of_anything_is_more_work():
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


def test_runs_of_the_same_network_give_the_pace_scaled_by_epochs_and_digits(store):
    trained(store, SMALL, 50.0)
    trained(store, LARGE, 5_000.0)
    around = forecast([replace(SMALL, epochs=1, training_examples=100)], store, 1).seconds
    five, ten = (forecast([replace(SMALL, epochs=epochs)], store, 1) for epochs in (5, 10))
    assert (five.source, five.runs) == ("same", 1) and five.basis == "Estimated from 1 earlier run"
    assert five.seconds == pytest.approx(50, abs=around + 1)
    assert ten.seconds - five.seconds == pytest.approx(50, rel=0.01)


def test_a_stopped_run_counts_by_the_epochs_that_it_finished(store):
    trained(store, SMALL, 50.0, epochs=1)
    assert forecast([SMALL], store, 1).seconds == pytest.approx(250, abs=5)


def test_other_networks_give_the_pace_if_there_is_no_better_and_without_runs_it_is_rough(store):
    guess = forecast([SMALL], store, 1)
    assert guess.source == "none" and "rough estimate" in guess.basis
    trained(store, LARGE, 3 * work(LARGE))
    told = forecast([SMALL], store, 1)
    assert told.source == "others" and told.basis == "Estimated from 1 earlier run of other networks"
    assert told.seconds == pytest.approx(guess.seconds + 2 * work(SMALL))


def test_slots_shorten_the_forecast_and_the_time_limit_bounds_it(store):
    one = forecast([SMALL], store, 1).seconds
    assert forecast([SMALL] * 4, store, 1).seconds == pytest.approx(4 * one)
    assert forecast([SMALL] * 4, store, 2).seconds == pytest.approx(2 * one)
    assert forecast([SMALL] * 3, store, 0).seconds == pytest.approx(3 * one)
    assert forecast([SMALL], store, 1, done=[SMALL.epochs]).seconds < one
    trained(store, SMALL, 100_000.0)
    assert forecast([SMALL], store, 1).seconds < SMALL.time_limit + 10


def test_a_damaged_run_is_ignored(store):
    run = trained(store, SMALL, 50.0)
    (run.path / "history.jsonl").write_text('{"step": "x", "seconds": null}\n{"step": 3}\n[]\n{')
    assert forecast([SMALL], store, 1).source == "none"
    (run.path / "config.json").write_text("{")
    assert forecast([SMALL], store, 1).source == "none"
