"""Keras code of single layers, optimizers and schedules; the whole program is run in test_keras_program."""

from dataclasses import replace

import pytest

from trainer.config.layers import Conv2D, Dense, Dropout
from trainer.config.optimizers import SGD, Adam
from trainer.config.training import TrainingConfig
from trainer.sharing import keras_snippets

CONFIG = TrainingConfig(layers=(Conv2D(8, 3), Dropout(0.25), Dense(16, "relu")))


def code(config, kind):
    return next(keras_snippets.layer(row, config) for row in config.table if isinstance(row.layer, kind))


def test_a_layer_has_its_arguments_and_its_output_shape():
    assert code(CONFIG, Dropout).startswith("layers.Dropout(0.25),")
    assert code(CONFIG, Conv2D).startswith("layers.Conv2D(8, 3,") and "# 28 x 28 x 8" in code(CONFIG, Conv2D)


def test_the_output_layer_has_no_initializer_of_its_own():
    config = replace(CONFIG, kernel_initializer="he_normal")
    first, *_, last = (keras_snippets.layer(row, config) for row in config.table if row.layer.has_kernel)
    assert 'kernel_initializer="he_normal"' in first and "kernel_initializer" not in last


def test_l2_and_16_bits_are_written_where_they_apply():
    config = replace(CONFIG, l2=0.001, dtype="mixed_bfloat16")
    lines = [keras_snippets.layer(row, config) for row in config.table]
    assert sum("kernel_regularizer=pull" in line for line in lines) == 3
    assert ['dtype="float32"' in line for line in lines] == [False] * (len(lines) - 1) + [True]


@pytest.mark.parametrize(
    ("optimizer", "schedule", "line"),
    [
        (SGD(), "constant", "keras.optimizers.SGD(learning_rate=0.05)"),
        (SGD(0.9), "cosine", "keras.optimizers.SGD(learning_rate=learning_rate, momentum=0.9)"),
        (Adam(beta_2=0.99), "constant", "keras.optimizers.Adam(learning_rate=0.05, beta_2=0.99)"),
    ],
)
def test_an_optimizer_has_only_the_arguments_without_keras_default(optimizer, schedule, line):
    config = replace(CONFIG, optimizer=optimizer, schedule=schedule, learning_rate=0.05)
    assert keras_snippets.optimizer(config) == line


@pytest.mark.parametrize("schedule", keras_snippets.SCHEDULES)
def test_every_schedule_is_valid_code_that_defines_the_learning_rate(schedule):
    text = keras_snippets.schedule(replace(CONFIG, schedule=schedule, epochs=7, learning_rate=0.05))
    compile(text, schedule, "exec")
    assert "learning_rate = " in text and "7 * math.ceil" in text and "0.05" in text


@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_the_augmentation_layer_is_valid_code(dataset):
    compile(keras_snippets.augmentation(replace(CONFIG, dataset=dataset, seed=3)), dataset, "exec")


def test_arguments_are_written_as_literals():
    assert keras_snippets.arguments({"rate": 0.5, "padding": "same"}) == 'rate=0.5, padding="same"'
