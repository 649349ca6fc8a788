"""Presets, and the configurations that continue a training."""

from dataclasses import replace

import pytest

from trainer.config.layers import Dense, Flatten, Rescaling
from trainer.config.limits import LIMITS
from trainer.config.optimizers import SGD, Adam
from trainer.config.presets import CONTINUATIONS, FINE_TUNE_DRAWINGS, LESSONS, PRESETS, continue_training, fine_tune
from trainer.config.training import TrainingConfig, multiply_add_count, parameter_count


def test_the_tutorials_have_their_original_settings():
    a, b = PRESETS["tutorial_a"].config, PRESETS["tutorial_b"].config
    assert a.layers == (Flatten(), Dense(784, "relu"), Dense(32, "relu"))
    assert (a.optimizer, a.learning_rate, a.batch_size, a.epochs, a.validation_split) == (SGD(), 0.01, 500, 20, 0.1)
    assert PRESETS["tutorial_a_raw"].config == replace(a, layers=(Rescaling(255.0), *a.layers))  # as it is printed
    assert b.layers == (Flatten(), Dense(10, "sigmoid"))
    assert (b.optimizer, b.learning_rate, b.batch_size, b.epochs, b.validation_split) == (SGD(), 0.01, 32, 10, 0.0)


@pytest.mark.parametrize("name, parameters", [("tutorial_a", 640_890), ("tutorial_b", 7_960), ("small_cnn", 29_658)])
def test_presets_have_the_expected_number_of_parameters(name, parameters):
    assert parameter_count(PRESETS[name].config) == parameters


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name):
    config = PRESETS[name].config
    assert TrainingConfig.from_json(config.to_json()) == config


def test_presets_stay_far_below_the_limit_of_multiply_adds():
    assert max(multiply_add_count(preset.config) for preset in PRESETS.values()) < LIMITS["multiply_adds"].high / 100


def test_notes_are_sentences_and_titles_differ():
    assert all(preset.note.endswith(".") and "_" not in preset.note for preset in PRESETS.values())
    assert len({preset.title for preset in PRESETS.values()}) == len(PRESETS)


def test_every_preset_is_one_lesson_of_the_path():
    assert sorted(name for names in LESSONS.values() for name in names) == sorted(PRESETS)


def test_continuing_keeps_the_settings_but_uses_no_drawings_without_some():
    config = replace(PRESETS["small_cnn"].config, own_examples=500)
    assert continue_training(config, drawings=3) == config
    assert continue_training(config, drawings=0) == replace(config, own_examples=0)
    assert next(iter(CONTINUATIONS)) == "same"


def test_fine_tuning_mixes_drawings_with_old_digits():
    config = fine_tune(PRESETS["best_cnn"].config, drawings=3)
    assert (config.own_examples, config.synthetic_examples) == (FINE_TUNE_DRAWINGS, 0)
    assert config.layers == PRESETS["best_cnn"].config.layers and config.optimizer == Adam()
    assert fine_tune(PRESETS["best_cnn"].config, drawings=0).own_examples == 0
    assert fine_tune(TrainingConfig(dataset="cifar10"), drawings=3).own_examples == 0  # drawings are digits
