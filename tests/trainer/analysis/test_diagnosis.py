"""Verdicts on histories of real trainings, and the signs behind them."""

import math
from dataclasses import replace

import pytest

from tests.support.histories import (
    DEAD,
    FLAT,
    GOOD,
    JUMPS,
    OVERFIT,
    SLOW,
    SMALL,
    UNSEEN,
    ended,
    lines,
)
from trainer.analysis.diagnosis import Diagnosis, known
from trainer.config.layers import Dense
from trainer.config.optimizers import SGD, Adam
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig

P = {name: preset.config for name, preset in PRESETS.items()}
TINY_NETWORK = TrainingConfig(layers=(Dense(4, "sigmoid"),), optimizer=Adam(), learning_rate=0.001)
SIGMOIDS = TrainingConfig(layers=(Dense(64, "sigmoid"),) * 3)


@pytest.mark.parametrize(
    ("verdict", "config", "history", "accuracy"),
    [
        ("overfits", P["overfit"], OVERFIT, 0.857),
        ("overfits", replace(P["tutorial_b"], epochs=4), UNSEEN, 0.9768),
        ("still learning", P["tutorial_a"], SLOW, 0.921),
        ("good", P["small_cnn"], GOOD, 0.9936),
        ("nothing learned", P["tutorial_a_raw"], DEAD, 0.1135),
        ("nothing learned", SIGMOIDS, FLAT, 0.1135),
        ("unstable", P["too_fast"], JUMPS, 0.74),
        ("unstable", TrainingConfig(learning_rate=10.0), [{"kind": "batch", "epoch": 1, "accuracy": 0.1}], None),
        ("underfits", TINY_NETWORK, SMALL, 0.82),
        ("too early", TrainingConfig(), [], None),
    ],
)
def test_verdict(verdict, config, history, accuracy):
    assert Diagnosis.of(config, history, ended(accuracy)).verdict == verdict


def test_one_epoch_is_judged_by_its_batches():
    history = lines([1.96], [0.43], batches=[2.3, 2.2, 1.8, 1.6])
    diagnosis = Diagnosis.of(replace(P["tutorial_a"], epochs=1), history, ended(0.61))
    assert diagnosis.verdict == "still learning"
    assert diagnosis.loss_fall == pytest.approx(1 - 1.7 / 2.25)


def test_few_validation_digits_prove_no_overfitting_but_test_digits_do():
    config = TrainingConfig(layers=(Dense(256),), training_examples=100, validation_split=0.2)
    history = lines([2.2, 0.6, 0.1, 0.01], [0.2, 0.9, 1.0, 1.0], [1.8, 0.9, 0.5, 0.4], [0.45, 0.85, 0.9, 0.9])
    untested = Diagnosis.of(config, history, ended(examples=80))
    assert untested.validation_count == 20 and not untested.overfits  # 2 of 20 digits may be chance
    assert Diagnosis.of(config, history, ended(0.684, examples=80)).overfits


def test_the_final_networks_scores_count_more_than_those_of_the_last_epoch():
    config = P["overfit"]
    state = ended(0.857, train=0.97, val=0.85, train_loss=0.11, train_count=100, val_count=100, examples=500)
    old, new = (Diagnosis.of(config, OVERFIT, scores) for scores in (ended(0.857, examples=500), state))
    assert (old.train_accuracy, old.validation_accuracy, old.train_loss) == (1.0, 0.816, 0.0007)
    assert (new.train_accuracy, new.validation_accuracy, new.train_loss) == (0.97, 0.85, 0.11)
    assert new.accuracy_gap == pytest.approx(0.97 - 0.857)
    dropped_out = lines([0.4, 0.3], [0.88, 0.90], [0.2, 0.2], [0.95, 0.95])  # running means with dropout
    hidden, measured = ended(0.94), ended(0.94, train=0.99, val=0.95)
    assert (
        not Diagnosis.of(config, dropped_out, hidden).overfits and Diagnosis.of(config, dropped_out, measured).overfits
    )


def test_early_stopping_saves_the_best_epoch():
    stopped, full = (Diagnosis.of(replace(P["overfit"], patience=patience), OVERFIT, ended()) for patience in (4, 0))
    assert stopped.saved_epoch.number == stopped.best_epoch.number == 4
    assert full.saved_epoch.number == 8 and full.validation_loss_rose
    assert (stopped.train_accuracy, full.train_accuracy) == (0.99, 1.0)


def test_a_changed_learning_rate_starts_the_judgement_anew():
    history = JUMPS + lines([0.69, 0.61], [0.91, 0.92], [0.53, 0.51], [0.929, 0.93], rate=0.05)
    diagnosis = Diagnosis.of(P["too_fast"], history, ended(0.92))
    assert diagnosis.rate_changed and diagnosis.learning_rate == 0.05
    assert len(diagnosis.since_rate_change.epochs) == 2
    assert diagnosis.loss_jumps and not diagnosis.since_rate_change.unstable
    assert diagnosis.verdict == "still learning"


def test_the_sensible_learning_rate_depends_on_the_optimizer():
    def rate(optimizer):
        return Diagnosis.of(replace(TINY_NETWORK, optimizer=optimizer), [], ended()).sensible_rate

    assert rate(SGD()) == pytest.approx(0.1) and rate(SGD(0.9)) == pytest.approx(0.01)
    assert rate(Adam()) == Adam.default_learning_rate


def test_the_loss_of_guessing_is_unknown_with_l2():
    assert Diagnosis.of(TrainingConfig(), [], ended()).guessing_loss == pytest.approx(math.log(10))
    assert Diagnosis.of(TrainingConfig(loss="mean_squared_error"), [], ended()).guessing_loss == pytest.approx(0.09)
    assert Diagnosis.of(TrainingConfig(l2=0.001), [], ended()).guessing_loss == math.inf


def test_a_high_loss_with_few_mistakes_is_overconfident():
    assert Diagnosis.of(TrainingConfig(), lines([1.0], [0.9]), ended()).overconfident
    assert not Diagnosis.of(TrainingConfig(), lines([0.3], [0.9]), ended()).overconfident
    assert not Diagnosis.of(TrainingConfig(), lines([1.0], [0.99]), ended()).overconfident


@pytest.mark.parametrize("value", [None, "1", True, -0.1, math.nan, math.inf, 1e300, 1.1])
def test_values_of_other_types_or_ranges_are_unknown(value):
    assert known(value, 1) is None
    history = [{"kind": "epoch", "accuracy": value}, "no line"]
    assert Diagnosis.of(TrainingConfig(), history, ended()).best_accuracy is None
