import json
from dataclasses import fields, replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer import UserError
from trainer.config.layers import (
    LAYERS,
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
    Rescaling,
)
from trainer.config.limits import LIMITS, SETTINGS, label
from trainer.config.optimizers import OPTIMIZERS, SGD, Adam
from trainer.config.training import TrainingConfig, learning_rate_at, parameter_count, short_form

WIDE_CONVOLUTIONS = partial(
    TrainingConfig, layers=(Conv2D(512), Conv2D(512), Conv2D(512), GlobalAveragePooling2D()), batch_size=8
)
layers = st.lists(
    st.one_of(
        st.builds(Dense, st.integers(1, 100), st.sampled_from(["relu", "tanh", "swish"])),
        st.builds(Conv2D, st.integers(1, 8), st.integers(1, 5), st.integers(1, 2), st.sampled_from(["same", "valid"])),
        st.builds(Dropout, st.floats(0, 0.9)),
        st.sampled_from([Flatten(), MaxPooling2D(2), BatchNormalization(), GlobalAveragePooling2D(), Activation()]),
        st.builds(Rescaling, st.sampled_from([1.0, 255.0])),
    ),
    max_size=6,
)


@given(layers, st.sampled_from([SGD(0.9), Adam(), OPTIMIZERS["RMSprop"]()]), st.integers(1, 200))
def test_a_config_raises_a_user_error_or_survives_json(layers, optimizer, epochs):
    try:
        config = TrainingConfig(layers=tuple(layers), optimizer=optimizer, epochs=epochs)
    except UserError as error:
        assert str(error).endswith(".")
        return
    assert TrainingConfig.from_json(config.to_json()) == config
    assert parameter_count(config) >= 0 and short_form(config)


@pytest.mark.parametrize("name", ["learning_rate", "batch_size", "epochs", "validation_split", "seed", "time_limit"])
def test_limits_are_enforced(name):
    limit = LIMITS[name]
    for edge in (limit.low, limit.high):
        TrainingConfig(layers=(), **{name: edge})
    for invalid in (limit.low - 1, limit.high + 1, float("nan"), float("inf"), "3", None, True):
        with pytest.raises(UserError, match=f"{label(name)} must be"):
            TrainingConfig(layers=(), **{name: invalid})


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: Dense(0), "Dense units must be a whole number between 1 and 2,048"),
        (lambda: Dense(2.5), "whole number"),
        (lambda: Dropout(1.0), r"^Dropout rate must be at least 0 and below 1 \(got 1.0\)\.$"),
        (
            lambda: TrainingConfig(learning_rate=-1),
            r"^Learning rate must be between 0\.000001 and 100 \(got -1\)\.$",
        ),
        (lambda: TrainingConfig(shift=9.0), "Shift must be between 0 and 8 pixels"),
        (lambda: TrainingConfig(schedule="fast"), "Schedule must be one of Constant, One-cycle, Cosine, Step"),
        (lambda: Dense(3, "magic"), "must be one of linear, relu"),
        (lambda: Conv2D(3, use_bias="no"), "true or false"),
        (lambda: TrainingConfig(layers=(Dense(),) * 21), "at most 20 layers"),
        (lambda: TrainingConfig(layers=(Dense(2048), Dense(2048), Dense(2048))), "at most 5,000,000 parameters"),
        (lambda: WIDE_CONVOLUTIONS(), r"at most 1,000 million multiply-adds for one image \(got 3,703 million\): use"),
        (lambda: TrainingConfig(layers=(Conv2D(512),), batch_size=10_000), "GB of memory"),
        (lambda: TrainingConfig(layers=(Flatten(), Conv2D())), "Layer 2, Conv2D, .* Flatten .* move Conv2D up"),
        (lambda: TrainingConfig(layers=(Dense(5), MaxPooling2D())), "Layer 2, MaxPooling2D.*remove Dense"),
        (lambda: TrainingConfig(layers=(MaxPooling2D(7),) * 3), "Layer 2, MaxPooling2D, needs a larger image"),
        (lambda: TrainingConfig(layers=["Dense"]), "tuple of layers"),
        (lambda: TrainingConfig(optimizer="sgd"), "Optimizer must be one of"),
        (lambda: TrainingConfig(dataset="../x"), "data set must be one of"),
    ],
)
def test_invalid_configs_raise_a_user_error(make, sentence):
    with pytest.raises(UserError, match=sentence):
        make()


def test_a_saved_config_may_exceed_the_limit_of_multiply_adds_but_not_a_changed_copy():
    old = WIDE_CONVOLUTIONS(saved=True)
    assert TrainingConfig.from_json(old.to_json(), saved=True) == old
    for make in (lambda: replace(old, epochs=3), lambda: TrainingConfig.from_json(old.to_json())):
        with pytest.raises(UserError, match="multiply-adds"):
            make()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"version": 2}',
        '{"version": 1, "layers": 3}',
        '{"version": 1, "layers": [{"name": "Lambda"}]}',
        '{"version": 1, "layers": [{"name": "Reshape"}]}',
        '{"version": 1, "layers": [{"name": ["Dense"]}]}',
        '{"version": 1, "layers": [{"name": "Dense", "units": 1e999}]}',
        '{"version": 1, "layers": [{"name": "Dense", "activation": ["relu"]}]}',
        '{"version": 1, "optimizer": "SGD"}',
        '{"version": 1, "colour": "red"}',
        "[" * 100_000,
    ],
)
def test_foreign_json_raises_a_user_error(text):
    with pytest.raises(UserError):
        TrainingConfig.from_json(text)


def test_missing_settings_in_json_have_their_default():
    assert TrainingConfig.from_json('{"version": 1, "epochs": 3}') == TrainingConfig(epochs=3)


def test_one_cycle_rises_for_a_fifth_and_falls_to_0():
    config = replace(TrainingConfig(), learning_rate=1.0, schedule="one_cycle")
    rates = [learning_rate_at(config, step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and rates[20] == pytest.approx(1.0) and rates[99] == pytest.approx(1 / 80)
    assert rates[:21] == sorted(rates[:21]) and rates[20:] == sorted(rates[20:], reverse=True)
    assert learning_rate_at(TrainingConfig(learning_rate=0.3), 77, 100) == 0.3


def test_every_setting_has_a_label_and_a_help_text():
    settings = set(json.loads(TrainingConfig().to_json())) - {"version", "layers"}
    for kind in (*LAYERS.values(), *OPTIMIZERS.values()):
        settings |= {item.name for item in fields(kind)}
    assert settings | {"pixels"} == set(SETTINGS)  # pixels: a Rescaling layer
    assert all(setting.label and setting.help.endswith(".") for setting in SETTINGS.values())


@pytest.mark.parametrize("examples", [60_000, 5_000, 501])
@pytest.mark.parametrize("validation_split", [0.0, 0.05, 0.1, 0.15, 0.35, 0.5])
def test_the_validation_split_equals_that_of_keras(examples, validation_split):
    from keras.src.trainers.data_adapters.array_slicing import train_validation_split

    config = TrainingConfig(validation_split=validation_split)
    images = np.arange(examples)
    (training,), (validation,) = (
        train_validation_split((images,), validation_split) if validation_split else ((images,), ((),))
    )
    assert config.split(examples) == (len(training), len(validation))
    assert replace(config, training_examples=500).split(examples) == replace(config, training_examples=500).split(500)
