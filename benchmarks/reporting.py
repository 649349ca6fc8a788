"""Cost of live reporting: complete jobs compared with the same Keras `fit` alone.

Run `python -m benchmarks.reporting` on an idle machine; it takes about 4 minutes on 2 cores. Exits with status 1 if
reporting takes more than 1 % of a training's time.
"""

import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.conditions import print_conditions
from benchmarks.training import prepare_as_worker
from harness.server import MNIST
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.data import datasets
from trainer.jobs import job
from trainer.networks import model
from trainer.runs.store import RunStore

PAIRS = 7
MAX_SHARE = 0.01  # of a training's time
CONFIGS = {  # few epochs, but enough for exports of the network; the first epoch is not counted
    "tutorial_b": PRESETS["tutorial_b"].config,
    "tutorial_a": replace(PRESETS["tutorial_a"].config, epochs=8),
    "small_cnn": replace(PRESETS["small_cnn"].config, epochs=2, training_examples=20_000),
}


def reported(config: TrainingConfig, store: RunStore) -> tuple[float, float]:
    """Train as a worker does; return the seconds per epoch and the share of the time that reporting took."""
    run = store.create(config, owner="")
    job.run(str(run.path))
    state = run.state
    if state.phase != "finished":
        sys.exit(f"The job did not finish (it is {state.phase}): {state.error}")
    ends = [line["seconds"] for line in store.history(run) if line["kind"] == "epoch"]
    return seconds_per_epoch(ends), state.hook_seconds / state.seconds


def alone(config: TrainingConfig, dataset: datasets.Dataset) -> float:
    """Train with Keras alone; return the seconds per epoch."""
    import keras

    ends: list[float] = []

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            ends.append(time.perf_counter())

    count = config.training_examples
    model.build(config, len(dataset.x_train)).fit(
        dataset.images("train", slice(count)),
        dataset.labels("train", slice(count)),
        batch_size=config.batch_size,
        epochs=config.epochs,
        validation_split=config.validation_split,
        callbacks=[Clock()],
        verbose=0,
    )
    return seconds_per_epoch(ends)


def seconds_per_epoch(ends: list[float]) -> float:
    """Return the mean over all epochs except the first, in which TensorFlow compiles."""
    return (ends[-1] - ends[0]) / (len(ends) - 1)


def main() -> int:
    if MNIST.is_file():
        os.environ.setdefault("DIGITLAB_DATA", str(MNIST))
    prepare_as_worker()
    dataset = datasets.load()
    model.warm_up()
    print_conditions("tensorflow", "keras", more=f"{model.device()}, data: {dataset.source}, {PAIRS} pairs")

    too_slow = False
    with tempfile.TemporaryDirectory() as root:
        store = RunStore(Path(root))
        for name, config in CONFIGS.items():
            jobs, alones, ratios, shares = [], [], [], []
            for pair in range(PAIRS):
                # in turns, so that neither always runs first
                plain = alone(config, dataset) if pair % 2 else None
                seconds, share = reported(config, store)
                plain = plain or alone(config, dataset)
                jobs.append(seconds)
                alones.append(plain)
                ratios.append(seconds / plain)
                shares.append(share)
            print(f"{name}.epoch_reported {statistics.median(jobs):.3f} s")
            print(f"{name}.epoch_alone {statistics.median(alones):.3f} s")
            print(f"{name}.ratio {statistics.median(ratios):.3f} times")
            print(f"{name}.ratio_lowest {min(ratios):.3f} times")
            print(f"{name}.ratio_highest {max(ratios):.3f} times")
            print(f"{name}.reporting {100 * statistics.median(shares):.2f} %")
            print(f"{name}.reporting_highest {100 * max(shares):.2f} %", flush=True)
            too_slow = too_slow or statistics.median(shares) > MAX_SHARE
    return int(too_slow)


if __name__ == "__main__":
    sys.exit(main())
