import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer import UserError
from trainer.config.layers import Activation, Conv2D, Dense, Dropout
from trainer.config.optimizers import SGD, Adam
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.config.variation import MAX_VALUES, Axis, Setting, variable_settings

CONFIGS = [preset.config for preset in PRESETS.values()]
CONFIG = TrainingConfig(layers=(Dense(64, "relu"), Dropout(0.3), Dense(32, "tanh")))


@pytest.mark.parametrize("config", CONFIGS)
def test_suggestions_include_the_networks_own_value(config):
    for setting in variable_settings(config).values():
        values = setting.suggestions(config)
        assert 2 <= len(values) <= MAX_VALUES and setting.value(config) in values, setting.id
        assert setting.help and Setting.from_id(setting.id) == setting


@pytest.mark.parametrize("config", CONFIGS)
def test_applying_a_value_changes_only_that_setting(config):
    for setting in variable_settings(config).values():
        now = setting.value(config)
        for value in setting.suggestions(config):
            try:
                changed = setting.apply(config, value)
            except UserError:  # a network that grows too large
                continue
            assert setting.value(changed) == value, setting.id
            if setting.id not in ("optimizer", "activation"):
                assert setting.apply(changed, now) == config, setting.id


def test_values_are_parsed_once_each_and_sorted():
    assert Setting("learning_rate").parse("0.1, 1;0.01 , 0.1,") == (0.01, 0.1, 1.0)
    assert Setting("batch_size").parse("128, 1e1") == (10, 128)
    assert all(isinstance(value, int) for value in Setting("batch_size").parse("128, 1e1"))


@pytest.mark.parametrize(
    "setting, text, why",
    [
        ("learning_rate", "0.1, fast", "must be numbers separated by commas, such as 0.1, 0.5"),
        ("learning_rate", "0", "between 0.000001 and 100"),
        ("learning_rate", "nan", "must be between"),
        ("learning_rate", "1e400", "must be between"),
        ("learning_rate", " ,", "needs at least one value"),
        ("batch_size", "32.5", "whole number"),
        ("dense_1.units", "4000", "between 1 and 2,048"),
        ("dropout_2.rate", "1", "below 1"),
        ("seed", ",".join(map(str, range(MAX_VALUES + 1))), f"at most {MAX_VALUES} values"),
    ],
)
def test_invalid_values_raise_a_user_error(setting, text, why):
    with pytest.raises(UserError, match=why):
        Setting.from_id(setting).parse(text)


def test_invalid_choices_raise_a_user_error():
    with pytest.raises(UserError, match="Optimizer must be one of SGD"):
        Axis(Setting("optimizer"), ("SGD", "Magic"))
    assert Axis(Setting("optimizer"), ("Lion", "SGD", "Lion")).values == ("SGD", "Lion")


def test_settings_that_a_network_lacks_raise_a_user_error():
    assert "momentum" in variable_settings(CONFIG) and "dense_2.units" in variable_settings(CONFIG)
    for missing in ("conv2d_1.filters", "dense_9.units", "dense_2.rate", "momentum.value", "layers", "", "x.y.z"):
        with pytest.raises(UserError, match="it has no"):
            Setting.from_id(missing).value(CONFIG)
    with pytest.raises(UserError, match="it has no momentum"):
        Setting("momentum").apply(TrainingConfig(optimizer=Adam()), 0.5)


def test_the_activation_changes_in_all_hidden_layers_that_are_not_linear():
    layers = (Conv2D(4, activation="linear"), Activation("relu"), Dense(8, "relu"))
    changed = Setting("activation").apply(TrainingConfig(layers=layers), "tanh")
    assert changed.layers == (Conv2D(4, activation="linear"), Activation("tanh"), Dense(8, "tanh"))


def test_another_optimizer_brings_its_default_learning_rate():
    config = TrainingConfig(optimizer=SGD(0.9), learning_rate=0.3)
    changed = Setting("optimizer").apply(config, "Adam")
    assert (changed.optimizer, changed.learning_rate) == (Adam(), 0.001)
    assert Setting("optimizer").apply(config, "SGD") == config


def test_named_values_include_their_setting():
    named = [
        Setting("learning_rate").format_named(0.1),
        Setting("batch_size").format_named(1000),
        Setting("optimizer").format_named("Adam"),
    ]
    named += [
        Setting("units", "dense_2").format_named(64),
        Setting("schedule").format_named("one_cycle"),
        Setting("seed").format_named(2025),
    ]
    assert named == ["rate 0.1", "batch 1,000", "Adam", "dense_2 units 64", "schedule one-cycle", "seed 2025"]


@given(st.sampled_from(sorted(variable_settings(CONFIGS[0]))), st.text(max_size=40))
def test_any_text_is_parsed_or_raises_a_user_error(setting, text):
    setting = Setting.from_id(setting)
    if setting.choices:
        return
    try:
        values = setting.parse(text)
    except UserError as error:
        assert str(error).endswith((".", "some."))
    else:
        assert setting.parse(setting.format_all(values)) == values or not setting.whole  # texts have six digits
