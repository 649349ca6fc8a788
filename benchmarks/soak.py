"""Memory of one training process over many trainings of mixed networks.

Run `python -m benchmarks.soak`; 200 trainings take about 10 minutes on 2 cores. Prints the process's memory after the
first training, after half of them and after the last. Exits with status 1 if it has grown above its goal.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import psutil

from benchmarks.conditions import print_conditions
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Dropout, MaxPooling2D
from trainer.config.optimizers import Adam
from trainer.config.training import TrainingConfig
from trainer.drawing import synthetic_digits
from trainer.jobs import job
from trainer.runs.store import RunStore

MAX_GROWTH = 250.0  # MB from the first training to the last
DIGITS = 1200
_BASE = TrainingConfig(epochs=2, batch_size=50, validation_split=0.1)
CONFIGS = (  # no two in a row are alike
    replace(_BASE, layers=(Dense(784, "relu"), Dense(32, "relu"))),
    replace(_BASE, layers=(Conv2D(16, 5), MaxPooling2D(2), Conv2D(32, 3), MaxPooling2D(2), Dropout(0.3))),
    replace(_BASE, layers=(Dense(512, "relu"), Dropout(0.3), Dense(256, "relu")), optimizer=Adam()),
    replace(_BASE, layers=(Conv2D(8), BatchNormalization(), MaxPooling2D()), schedule="one_cycle", shift=2.0),
    replace(_BASE, layers=(Dense(64, "relu"),) * 6, batch_size=32, l2=0.001),
    replace(_BASE, layers=(Conv2D(32), Conv2D(32), MaxPooling2D(4), Dense(64)), batch_size=128, patience=1),
)


def main() -> int:
    parser = argparse.ArgumentParser(description="Memory of a training process over many trainings.")
    parser.add_argument("--trainings", type=int, default=200, help="number of trainings")
    count = parser.parse_args().trainings
    memory = psutil.Process().memory_info
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DIGITLAB_DATA"] = str(write_digits(Path(folder)))
        store = RunStore(Path(folder) / "runs")
        print_conditions("tensorflow", "keras", more=f"{count} trainings of {len(CONFIGS)} networks, {DIGITS} digits")
        job.dask_setup(None)
        used = []
        for place, config in enumerate(islice(cycle(CONFIGS), count)):
            run = store.create(replace(config, seed=place), owner="")
            job.run(str(run.path))
            if run.state.phase != "finished":
                sys.exit(f"A training did not finish (it is {run.state.phase}): {run.state.error}")
            store.delete(run)
            used.append(memory().rss / 1e6)
        for number in sorted({1, max(1, count // 2), count}):
            print(f"memory_after_{number} {used[number - 1]:.0f} MB", flush=True)
    return int(used[-1] - used[0] > MAX_GROWTH)


def write_digits(folder: Path) -> Path:
    """Write a data file of synthetic digits, in Keras's layout."""
    images, labels = synthetic_digits.make_digits(DIGITS, seed=3)
    path, train = folder / "digits.npz", DIGITS * 5 // 6
    np.savez(path, x_train=images[:train], y_train=labels[:train], x_test=images[train:], y_test=labels[train:])
    return path


if __name__ == "__main__":
    sys.exit(main())
