"""Suggestions for histories of real trainings."""

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
from trainer.analysis.diagnosis import Diagnosis
from trainer.analysis.remedies import has_bottleneck, saturates
from trainer.analysis.suggestions import suggestions
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Rescaling
from trainer.config.optimizers import Adam
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig

P = {name: preset.config for name, preset in PRESETS.items()}
TINY_NETWORK = TrainingConfig(layers=(Dense(4, "sigmoid"),), optimizer=Adam(), learning_rate=0.001)


def suggested(config, history, accuracy, **more):
    return [suggestion.config for suggestion in suggestions(Diagnosis.of(config, history, ended(accuracy, **more)))]


def changes(config, history, accuracy, **more):
    """Return what each suggestion changes."""
    return [
        {name: value for name, value in vars(other).items() if value != getattr(config, name)}
        for other in suggested(config, history, accuracy, **more)
    ]


def test_overfitting_calls_for_more_digits_and_dropout():
    more, dropout, _ = changes(P["overfit"], OVERFIT, 0.857, examples=500)
    assert more == {"training_examples": 10_000}
    assert [layer.rate for layer in dropout["layers"] if isinstance(layer, Dropout)] == [0.5, 0.5]


def test_early_stopping_is_suggested_if_the_validation_accuracy_fell():
    worse = [{**line, "val_accuracy": 0.78} if line["epoch"] == 8 else line for line in OVERFIT]
    assert {"patience": 3} in changes(P["overfit"], worse, 0.83)
    assert {"patience": 3} not in changes(P["overfit"], OVERFIT, 0.857)


def test_a_slow_training_calls_for_larger_steps_or_more_epochs():
    assert {"learning_rate": 0.1} in changes(P["tutorial_a"], SLOW, 0.921)
    assert {"epochs": 20} in changes(replace(P["tutorial_a"], epochs=10), SLOW, 0.921)


def test_more_epochs_come_with_enough_time():
    config = replace(P["tutorial_a"], epochs=10, time_limit=12)
    assert {"epochs": 20, "time_limit": 60} in changes(config, SLOW, 0.921)


def test_a_training_that_reached_its_time_limit_gets_more_time():
    assert {"time_limit": 20} in changes(replace(P["tutorial_a"], time_limit=10), SLOW, 0.92)


def test_large_pixel_values_are_scaled_down_first():
    first, second, third = suggested(P["tutorial_a_raw"], DEAD, 0.1135)
    assert first.layers == P["tutorial_a"].layers
    assert second.layers[:2] == (Rescaling(255.0), BatchNormalization())
    assert third.learning_rate == pytest.approx(0.001)


def test_an_unstable_training_calls_for_smaller_steps():
    assert changes(P["too_fast"], JUMPS, 0.74)[0] == {"learning_rate": 0.1}
    diverged = [{"kind": "batch", "epoch": 1, "step": 17, "accuracy": 0.1}]
    assert suggested(TrainingConfig(learning_rate=10.0), diverged, None)[0].learning_rate == 0.1


def test_sigmoid_layers_that_learn_nothing_become_relu_layers():
    config = TrainingConfig(layers=(Dense(64, "sigmoid"),) * 3)
    assert saturates(config)
    assert suggested(config, FLAT, 0.1135)[0].layers == (Dense(64, "relu"),) * 3


def test_a_network_that_is_too_small_becomes_larger():
    assert has_bottleneck(TINY_NETWORK)
    assert suggested(TINY_NETWORK, SMALL, 0.82)[0].layers == (Dense(128, "relu"),)
    assert suggested(replace(TINY_NETWORK, layers=(Flatten(),)), SMALL, 0.82)[0].layers[-1] == Dense(128)
    wide = replace(TINY_NETWORK, layers=(Conv2D(8, 3), Dense(64)))
    assert not has_bottleneck(wide)
    assert suggested(wide, SMALL, 0.82)[0].layers == (Conv2D(16, 3), Dense(128))


def test_a_network_with_too_much_dropout_gets_less():
    config = TrainingConfig(layers=(Dense(32), Dropout(0.8)), optimizer=Adam(), learning_rate=0.001, epochs=4)
    history = lines(
        [1.6, 1.25, 1.18, 1.15], [0.41, 0.54, 0.57, 0.57], [0.64, 0.5, 0.44, 0.42], [0.91, 0.92, 0.92, 0.92]
    )
    assert suggested(config, history, 0.908, train=0.92)[0].layers == (Dense(32), Dropout(0.3))


def test_a_good_training_calls_for_varied_digits_at_most():
    assert {"shift": 1.0, "rotation": 8.0, "zoom": 0.1} in changes(P["small_cnn"], GOOD, 0.9936)
    assert suggested(P["best_cnn"], GOOD, 0.995) == []


def test_accurate_dense_networks_call_for_convolutions():
    assert suggested(P["mlp"], GOOD, 0.985)[0] == P["small_cnn"]
    assert P["small_cnn"] not in suggested(P["mlp"], SLOW, 0.92)


def test_without_validation_digits_some_are_set_aside():
    assert {"validation_split": 0.1} in changes(replace(P["tutorial_b"], epochs=4), UNSEEN, 0.9768)


def test_a_changed_learning_rate_is_the_first_suggestion():
    history = JUMPS + lines([0.69, 0.61], [0.91, 0.92], [0.53, 0.51], [0.929, 0.93], rate=0.05)
    assert changes(P["too_fast"], history, 0.92)[0] == {"learning_rate": 0.05}


def test_texts_show_labels_and_plain_numbers():
    for config, history, accuracy in ((P["too_fast"], JUMPS, 0.74), (P["overfit"], OVERFIT, 0.857)):
        for suggestion in suggestions(Diagnosis.of(config, history, ended(accuracy))):
            assert suggestion.text.endswith(".") and "_" not in suggestion.text and "e-0" not in suggestion.text
