"""Label of a run: the name, note and pin from its owner, and the generated name."""

from dataclasses import replace
from pathlib import Path

import pytest

from trainer import UserError
from trainer.config.layers import Dense
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.runs.label import Label, generated_name
from trainer.runs.parent import default_continuation, find_parent
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped


@pytest.fixture
def run(tmp_path):
    return RunStore(tmp_path / "runs").create(TrainingConfig(), owner="somebody")


def test_the_generated_name_is_the_presets_title_or_the_layers():
    preset = PRESETS["tutorial_a"].config
    assert generated_name(replace(preset, seed=7, epochs=3)) == "Tutorial A, scaled"
    assert generated_name(TrainingConfig(layers=(Dense(64, "relu"), Dense(32, "tanh")))) == "64 relu - 32 tanh"
    assert generated_name(TrainingConfig(layers=())) == "no hidden layer"
    assert generated_name(preset, parent="20261121-194501-ab12cd") == "Tutorial A, scaled, continued"


def test_continuing_the_ready_made_network_is_named_after_it():
    for drawings in (0, 5):
        config = default_continuation(find_parent(RunStore(Path()), "shipped"), drawings)
        assert generated_name(replace(config, seed=3), "shipped") == "Ready-made network, fine-tuned"
    assert generated_name(shipped.CONFIG, "shipped") == "Ready-made network, continued"


def test_an_empty_name_restores_the_generated_name(run):
    run.describe(name="  my <b>first</b>\nnetwork ")
    assert run.read().name == "my <b>first</b> network"
    with pytest.raises(UserError, match=r"A name may have at most 80 characters \(got 81\)"):
        run.describe(name="x" * 81)
    run.describe(name="")
    assert run.read().name == "32 relu"


def test_a_note_and_a_pin_are_saved_beside_the_name(run):
    run.describe(name="mine")
    run.describe(note="a <b>note</b>\nof two lines", pinned=True)
    assert run.read().label == Label("mine", "a <b>note</b>\nof two lines", True)
    with pytest.raises(UserError, match=r"A note may have at most 1,000 characters \(got 1,001\)"):
        run.describe(note="x" * 1001)


def test_damaged_fields_get_their_defaults(run):
    (run.path / "meta.json").write_text('{"name": 3, "note": ["x"], "pinned": "yes"}')
    assert run.read().label == Label()


def test_unprintable_characters_become_spaces():
    assert Label().changed(note="a\x00b\u202ec").note == "a b c"
