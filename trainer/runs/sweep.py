"""Which value of a setting does best? A network trained once for each combination of a few values, and what came of it.

`sweeps/<id>.json` in the run root says which run stands at which place; all else is read from the runs themselves.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from trainer import UserError
from trainer.config.training import TrainingConfig
from trainer.config.variation import Axis, Setting, Value
from trainer.runs.store import ID, RunStore
from trainer.storage.files import read_object, regular, write_whole

RUNS = 36  # of a sweep: a page of squares, and an hour of small networks
AXES = 2  # settings that are varied
VERSION = 1


@dataclass(frozen=True)
class Plan:
    """What is to be trained: a network, and one or two settings with the values that they take.

    Raises UserError where that are too many runs, or one of them cannot be trained.
    """

    base: TrainingConfig
    axes: tuple[Axis, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.axes) <= AXES:
            raise UserError(f"A sweep varies one setting or {AXES} (got {len(self.axes)}): choose them.")
        if len({axis.setting for axis in self.axes}) < len(self.axes):
            raise UserError(f"The two settings must differ (got {self.axes[0].setting.title} twice): choose another.")
        if len(self) > RUNS:
            numbers = " × ".join(str(len(axis.values)) for axis in self.axes)
            raise UserError(f"A sweep may have at most {RUNS} runs (got {numbers} = {len(self)}): take fewer values.")
        if len(self) < 2:
            raise UserError("A sweep compares at least two runs (got one): add a value.")
        for values in self.combinations:
            self._config(values)

    def __len__(self) -> int:
        return math.prod(len(axis.values) for axis in self.axes)

    @property
    def combinations(self) -> list[tuple[Value, ...]]:
        """Return the values of each run, in the order of the runs: the first setting's change first."""
        backwards = product(*(axis.values for axis in reversed(self.axes)))
        return [values[::-1] for values in backwards]

    @property
    def configs(self) -> list[TrainingConfig]:
        return [self._config(values) for values in self.combinations]

    @property
    def names(self) -> list[str]:
        """Return a name for each run that tells its values: `rate 0.1, batch 32`."""
        return [self.named(values) for values in self.combinations]

    @property
    def title(self) -> str:
        title = " × ".join(axis.setting.title for axis in self.axes)
        return title[:1].upper() + title[1:]

    def named(self, values: Sequence[Value]) -> str:
        return ", ".join(axis.setting.named(value) for axis, value in zip(self.axes, values, strict=True))

    def _config(self, values: Sequence[Value]) -> TrainingConfig:
        config = self.base
        pairs = [(axis.setting, value) for axis, value in zip(self.axes, values, strict=True)]
        pairs.sort(key=lambda pair: pair[0].name != "optimizer")  # it brings its learning rate, unless that is varied
        try:
            for setting, value in pairs:
                config = setting.put(config, value)
        except UserError as error:
            raise UserError(f"With {self.named(values)}: {error}") from None
        return config


@dataclass(frozen=True)
class Sweep:
    """A plan whose runs were begun."""

    id: str
    plan: Plan
    runs: tuple[str, ...]  # their ids, one for each of the plan's combinations
    created: float  # seconds since the epoch
    owner: str  # hash of the owner's token

    def to_json(self) -> str:
        axes = [{"setting": axis.setting.id, "values": list(axis.values)} for axis in self.plan.axes]
        base = json.loads(self.plan.base.to_json())
        values = {"version": VERSION, "base": base, "axes": axes, "runs": list(self.runs)}
        return json.dumps(values | {"created": self.created, "owner": self.owner}, indent=1)

    @classmethod
    def from_json(cls, sweep_id: str, values: Mapping[str, Any]) -> Sweep:
        """Read what `to_json` wrote. Raises UserError, ValueError, KeyError or TypeError for anything else."""
        axes = tuple(Axis(Setting.of(str(axis["setting"])), tuple(axis["values"])) for axis in values["axes"])
        plan = Plan(TrainingConfig.from_json(json.dumps(values["base"])), axes)
        runs, created, owner = tuple(values["runs"]), values["created"], values["owner"]
        if len(runs) != len(plan) or not all(isinstance(run, str) and ID.fullmatch(run) for run in runs):
            raise ValueError("a run for each combination")
        if not isinstance(created, (int, float)) or not math.isfinite(created) or not isinstance(owner, str):
            raise TypeError("when, and whose")
        return cls(sweep_id, plan, runs, float(created), owner)


class Sweeps:
    """All sweeps under one folder, each in a file of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, sweep: Sweep) -> None:
        """Write a sweep's file. Raises OSError where the disk refuses."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / f"{sweep.id}.json", sweep.to_json().encode())

    def get(self, sweep_id: str) -> Sweep | None:
        """Return a sweep, or None where there is none; the id may be any text from outside.

        Raises UserError where its file is damaged.
        """
        path = self.folder / f"{sweep_id}.json"
        if not ID.fullmatch(sweep_id) or not regular(path):
            return None
        try:
            return Sweep.from_json(sweep_id, read_object(path))
        except (OSError, UserError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
            raise UserError(
                "A sweep's file must be as it was written (got a damaged one): its runs are still on Runs."
            ) from None

    def ids(self) -> list[str]:
        """Return the id of every sweep, damaged ones too, the newest first."""
        try:
            names = [path.stem for path in self.folder.iterdir() if path.suffix == ".json"]
        except OSError:
            return []
        return sorted((name for name in names if ID.fullmatch(name)), reverse=True)


# --- what comes of it -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """How one run of a sweep stands. `phase` is that of its state, or "gone" where the run was deleted."""

    run: str
    name: str
    phase: str
    accuracy: float | None = None  # of the test digits; until then of the validation digits after the last epoch
    tested: bool = False
    epochs: int = 0  # done so far
    seconds: float = 0.0
    error: str = ""  # one sentence

    @property
    def over(self) -> bool:
        return self.phase not in ("queued", "running", "paused")

    @property
    def words(self) -> str:
        """Say how it stands, in a word or two: "" where its accuracy says it all."""
        match self.phase:
            case "finished":
                return "" if self.tested else "no result"
            case "queued":
                return "waits"
            case "running":
                return f"epoch {self.epochs}" if self.epochs else "begins"
            case "interrupted":
                return "broke off"
            case phase:
                return phase


def cells(sweep: Sweep, store: RunStore) -> list[Cell]:
    """Return how each run of a sweep stands now, in the order of the plan."""
    return [_cell(run_id, name, store) for run_id, name in zip(sweep.runs, sweep.plan.names, strict=True)]


def _cell(run_id: str, name: str, store: RunStore) -> Cell:
    run = store.get(run_id)
    if run is None:
        return Cell(run_id, name, "gone")
    state = run.state
    tested = state.test_accuracy is not None
    cell = Cell(run_id, name, state.phase, state.test_accuracy, tested, seconds=state.seconds, error=state.error)
    if tested:
        return cell
    ends = [line for line in store.history(run) if line.get("kind") == "epoch"]
    if not ends:
        return cell
    done, reached = ends[-1].get("epoch"), ends[-1].get("val_accuracy")
    if isinstance(done, int):
        cell = replace(cell, epochs=done)
    if isinstance(reached, float) and state.phase != "failed":
        cell = replace(cell, accuracy=reached)
    return cell


def best(known: Sequence[Cell]) -> Cell | None:
    """Return the run that reads the most test digits, the first of equal ones, or None while none was tested."""
    tested = [cell for cell in known if cell.tested and cell.accuracy is not None]
    return max(tested, key=lambda cell: cell.accuracy or 0.0) if tested else None


def shades(known: Sequence[float | None]) -> list[float | None]:
    """Place accuracies between the worst, 0, and the best, 1, by the logarithm of what is read wrong.

    So 97 and 98 % are told apart also where one network has learned nothing.
    """
    wrong = [None if value is None else math.log(max(1e-4, 1.0 - value)) for value in known]
    there = [value for value in wrong if value is not None]
    if not there or max(there) - min(there) < 1e-9:
        return [None if value is None else 1.0 for value in wrong]
    return [None if value is None else (max(there) - value) / (max(there) - min(there)) for value in wrong]


def effects(plan: Plan, known: Sequence[Cell]) -> list[tuple[Setting, float]] | None:
    """Return how much each setting makes of a difference, or None until every run was tested.

    That is how far the means of its values, taken over those of the other setting, lie apart, as a share of 1.
    """
    accuracies = [cell.accuracy for cell in known if cell.tested and cell.accuracy is not None]
    if len(accuracies) < len(plan):
        return None
    found = []
    for place, axis in enumerate(plan.axes):
        of = [
            [accuracy for values, accuracy in zip(plan.combinations, accuracies, strict=True) if values[place] == value]
            for value in axis.values
        ]
        means = [sum(some) / len(some) for some in of]
        found.append((axis.setting, max(means) - min(means)))
    return found


def chance(accuracy: float, tested: int) -> float:
    """Return how far apart, as a share, two such accuracies may come out by chance alone, once in 20 times."""
    return 1.96 * math.sqrt(2 * accuracy * (1 - accuracy) / max(1, tested))
