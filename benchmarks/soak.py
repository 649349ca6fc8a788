"""Memory of a worker over many trainings of mixed networks, one after another.

Run `python -m benchmarks.soak`; 200 trainings take about 10 minutes on 2 cores. Prints the worker's memory after the
first training, after half of them and after the last, the most, and how often the engine replaced the worker for its
growth. Exits with status 1 if the memory was above its goal.
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
from harness.waiting import wait_for
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Dropout, MaxPooling2D
from trainer.config.optimizers import Adam
from trainer.config.training import TrainingConfig
from trainer.drawing import synthetic_digits
from trainer.jobs.engine import Engine
from trainer.jobs.supervision import MAX_GROWTH

MAX_MEMORY = 1_100 + MAX_GROWTH / 1e6  # MB: a worker with MNIST, and what the engine lets it grow
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
    parser = argparse.ArgumentParser(description="Memory of a worker over many trainings.")
    parser.add_argument("--trainings", type=int, default=200, help="number of trainings")
    count = parser.parse_args().trainings
    print_conditions("tensorflow", "keras", more=f"{count} trainings of {len(CONFIGS)} networks, {DIGITS} digits")
    used, workers = [], set()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DIGITLAB_DATA"] = str(write_digits(Path(folder)))
        engine = Engine(Path(folder) / "runs", slots=1)
        try:
            for place, config in enumerate(islice(cycle(CONFIGS), count)):
                run = engine.runs.get(engine.submit(replace(config, seed=place)))
                assert run is not None
                wait_for(lambda run=run: run.state.ended)
                if run.state.phase != "finished":
                    sys.exit(f"A training did not finish (it is {run.state.phase}): {run.state.error}")
                worker = wait_for(find_worker)
                workers.add(worker.pid)
                used.append(worker.memory_info().rss / 1e6)
        finally:
            engine.close()
    for number in sorted({1, max(1, count // 2), count}):
        print(f"memory_after_{number} {used[number - 1]:.0f} MB")
    print(f"memory_most {max(used):.0f} MB")
    print(f"workers_replaced {len(workers) - 1} workers")
    return int(max(used) > MAX_MEMORY)


def find_worker() -> psutil.Process | None:
    """Return the process that trains, or None while it starts."""
    family = psutil.Process().children(recursive=True)
    return next((process for process in family if "--multiprocessing-fork" in process.cmdline()), None)


def write_digits(folder: Path) -> Path:
    """Write a data file of synthetic digits, in Keras's layout."""
    images, labels = synthetic_digits.make_digits(DIGITS, seed=3)
    path, train = folder / "digits.npz", DIGITS * 5 // 6
    np.savez(path, x_train=images[:train], y_train=labels[:train], x_test=images[train:], y_test=labels[train:])
    return path


if __name__ == "__main__":
    sys.exit(main())
