"""Sweep: one run for each combination of a few values of one or two settings, and its results.

`sweeps/<id>.json` in the run root lists the run of each combination; everything else is read from the runs.
"""

from __future__ import annotations

import contextlib
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Literal

from trainer import UserError
from trainer.config.training import TrainingConfig
from trainer.config.variation import Axis, Setting, Value
from trainer.runs.store import RUN_ID, RunStore
from trainer.storage.files import is_regular_file, read_object, write_atomically

MAX_RUNS = 36  # in a sweep: they fill a page, and small networks take an hour
MAX_AXES = 2  # settings that are varied
VERSION = 1  # of the file format


@dataclass(frozen=True)
class Plan:
    """Plan of a sweep: a config, and one or two settings with the values to try.

    Raises UserError if there are too many runs or one of them cannot be trained.
    """

    base: TrainingConfig
    axes: tuple[Axis, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.axes) <= MAX_AXES:
            raise UserError(f"A sweep must vary 1 or {MAX_AXES} settings (got {len(self.axes)}): choose them.")
        if len({axis.setting for axis in self.axes}) < len(self.axes):
            raise UserError(f"The two settings must differ (got {self.axes[0].setting.title} twice): change one.")
        if len(self) > MAX_RUNS:
            numbers = " × ".join(str(len(axis.values)) for axis in self.axes)
            raise UserError(
                f"A sweep may have at most {MAX_RUNS} runs (got {numbers} = {len(self)}): use fewer values."
            )
        if len(self) < 2:
            raise UserError("A sweep must have at least 2 runs (got 1): add a value.")
        for values in self.combinations:
            self._config(values)

    def __len__(self) -> int:
        return math.prod(len(axis.values) for axis in self.axes)

    @property
    def combinations(self) -> list[tuple[Value, ...]]:
        """Return the values of each run, in the order of the runs: the first setting varies fastest."""
        reversed_values = product(*(axis.values for axis in reversed(self.axes)))
        return [values[::-1] for values in reversed_values]

    @property
    def configs(self) -> list[TrainingConfig]:
        return [self._config(values) for values in self.combinations]

    @property
    def names(self) -> list[str]:
        """Return a name for each run, made of its values."""
        return [self._name(values) for values in self.combinations]

    @property
    def measured(self) -> Literal["validation", "test"]:
        """The images on which the runs are compared, while they train and afterwards.

        Test images, which are read only at the end of a run, if a run has no validation images.
        """
        return "validation" if all(config.validation_split for config in self.configs) else "test"

    def measured_count(self, training: int, test: int) -> int:
        """Return on how many images the runs are compared, with a data set of `training` and `test` images."""
        return test if self.measured == "test" else min(test, self.base.split(training)[1])

    @property
    def title(self) -> str:
        title = " × ".join(axis.setting.title for axis in self.axes)
        return title[:1].upper() + title[1:]

    def _name(self, values: Sequence[Value]) -> str:
        return ", ".join(axis.setting.format_named(value) for axis, value in zip(self.axes, values, strict=True))

    def _config(self, values: Sequence[Value]) -> TrainingConfig:
        config = self.base
        pairs = [(axis.setting, value) for axis, value in zip(self.axes, values, strict=True)]
        # An optimizer sets its default learning rate, so it comes before a learning rate that is varied too.
        pairs.sort(key=lambda pair: pair[0].name != "optimizer")
        try:
            for setting, value in pairs:
                config = setting.apply(config, value)
        except UserError as error:
            raise UserError(f"With {self._name(values)}: {error}") from None
        return config


@dataclass(frozen=True)
class Sweep:
    """A plan and its submitted runs."""

    id: str
    plan: Plan
    runs: tuple[str, ...]  # ids, one for each combination of the plan
    created: float  # seconds since the epoch
    owner: str  # hash of the owner's token

    def to_json(self) -> str:
        axes = [{"setting": axis.setting.id, "values": list(axis.values)} for axis in self.plan.axes]
        base = json.loads(self.plan.base.to_json())
        values = {"version": VERSION, "base": base, "axes": axes, "runs": list(self.runs)}
        return json.dumps(values | {"created": self.created, "owner": self.owner}, indent=1)

    @classmethod
    def from_json(cls, sweep_id: str, values: Mapping[str, Any]) -> Sweep:
        """Parse what `to_json` wrote. Raises UserError, ValueError, KeyError or TypeError for anything else."""
        axes = tuple(Axis(Setting.from_id(str(axis["setting"])), tuple(axis["values"])) for axis in values["axes"])
        plan = Plan(TrainingConfig.from_json(json.dumps(values["base"])), axes)
        runs, created, owner = tuple(values["runs"]), values["created"], values["owner"]
        if len(runs) != len(plan) or not all(isinstance(run, str) and RUN_ID.fullmatch(run) for run in runs):
            raise ValueError("there must be one run id for each combination")
        if not isinstance(created, (int, float)) or not math.isfinite(created) or not isinstance(owner, str):
            raise TypeError("created must be a number, and owner text")
        return cls(sweep_id, plan, runs, float(created), owner)


class Sweeps:
    """All sweeps in a folder, one file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, sweep: Sweep) -> None:
        """Write a sweep's file. Raises OSError if the disk refuses."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / f"{sweep.id}.json", sweep.to_json().encode())

    def remove(self, sweep_id: str) -> None:
        """Remove a sweep's file; its runs stay."""
        with contextlib.suppress(OSError):
            (self.folder / f"{sweep_id}.json").unlink()

    def get(self, sweep_id: str) -> Sweep | None:
        """Return a sweep, or None if there is none; the id may be any text, such as from a link.

        Raises UserError if its file is damaged.
        """
        path = self.folder / f"{sweep_id}.json"
        if not RUN_ID.fullmatch(sweep_id) or not is_regular_file(path):
            return None
        try:
            return Sweep.from_json(sweep_id, read_object(path))
        except (OSError, UserError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
            raise UserError(
                "A sweep's file must be readable (got a damaged one): find its runs on the page Runs."
            ) from None

    def ids(self) -> list[str]:
        """Return the ids of all sweeps, damaged ones included, newest first."""
        try:
            names = [path.stem for path in self.folder.iterdir() if path.suffix == ".json"]
        except OSError:
            return []
        return sorted((name for name in names if RUN_ID.fullmatch(name)), reverse=True)


# --- results --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """Status and result of one run of a sweep."""

    run: str  # its id
    name: str
    phase: str  # of its state, or "deleted"
    accuracy: float | None = None  # on the images on which the plan's runs are compared; so far, while it trains
    tested: bool = False  # so that the accuracy is the final network's
    test_accuracy: float | None = None
    epochs: int = 0  # done so far
    seconds: float = 0.0
    error: str = ""  # one sentence

    @property
    def ended(self) -> bool:
        return self.phase not in ("queued", "running", "paused")

    @property
    def status(self) -> str:
        """Return the status in a word or two, or "" if the accuracy is enough."""
        match self.phase:
            case "finished":
                return "" if self.tested else "no result"
            case "queued":
                return "waiting"
            case "running":
                return f"epoch {self.epochs}" if self.epochs else "starting"
            case phase:
                return phase


def read_cells(sweep: Sweep, store: RunStore) -> list[Cell]:
    """Read the current status of each run of a sweep, in the order of the plan."""
    measured = sweep.plan.measured
    return [_cell(run_id, name, store, measured) for run_id, name in zip(sweep.runs, sweep.plan.names, strict=True)]


def _cell(run_id: str, name: str, store: RunStore, measured: str) -> Cell:
    run = store.get(run_id)
    if run is None:
        return Cell(run_id, name, "deleted")
    state = run.state
    accuracy = state.test_accuracy if measured == "test" else state.val_accuracy
    tested = state.test_accuracy is not None
    cell = Cell(
        run_id, name, state.phase, accuracy, tested, state.test_accuracy, seconds=state.seconds, error=state.error
    )
    if tested and accuracy is not None:
        return cell
    ends = [line for line in store.history(run) if line.get("kind") == "epoch"]
    if not ends:
        return cell
    epochs, val_accuracy = ends[-1].get("epoch"), ends[-1].get("val_accuracy")
    if isinstance(epochs, int):
        cell = replace(cell, epochs=epochs)
    if isinstance(val_accuracy, float) and state.phase != "failed" and measured == "validation":
        cell = replace(cell, accuracy=val_accuracy)  # also of a run of an old version, which stored no final one
    return cell


def best_cell(cells: Sequence[Cell]) -> Cell | None:
    """Return the first cell with the highest accuracy, or None while no run has been tested."""
    tested = [cell for cell in cells if cell.tested and cell.accuracy is not None]
    return max(tested, key=lambda cell: cell.accuracy or 0.0) if tested else None


def heatmap_positions(accuracies: Sequence[float | None]) -> list[float | None]:
    """Scale accuracies from the worst, 0, to the best, 1, by the logarithm of the error rate.

    This tells 97 % from 98 % even if one network has learned nothing.
    """
    errors = [None if accuracy is None else math.log(max(1e-4, 1.0 - accuracy)) for accuracy in accuracies]
    known = [error for error in errors if error is not None]
    if not known or max(known) - min(known) < 1e-9:
        return [None if error is None else 1.0 for error in errors]
    return [None if error is None else (max(known) - error) / (max(known) - min(known)) for error in errors]


def effects(plan: Plan, cells: Sequence[Cell]) -> list[tuple[Setting, float]] | None:
    """Return how much each setting changes the accuracy, as a share of 1, or None until every run is tested.

    The effect is the range of the mean accuracies of the setting's values; each mean is over the other setting.
    """
    accuracies = [cell.accuracy for cell in cells if cell.tested and cell.accuracy is not None]
    if len(accuracies) < len(plan):
        return None
    ranges = []
    for place, axis in enumerate(plan.axes):
        means = []
        for value in axis.values:
            pairs = zip(plan.combinations, accuracies, strict=True)
            means.append(statistics.fmean(accuracy for values, accuracy in pairs if values[place] == value))
        ranges.append((axis.setting, max(means) - min(means)))
    return ranges


def chance_difference(accuracy: float, tested: int) -> float:
    """Return the difference between two such accuracies, as a share, that chance alone exceeds once in 20 times."""
    return 1.96 * math.sqrt(2 * accuracy * (1 - accuracy) / max(1, tested))
