"""What differs in the settings of several runs? That, and nothing else. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from trainer.config.layer import Layer
from trainer.config.layer_table import LayerRow
from trainer.config.training import TrainingConfig

FIRST = ("dataset", "layers", "optimizer")  # what one asks for first; the others follow as TrainingConfig has them
CHANCE = "seed"


@dataclass(frozen=True)
class Difference:
    """One setting and its value in each run, None where a run has no such setting.

    The values of "layers" are tuples of layers, in which None stands for those that all of them have.
    """

    setting: str  # as TrainingConfig, the optimizer or the layer names it
    values: tuple[Any, ...]
    layer: str = ""  # whose setting it is, by its name in the layer table


def differences(configs: Sequence[TrainingConfig]) -> list[Difference]:
    """Return the settings in which configurations differ, in the order in which one asks for them.

    Layers that go without saying are filled in before, so whoever leaves them out differs in nothing.
    """
    names = [*FIRST, *(item.name for item in fields(TrainingConfig) if item.name not in FIRST)]
    found: list[Difference] = []
    for name in names:
        if name == "layers":
            found += _of_layers(configs)
        elif name == "optimizer":
            found += _of_optimizers(configs)
        else:
            found += _where(name, [getattr(config, name) for config in configs])
    return found


def only_chance(found: Sequence[Difference]) -> bool:
    """Tell whether nothing but chance can make the runs differ."""
    return all(difference.setting == CHANCE for difference in found)


def _where(name: str, values: Sequence[Any], layer: str = "") -> list[Difference]:
    return [Difference(name, tuple(values), layer)] if any(value != values[0] for value in values) else []


def _of_optimizers(configs: Sequence[TrainingConfig]) -> list[Difference]:
    optimizers = [config.optimizer for config in configs]
    arguments = {item.name: None for optimizer in optimizers for item in fields(optimizer)}  # each once, in their order
    found = _where("optimizer", [type(optimizer).__name__ for optimizer in optimizers])
    for name in arguments:
        found += _where(name, [getattr(optimizer, name, None) for optimizer in optimizers])
    return found


def _of_layers(configs: Sequence[TrainingConfig]) -> list[Difference]:
    """Return each argument that differs where all have the same kinds of layers, else the layers that not all have."""
    tables = [[row for row in config.table[:-1] if not row.layer.hidden] for config in configs]
    kinds = [[type(row.layer) for row in table] for table in tables]
    if all(kind == kinds[0] for kind in kinds):
        found = []
        for rows in zip(*tables, strict=True):
            for item in fields(rows[0].layer):
                found += _where(item.name, [getattr(row.layer, item.name) for row in rows], rows[0].name)
        return found
    return [Difference("layers", tuple(_shortened(tables)))]


def _shortened(tables: Sequence[Sequence[LayerRow]]) -> list[tuple[Layer | None, ...]]:
    """Return each one's layers; those that all begin with are one None, and so are those that all end with."""
    lists = [[row.layer for row in table] for table in tables]
    shortest = min(map(len, lists))
    first = _common(lists, shortest)
    last = _common([layers[::-1] for layers in lists], shortest - first)
    before: list[Layer | None] = [None] if first else []
    after: list[Layer | None] = [None] if last else []
    return [(*before, *layers[first : len(layers) - last], *after) for layers in lists]


def _common(lists: Sequence[Sequence[Layer]], most: int) -> int:
    """Return how many of the first ones, at most so many, are the same in all."""
    number = 0
    while number < most and all(layers[number] == lists[0][number] for layers in lists):
        number += 1
    return number
