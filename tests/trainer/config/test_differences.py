"""What differs between configurations, held against what was changed in them."""

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
    """Return what differs, by the setting's name and its layer's."""
    return {" ".join(filter(None, (one.layer, one.setting))): one.values for one in differences(configs)}


@given(st.lists(st.sets(st.sampled_from(sorted(CHANGES))), min_size=2, max_size=6))
def test_what_was_changed_is_what_differs_and_nothing_else(changed: list[set[str]]) -> None:
    configs = [replace(BASE, **{name: CHANGES[name] for name in names}) for names in changed]
    wanted = set.union(*changed) - set.intersection(*changed)
    shown = found(*configs)
    assert set(shown) == wanted
    for name, values in shown.items():
        assert list(values) == [CHANGES[name] if name in names else getattr(BASE, name) for names in changed]


def test_the_order_is_that_in_which_one_asks() -> None:
    other = replace(BASE, dataset="fashion_mnist", layers=(), optimizer=Adam(), learning_rate=0.1, seed=9)
    names = [one.setting for one in differences([BASE, other])]
    assert names == ["dataset", "layers", "optimizer", "momentum", "beta_1", "beta_2", "learning_rate", "seed"]


def test_each_argument_of_the_optimizers_stands_by_itself() -> None:
    assert found(replace(BASE, optimizer=SGD(0.9)), BASE) == {"momentum": (0.9, 0.0)}
    assert found(BASE, replace(BASE, optimizer=Adam())) == {
        "optimizer": ("SGD", "Adam"),
        "momentum": (0.0, None),
        "beta_1": (None, 0.9),
        "beta_2": (None, 0.999),
    }
    kin = found(replace(BASE, optimizer=Adam()), replace(BASE, optimizer=AdamW()), replace(BASE, optimizer=Lion()))
    assert set(kin) == {"optimizer", "beta_2", "weight_decay"}  # all have beta_1, and the same


def test_an_argument_of_a_layer_is_named_by_its_layer() -> None:
    other = replace(BASE, layers=(Flatten(), Dense(64, "tanh"), Dropout(0.2), Dense(32, "relu")))
    assert found(BASE, other) == {"dense_2 activation": ("relu", "tanh"), "dropout_3 rate": (0.5, 0.2)}


def test_layers_that_go_without_saying_make_no_difference() -> None:
    assert found(BASE, replace(BASE, layers=BASE.layers[1:])) == {}
    convolution = (Conv2D(4), Flatten())
    assert found(replace(BASE, layers=convolution), replace(BASE, layers=convolution[:1])) == {}


def test_of_other_layers_only_those_are_shown_that_not_all_have() -> None:
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


def test_chance_alone_is_told_from_settings() -> None:
    assert differ_only_by_seed(differences([BASE, replace(BASE, seed=3), replace(BASE, seed=4)]))
    assert differ_only_by_seed(differences([BASE, BASE]))
    assert not differ_only_by_seed([Difference("seed", (1, 2)), Difference("epochs", (1, 2))])


def test_every_two_lessons_can_be_told_apart() -> None:
    configs = [preset.config for preset in PRESETS.values()]
    for config in configs:
        for other in configs:
            assert bool(differences([config, other])) == (config is not other)
