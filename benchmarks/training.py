"""Speed of training: the app, plain Keras, PyTorch and scikit-learn on the same networks.

Run `python -m benchmarks.training` on an idle machine; it takes about 20 minutes on 2 cores. PyTorch is optional
(`pip install -r requirements-peers.txt`). Exits with status 1 if a goal is missed. Longer than 300 lines because it
has a training loop for each library.

Each contender trains in a separate process, so that threads of different libraries do not interfere, and they take
turns, so that other load affects all of them. An epoch lasts from the end of one to the end of the next: its steps, the
validation, and in the app all reporting.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.conditions import print_conditions
from harness.server import MNIST
from trainer.config.layers import Activation, BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Reshape
from trainer.config.optimizers import Adam
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.data import datasets
from trainer.jobs.host import SEQUENTIAL_OPERATIONS, bfloat16

ROUNDS = 3  # of one training per contender
EPOCHS = 3  # per training; the first, in which a library compiles, is not counted
KERAS_CONVNET = PRESETS["keras_convnet"].config  # Keras's own MNIST example
NETWORKS = {
    "tutorial_b": PRESETS["tutorial_b"].config,
    "tutorial_a": PRESETS["tutorial_a"].config,
    "convnet": KERAS_CONVNET,
}
PROMISED = {  # speed relative to plain `fit`; bfloat16 where the processor supports it
    "tutorial_b": {"app": 6.0},
    "tutorial_a": {"app": 1.0, "app_bfloat16": 1.6},
    "convnet": {"app": 1.0, "app_bfloat16": 1.0},
}
GOALS = {"tutorial_b": 10.0, "convnet": 2.0}
MUST_BEAT = ("pytorch", "scikit_learn")  # must be slower than the app on Tutorial B
PRESET_EPOCHS, PRESET_EXAMPLES = 4, 12_000
CLEAR_RATIO = 1.2  # speed relative to plain `fit` at which a preset needs no second round
SAFE_LEARNING_RATE = 1e-6  # nothing diverges at it
UNLIKE_PLAIN: dict[str, Any] = dict.fromkeys(("synthetic_examples", "shift", "rotation", "zoom"), 0)  # not in `fit`
TOLERATED_RATIO = 0.95  # of plain `fit`'s speed: equal trainings may differ that much

Tick = Callable[[], None]  # called at the end of each epoch


# --- contenders -------------------------------------------------------------------------------------------


def prepare_as_worker() -> None:
    """Set up this process, before TensorFlow is used, as the host sets up its workers."""
    os.environ.update(SEQUENTIAL_OPERATIONS | os.environ)


def app(config: TrainingConfig, dataset: datasets.Dataset, tick: Tick) -> None:
    """Train as a job does, with all reporting."""
    train_reported(config, dataset, lambda network: tick())


def train_reported(config: TrainingConfig, dataset: datasets.Dataset, tick: Callable[[Any], None]) -> None:
    """Train as a job does, with all reporting; `tick` is called with the Keras model after each epoch."""
    prepare_as_worker()
    from trainer.jobs.reporter import Reporter
    from trainer.networks import fitting, model
    from trainer.runs.store import RunStore

    class Ticking(Reporter):
        def report(self, record: dict[str, Any]) -> None:
            super().report(record)
            if record["kind"] == "epoch":
                tick(network)

    images, labels = dataset.images("train"), dataset.labels("train")
    network = model.build(config, len(images))
    with tempfile.TemporaryDirectory() as root:
        run = RunStore(Path(root)).create(config, owner="")
        reporter = Ticking(run, config, network, dataset, threading.Event(), None)
        try:
            outcome = fitting.fit(network, config, images, labels, reporter)
        finally:
            reporter.close()
    if outcome.diverged:
        sys.exit("The training diverged.")


def app_bfloat16(config: TrainingConfig, dataset: datasets.Dataset, tick: Tick) -> None:
    """Train as a worker does, in bfloat16."""
    app(replace(config, dtype="mixed_bfloat16"), dataset, tick)


def plain_fit(config: TrainingConfig, dataset: datasets.Dataset, tick: Tick) -> None:
    """Train with Keras's `fit`, as in tutorials."""
    import keras

    from trainer.networks import model

    count = config.training_examples
    network = model.build(config)
    network.compile(optimizer=network.optimizer, loss=network.loss, metrics=["accuracy"])  # one step per call
    network.fit(
        dataset.images("train", slice(count)),
        dataset.labels("train", slice(count)),
        batch_size=config.batch_size,
        epochs=config.epochs,
        validation_split=config.validation_split,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: tick())],
        verbose=0,
    )


def pytorch(config: TrainingConfig, dataset: datasets.Dataset, tick: Tick) -> None:
    """Train with a plain loop over tensors in memory."""
    import torch

    modules: list[Any] = []
    for row in config.table:
        match layer := row.layer:
            case Flatten():
                modules.append(torch.nn.Flatten())
            case Dense():
                modules.append(torch.nn.Linear(math.prod(row.input_shape), layer.units))
            case Conv2D():
                padding = layer.kernel_size // 2 if layer.padding == "same" else 0
                sizes = (row.input_shape[-1], layer.filters, layer.kernel_size, layer.strides, padding)
                modules.append(torch.nn.Conv2d(*sizes, bias=layer.use_bias))
            case MaxPooling2D():
                modules.append(torch.nn.MaxPool2d(layer.pool_size))
            case BatchNormalization():
                modules.append(torch.nn.BatchNorm2d(row.input_shape[-1]))
            case Dropout():
                modules.append(torch.nn.Dropout(layer.rate))
            case Activation() | Reshape():  # the activation follows below; images have a channel already
                pass
            case _:
                raise NotImplementedError(layer)
        names = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh}
        if (name := getattr(layer, "activation", "linear")) in names:
            modules.append(names[name]())
    torch.manual_seed(config.seed)
    network = torch.nn.Sequential(*modules)
    kind = torch.optim.Adam if isinstance(config.optimizer, Adam) else torch.optim.SGD
    optimizer = kind(network.parameters(), lr=config.learning_rate)
    cost = torch.nn.CrossEntropyLoss()
    images = torch.from_numpy(dataset.images("train", slice(config.training_examples)))
    labels = torch.from_numpy(dataset.labels("train", slice(config.training_examples)).astype(np.int64))
    if any(isinstance(layer, Conv2D) for layer in config.layers):
        images = images[:, None]
    count = math.floor(len(images) * (1 - config.validation_split))
    for _ in range(config.epochs):
        network.train()
        order = torch.randperm(count)
        for begin in range(0, count, config.batch_size):
            some = order[begin : begin + config.batch_size]
            optimizer.zero_grad(set_to_none=True)
            cost(network(images[some]), labels[some]).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            for begin in range(count, len(images), config.batch_size):
                network(images[begin : begin + config.batch_size]).argmax(1)
        tick()


def scikit_learn(config: TrainingConfig, dataset: datasets.Dataset, tick: Tick) -> None:
    """Train an MLPClassifier, one epoch per call."""
    from sklearn.neural_network import MLPClassifier

    dense = [layer for layer in config.layers if isinstance(layer, Dense)]
    network = MLPClassifier(
        [layer.units for layer in dense],
        activation={"sigmoid": "logistic"}.get(dense[0].activation, dense[0].activation),
        solver="sgd",
        alpha=0,
        batch_size=config.batch_size,
        learning_rate_init=config.learning_rate,
        momentum=0,
        random_state=config.seed,
    )
    images = dataset.images("train", slice(config.training_examples)).reshape(-1, 784)
    labels = dataset.labels("train", slice(config.training_examples))
    count = math.floor(len(images) * (1 - config.validation_split))
    for _ in range(config.epochs):
        network.partial_fit(images[:count], labels[:count], classes=np.arange(10))
        if count < len(images):
            network.predict(images[count:])
        tick()


CONTENDERS: dict[str, tuple[Callable[..., None], str]] = {  # with the module that each needs
    "app": (app, "keras"),
    "app_bfloat16": (app_bfloat16, "keras"),
    "plain": (plain_fit, "keras"),
    "pytorch": (pytorch, "torch"),
    "scikit_learn": (scikit_learn, "sklearn"),
}


# --- measurement ------------------------------------------------------------------------------------------------


class Figure(NamedTuple):
    """Seconds per epoch."""

    seconds: float
    processor: float  # processor time of all threads


def race(config: TrainingConfig, contenders: Iterable[str], clear: float = math.inf) -> dict[str, Figure]:
    """Train all contenders in turns; one round is enough if the app is `clear` times as fast as plain `fit`."""
    times: dict[str, list[Figure]] = {contender: [] for contender in contenders}
    figures: dict[str, Figure] = {}
    for _ in range(ROUNDS):
        for contender, known in times.items():
            known += measure(contender, config)
            figures[contender] = Figure(*(float(statistics.median(column)) for column in zip(*known, strict=True)))
        if figures["plain"].seconds > clear * figures["app"].seconds:
            break
    return figures


def measure(contender: str, config: TrainingConfig) -> list[Figure]:
    """Train in a separate process; return the figures of each epoch except the first."""
    command = [sys.executable, "-m", "benchmarks.training", "--contender", contender, "--config", config.to_json()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{contender} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    ends = json.loads(done.stdout.splitlines()[-1])
    return [Figure(*np.subtract(later, earlier).tolist()) for earlier, later in itertools.pairwise(ends)]


def train_contender(contender: str, config: TrainingConfig) -> None:
    """Train in this process; print the wall and the processor time at the end of each epoch."""
    ends: list[tuple[float, float]] = []
    CONTENDERS[contender][0](config, datasets.load(), lambda: ends.append((time.perf_counter(), time.process_time())))
    print(json.dumps(ends))


def operations(config: TrainingConfig, count: int) -> float:
    """Return the floating point operations of an epoch's matrix products: forward, and twice as many backward."""
    products = 0
    for row in config.table:
        if isinstance(row.layer, Dense):
            products += math.prod(row.input_shape) * math.prod(row.output_shape)
        elif isinstance(row.layer, Conv2D):
            products += row.layer.kernel_size**2 * row.input_shape[-1] * math.prod(row.output_shape)
    learned = math.floor(count * (1 - config.validation_split))
    return 2.0 * products * (3 * learned + (count - learned))


def peak_speed() -> float:
    """Return the highest measured floating point operations per second in matrix products."""
    script = (
        "import time, tensorflow as tf; a = tf.random.normal((2048, 2048)); times = []\n"
        "for _ in range(12):\n"
        "    begin = time.perf_counter(); (a @ a).numpy(); times.append(time.perf_counter() - begin)\n"
        "print(2 * 2048**3 / min(times))"
    )
    return float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)


def compared_on(name: str) -> set[str]:
    """Return the contenders of a network: scikit-learn has no convolutions."""
    peers = {"app", "plain", "pytorch", *PROMISED[name]}
    return peers if any(isinstance(layer, Conv2D) for layer in NETWORKS[name].layers) else peers | {"scikit_learn"}


def available() -> Iterator[str]:
    """Yield the contenders that can train here; print why the others cannot."""
    for name, (_, module) in CONTENDERS.items():
        if not importlib.util.find_spec(module):
            print(f"# {name} is left out: it is not installed (requirements-peers.txt)")
        elif name == "app_bfloat16" and not bfloat16():
            print(f"# {name} is left out: this processor computes with 32 bits only")
        else:
            yield name


def compare_networks(contenders: list[str]) -> Iterator[str]:
    """Print the figures of each network and contender; yield a sentence for each missed goal."""
    dataset, most = datasets.load(), peak_speed()
    print(f"peak {most / 1e9:.0f} Gflop/s", flush=True)
    for name, config in NETWORKS.items():
        figures = race(replace(config, epochs=EPOCHS), [one for one in contenders if one in compared_on(name)])
        for contender, figure in figures.items():
            share = operations(config, len(dataset.x_train)) / figure.seconds / most
            print(f"{name}.{contender} {figure.seconds:.3f} s")
            print(f"{name}.{contender}.processor {figure.processor:.3f} s")
            print(f"{name}.{contender}.peak {100 * share:.1f} %")
        for contender, promised in PROMISED[name].items():
            if contender not in figures:
                continue
            times = figures["plain"].seconds / figures[contender].seconds
            print(f"{name}.{contender}.ratio {times:.2f} times", flush=True)
            if times < (promised if promised > 1 else TOLERATED_RATIO):
                yield f"{name}.{contender} must be {promised:g} times as fast as plain fit (it is {times:.2f} times)"
            if contender == "app" and times < GOALS.get(name, 0):
                print(f"# {name}: {GOALS[name]:g} times is the goal")
        for other in MUST_BEAT if name == "tutorial_b" else ():
            if other in figures and figures[other].seconds <= figures["app"].seconds:
                yield f"{name} must be faster than {other}"


def compare_presets(names: Iterable[str]) -> Iterator[str]:
    """Print the speed of each preset relative to plain `fit`; yield a sentence for each that is slower."""
    for name in names:
        preset = PRESETS[name].config
        examples = min(preset.training_examples, PRESET_EXAMPLES)
        # an epoch of a few hundred digits takes milliseconds, so count all epochs
        epochs = PRESET_EPOCHS if examples == PRESET_EXAMPLES else preset.epochs
        # Some presets diverge on purpose, which ends a run; the speed does not depend on the learning rate.
        changes = {"learning_rate": SAFE_LEARNING_RATE, "training_examples": examples, "patience": 0, "epochs": epochs}
        figures = race(replace(preset, **changes, **UNLIKE_PLAIN), ("app", "plain"), CLEAR_RATIO)
        times = figures["plain"].seconds / figures["app"].seconds
        print(f"preset.{name}.ratio {times:.2f} times", flush=True)
        if times < TOLERATED_RATIO:
            yield f"the preset {name} must be as fast as plain fit (it is {times:.2f} times)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contender", choices=CONTENDERS, help="train only this one, in this process")
    parser.add_argument("--config", help="its training configuration as JSON")
    parser.add_argument("--networks", action="store_true", help="compare only the three networks")
    parser.add_argument("--presets", choices=PRESETS, nargs="+", help="compare only these presets")
    asked = parser.parse_args()
    if MNIST.is_file():
        os.environ.setdefault("DIGITLAB_DATA", str(MNIST))
    if asked.contender:
        train_contender(asked.contender, TrainingConfig.from_json(asked.config))
        return 0

    counted = f"median of {ROUNDS * (EPOCHS - 1)} epochs in {ROUNDS} rounds"
    print_conditions("tensorflow", "keras", more=f"data: {datasets.load().source}, {counted}")
    missed = []
    if not asked.presets:
        missed += compare_networks(list(available()))
    if not asked.networks:
        missed += compare_presets(asked.presets or PRESETS)
    for sentence in missed:
        print(f"# missed: {sentence}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
