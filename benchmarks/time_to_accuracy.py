"""Time until 98, 99 and 99.5 % of the test digits are read correctly, for the app's presets and Keras's own recipe.

Run `python -m benchmarks.time_to_accuracy` on an idle machine; it takes about 30 minutes on 2 cores. Exits with status
1 if a goal is missed.

The clock runs from the start of the job, in a process that is as warm as a worker, to the end of the first epoch with
that accuracy; it stops while the test digits are read, which is not part of a training. The settings of the presets
were chosen on validation digits, never on test digits.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

from benchmarks.conditions import print_conditions
from benchmarks.training import KERAS_CONVNET, prepare_as_worker, train_reported
from harness.server import MNIST
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.data import datasets
from trainer.networks import model

TARGETS = (0.98, 0.99, 0.995)
SEEDS = (0, 1, 2)
RECIPES = {
    "keras": KERAS_CONVNET,
    **{name: PRESETS[name].config for name in ("quick_cnn", "small_cnn", "best_cnn")},
}
MIN_SPEEDUP = 3.0  # over Keras's recipe, to 99 %

Curve = list[tuple[float, float]]  # seconds, and the test accuracy by then


class Clock:
    """Records the test accuracy after each epoch, without the time that this takes."""

    def __init__(self, dataset: datasets.Dataset) -> None:
        self.images, self.labels = dataset.images("test"), dataset.labels("test")
        self.curve: Curve = []
        self.begun = time.perf_counter()

    def tick(self, network: Any) -> None:
        now = time.perf_counter()
        self.curve.append((now - self.begun, model.evaluate(network, self.images, self.labels)[1]))
        self.begun += time.perf_counter() - now


def trained_by_app(config: TrainingConfig, dataset: datasets.Dataset) -> Curve:
    clock = Clock(dataset)
    train_reported(config, dataset, clock.tick)
    return clock.curve


def trained_by_keras(config: TrainingConfig, dataset: datasets.Dataset) -> Curve:
    import keras

    clock = Clock(dataset)
    network = model.build(config, len(dataset.x_train))
    network.fit(
        dataset.images("train"),
        dataset.labels("train"),
        batch_size=config.batch_size,
        epochs=config.epochs,
        validation_split=config.validation_split,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: clock.tick(network))],
        verbose=0,
    )
    return clock.curve


def measure(recipe: str, seed: int) -> Curve:
    """Train in a separate process."""
    command = [sys.executable, "-m", "benchmarks.time_to_accuracy", "--recipe", recipe, "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{recipe} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    return [(seconds, accuracy) for seconds, accuracy in json.loads(done.stdout.splitlines()[-1])]


def reached(curve: Curve, target: float) -> float:
    """Return the seconds until an accuracy was reached; infinite if it never was."""
    return next((seconds for seconds, accuracy in curve if accuracy >= target), math.inf)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", choices=RECIPES, help="train only this one, in this process")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if MNIST.is_file():
        os.environ.setdefault("DIGITLAB_DATA", str(MNIST))
    if asked.recipe:
        if asked.recipe != "keras":
            prepare_as_worker()
        model.warm_up()
        train = trained_by_keras if asked.recipe == "keras" else trained_by_app
        print(json.dumps(train(replace(RECIPES[asked.recipe], seed=asked.seed), datasets.load())))
        return 0

    print_conditions("tensorflow", "keras", more=f"median of {len(SEEDS)} seeds")
    # in turns, so that other load affects all of them
    curves: dict[str, list[Curve]] = {recipe: [] for recipe in RECIPES}
    for seed in SEEDS:
        for recipe, known in curves.items():
            known.append(measure(recipe, seed))
    times = {
        (recipe, target): statistics.median(reached(curve, target) for curve in known)
        for recipe, known in curves.items()
        for target in TARGETS
    }
    for (recipe, target), seconds in times.items():
        print(f"{recipe}.{100 * target:g} {seconds:.1f} s")
    for recipe, known in curves.items():
        print(f"{recipe}.last_accuracy {100 * statistics.median(curve[-1][1] for curve in known):.2f} %")
        print(f"{recipe}.whole {statistics.median(curve[-1][0] for curve in known):.1f} s")
    # if Keras's recipe never reached it, it took at least its whole time
    whole = statistics.median(curve[-1][0] for curve in curves["keras"])
    own = min(seconds for (recipe, target), seconds in times.items() if recipe != "keras" and target == 0.99)
    ratio = min(times["keras", 0.99], whole) / own
    print(f"sooner.99 {ratio:.1f} times")
    return int(ratio < MIN_SPEEDUP)


if __name__ == "__main__":
    sys.exit(main())
