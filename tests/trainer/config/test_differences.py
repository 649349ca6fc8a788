"""Differences between configurations, compared with the changes made to them."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trainer.config.differences import Difference, differ_only_by_seed, differences
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from trainer.config.optimizers import SGD, Adam, AdamW, Lion
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig

BASE = TrainingConfig(layers=(Flatten(), Dense(64, "relu"), Dropout(0.5), Dense(32, "relu")))
CHANGES: dict[str, Any] = {
    "dataset": "fashion_mnist",
    "learning_rate": 0.5,
    "schedule": "cosine",
    "loss": "mean_squared_error",
    "batch_size": 500,
    "epochs": 7,
    "validation_split": 0.2,
    "patience": 3,
    "training_examples": 1000,
    "l2": 0.001,
    "shift": 2.0,
    "rotation": 5.0,
    "zoom": 0.1,
    "dtype": "mixed_bfloat16",
    "kernel_initializer": "he_normal",
    "seed": 5,
    "time_limit": 60,
}


def found(*configs: TrainingConfig) -> dict[str, tuple[Any, ...]]:
    """Return the differing values by layer and setting."""
    return {" ".join(filter(None, (one.layer, one.setting))): one.values for one in differences(configs)}


@given(st.lists(st.sets(st.sampled_from(sorted(CHANGES))), min_size=2, max_size=6))
def test_exactly_the_changed_settings_differ(changed: list[set[str]]) -> None:
    configs = [replace(BASE, **{name: CHANGES[name] for name in names}) for names in changed]
    wanted = set.union(*changed) - set.intersection(*changed)
    shown = found(*configs)
    assert set(shown) == wanted
    for name, values in shown.items():
        assert list(values) == [CHANGES[name] if name in names else getattr(BASE, name) for names in changed]


def test_the_most_important_settings_come_first() -> None:
    other = replace(BASE, dataset="fashion_mnist", layers=(), optimizer=Adam(), learning_rate=0.1, seed=9)
    names = [one.setting for one in differences([BASE, other])]
    assert names == ["dataset", "layers", "optimizer", "momentum", "beta_1", "beta_2", "learning_rate", "seed"]


def test_each_optimizer_argument_is_a_setting() -> None:
    assert found(replace(BASE, optimizer=SGD(0.9)), BASE) == {"momentum": (0.9, 0.0)}
    assert found(BASE, replace(BASE, optimizer=Adam())) == {
        "optimizer": ("SGD", "Adam"),
        "momentum": (0.0, None),
        "beta_1": (None, 0.9),
        "beta_2": (None, 0.999),
    }
    related = found(replace(BASE, optimizer=Adam()), replace(BASE, optimizer=AdamW()), replace(BASE, optimizer=Lion()))
    assert set(related) == {"optimizer", "beta_2", "weight_decay"}  # all have beta_1, and the same


def test_a_layers_argument_names_its_layer() -> None:
    other = replace(BASE, layers=(Flatten(), Dense(64, "tanh"), Dropout(0.2), Dense(32, "relu")))
    assert found(BASE, other) == {"dense_2 activation": ("relu", "tanh"), "dropout_3 rate": (0.5, 0.2)}


def test_implied_layers_make_no_difference() -> None:
    assert found(BASE, replace(BASE, layers=BASE.layers[1:])) == {}
    convolution = (Conv2D(4), Flatten())
    assert found(replace(BASE, layers=convolution), replace(BASE, layers=convolution[:1])) == {}


def test_shared_layers_at_both_ends_are_omitted() -> None:
    first, last = Dense(64, "relu"), Dense(32, "relu")
    without = replace(BASE, layers=(Flatten(), first, last))
    assert found(BASE, without) == {"layers": ((None, Dropout(0.5), None), (None, None))}
    alone = replace(BASE, layers=(Flatten(), Dropout(0.1)))
    assert found(without, alone) == {"layers": ((None, first, last), (None, Dropout(0.1)))}
    images = (Conv2D(4), BatchNormalization(), MaxPooling2D())
    assert found(without, replace(BASE, layers=images))["layers"] == (
        (Flatten(), first, last),
        (*images, Flatten()),
    )


def test_seeds_alone_are_recognized() -> None:
    assert differ_only_by_seed(differences([BASE, replace(BASE, seed=3), replace(BASE, seed=4)]))
    assert differ_only_by_seed(differences([BASE, BASE]))
    assert not differ_only_by_seed([Difference("seed", (1, 2)), Difference("epochs", (1, 2))])


def test_all_presets_differ() -> None:
    configs = [preset.config for preset in PRESETS.values()]
    for config in configs:
        for other in configs:
            assert bool(differences([config, other])) == (config is not other)
