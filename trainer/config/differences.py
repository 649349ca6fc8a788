"""Settings in which several runs differ. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from trainer.config.layer import Layer
from trainer.config.layer_table import LayerRow
from trainer.config.training import TrainingConfig

FIRST = ("dataset", "layers", "optimizer")  # listed first; the others follow in TrainingConfig's order


@dataclass(frozen=True)
class Difference:
    """One setting and its value in each run, None for runs without that setting.

    The values of "layers" are tuples of layers, in which None stands for the layers that all runs share.
    """

    setting: str  # as TrainingConfig, the optimizer or the layer names it
    values: tuple[Any, ...]
    layer: str = ""  # for a layer's setting: its name in the layer table


def differences(configs: Sequence[TrainingConfig]) -> list[Difference]:
    """Return the settings in which configurations differ, the most important first.

    Implied layers are filled in first, so leaving them out makes no difference.
    """
    names = [*FIRST, *(item.name for item in fields(TrainingConfig) if item.name not in FIRST)]
    found: list[Difference] = []
    for name in names:
        if name == "layers":
            found += _layer_differences(configs)
        elif name == "optimizer":
            found += _optimizer_differences(configs)
        else:
            found += _difference(name, [getattr(config, name) for config in configs])
    return found


def differ_only_by_seed(found: Sequence[Difference]) -> bool:
    """Return whether the runs differ in nothing but their seeds."""
    return all(difference.setting == "seed" for difference in found)


def _difference(name: str, values: Sequence[Any], layer: str = "") -> list[Difference]:
    return [Difference(name, tuple(values), layer)] if any(value != values[0] for value in values) else []


def _optimizer_differences(configs: Sequence[TrainingConfig]) -> list[Difference]:
    optimizers = [config.optimizer for config in configs]
    arguments = {item.name: None for optimizer in optimizers for item in fields(optimizer)}  # each once, in order
    found = _difference("optimizer", [type(optimizer).__name__ for optimizer in optimizers])
    for name in arguments:
        found += _difference(name, [getattr(optimizer, name, None) for optimizer in optimizers])
    return found


def _layer_differences(configs: Sequence[TrainingConfig]) -> list[Difference]:
    """Return each argument that differs if all runs have the same kinds of layers, else the layers not all share."""
    tables = [[row for row in config.table[:-1] if not row.layer.hidden] for config in configs]
    kinds = [[type(row.layer) for row in table] for table in tables]
    if all(kind == kinds[0] for kind in kinds):
        found = []
        for rows in zip(*tables, strict=True):
            for item in fields(rows[0].layer):
                found += _difference(item.name, [getattr(row.layer, item.name) for row in rows], rows[0].name)
        return found
    return [Difference("layers", tuple(_shortened(tables)))]


def _shortened(tables: Sequence[Sequence[LayerRow]]) -> list[tuple[Layer | None, ...]]:
    """Return each table's layers, with one None for the layers all begin with and one for those all end with."""
    lists = [[row.layer for row in table] for table in tables]
    shortest = min(map(len, lists))
    first = _common(lists, shortest)
    last = _common([layers[::-1] for layers in lists], shortest - first)
    before: list[Layer | None] = [None] if first else []
    after: list[Layer | None] = [None] if last else []
    return [(*before, *layers[first : len(layers) - last], *after) for layers in lists]


def _common(lists: Sequence[Sequence[Layer]], limit: int) -> int:
    """Return how many of the first `limit` layers are the same in all lists."""
    number = 0
    while number < limit and all(layers[number] == lists[0][number] for layers in lists):
        number += 1
    return number
