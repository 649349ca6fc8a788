"""How fast is a training here? The app, plain Keras, PyTorch and scikit-learn on the same networks, side by side.

Run `python -m benchmarks.training`, on a quiet machine; it takes about 20 minutes on 2 cores. PyTorch is an optional
peer (`pip install -r requirements-peers.txt`). Ends with status 1 where a promise is missed.

Each contender trains in a process of its own, so that no library's threads stand in another's way, and all take turns,
so that whatever else the machine does falls on all. An epoch is what stands between the ends of two: its updates, the
reading of the validation digits, and in the app all its reporting.
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
from trainer.config.presets import PRESETS
from trainer.config.training import Adam, TrainingConfig
from trainer.data import datasets
from trainer.jobs.host import ONE_AFTER_THE_OTHER, bfloat16

ROUNDS = 3  # in which each contender trains once
EPOCHS = 3  # each time, of which the first, in which a library compiles, is not counted
KERAS_CONVNET = PRESETS["keras_convnet"].config  # that of Keras's own MNIST example
NETWORKS = {
    "tutorial_b": PRESETS["tutorial_b"].config,
    "tutorial_a": PRESETS["tutorial_a"].config,
    "convnet": KERAS_CONVNET,
}
PROMISED = {  # times plain `fit`'s speed; with 16 bits a number where the processor computes with them
    "tutorial_b": {"app": 6.0},
    "tutorial_a": {"app": 1.0, "app_bfloat16": 1.6},
    "convnet": {"app": 1.0, "app_bfloat16": 1.0},
}
WISHED = {"tutorial_b": 10.0, "convnet": 2.0}
AHEAD = ("pytorch", "scikit_learn")  # whom the app must leave behind on Tutorial B
PRESET_EPOCHS, PRESET_EXAMPLES = 4, 12_000
CLEAR = 1.2  # times plain `fit`'s speed, at which a preset needs no second round
HARMLESS = 1e-6  # a learning rate at which nothing diverges
UNLIKE_PLAIN: dict[str, Any] = dict.fromkeys(("synthetic_examples", "shift", "rotation", "zoom"), 0)  # not in `fit`
EVEN = 0.95  # of plain `fit`'s speed: what two equal trainings may differ by here

Tick = Callable[[], None]  # called at the end of each epoch


# --- the contenders -------------------------------------------------------------------------------------------


def like_a_worker() -> None:
    """Prepare this process, in which TensorFlow has not been used yet, as the host prepares its workers."""
    os.environ.update(ONE_AFTER_THE_OTHER | os.environ)


def app(config: TrainingConfig, dataset: datasets.Dataset, tick: Tick) -> None:
    """Train as a job does, with all that it reports and keeps."""
    train_reported(config, dataset, lambda network: tick())


def train_reported(config: TrainingConfig, dataset: datasets.Dataset, tick: Callable[[Any], None]) -> None:
    """Train as a job does, with all that it reports and keeps; `tick` gets the Keras model after each epoch."""
    like_a_worker()
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
        sys.exit("The training must finish (it diverged).")


def app_bfloat16(config: TrainingConfig, dataset: datasets.Dataset, tick: Tick) -> None:
    """Train as a worker does, with 16 bits a number."""
    app(replace(config, dtype="mixed_bfloat16"), dataset, tick)


def plain(config: TrainingConfig, dataset: datasets.Dataset, tick: Tick) -> None:
    """Train with Keras's `fit`, as the tutorials write it."""
    import keras

    from trainer.networks import model

    count = config.training_examples
    network = model.build(config)
    network.compile(optimizer=network.optimizer, loss=network.loss, metrics=["accuracy"])  # one update a call, as usual
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
    """Train with a plain loop over tensors that lie in memory."""
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
            case Activation() | Reshape():  # what it activates with comes below; the channel is there
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
    """Train its MLPClassifier, an epoch a call."""
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


CONTENDERS: dict[str, tuple[Callable[..., None], str]] = {  # and the module that each needs
    "app": (app, "keras"),
    "app_bfloat16": (app_bfloat16, "keras"),
    "plain": (plain, "keras"),
    "pytorch": (pytorch, "torch"),
    "scikit_learn": (scikit_learn, "sklearn"),
}


# --- measuring ------------------------------------------------------------------------------------------------


class Figure(NamedTuple):
    """What an epoch of a contender takes, in seconds."""

    seconds: float
    processor: float  # of all threads together


def race(config: TrainingConfig, contenders: Iterable[str], clear: float = math.inf) -> dict[str, Figure]:
    """Let all train by turns; one round is enough where the app is that many times as fast as plain `fit`."""
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
    """Train in a process of its own; return what each epoch but the first took."""
    command = [sys.executable, "-m", "benchmarks.training", "--contender", contender, "--config", config.to_json()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{contender} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    ends = json.loads(done.stdout.splitlines()[-1])
    return [Figure(*np.subtract(later, earlier).tolist()) for earlier, later in itertools.pairwise(ends)]


def contend(contender: str, config: TrainingConfig) -> None:
    """Train here, and print when each epoch ended: seconds of the clock, and of the processor."""
    ends: list[tuple[float, float]] = []
    CONTENDERS[contender][0](config, datasets.load(), lambda: ends.append((time.perf_counter(), time.process_time())))
    print(json.dumps(ends))


def work(config: TrainingConfig, count: int) -> float:
    """Count the floating point operations of an epoch's matrix products: forward, and twice as many back."""
    products = 0
    for row in config.table:
        if isinstance(row.layer, Dense):
            products += math.prod(row.input_shape) * math.prod(row.output_shape)
        elif isinstance(row.layer, Conv2D):
            products += row.layer.kernel_size**2 * row.input_shape[-1] * math.prod(row.output_shape)
    learned = math.floor(count * (1 - config.validation_split))
    return 2.0 * products * (3 * learned + (count - learned))


def peak() -> float:
    """Measure the floating point operations that this processor does in a second of matrix products, at best."""
    script = (
        "import time, tensorflow as tf; a = tf.random.normal((2048, 2048)); times = []\n"
        "for _ in range(12):\n"
        "    begin = time.perf_counter(); (a @ a).numpy(); times.append(time.perf_counter() - begin)\n"
        "print(2 * 2048**3 / min(times))"
    )
    return float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)


def suited(name: str) -> set[str]:
    """Return who is compared on a network: scikit-learn knows no convolutions."""
    peers = {"app", "plain", "pytorch", *PROMISED[name]}
    return peers if any(isinstance(layer, Conv2D) for layer in NETWORKS[name].layers) else peers | {"scikit_learn"}


def known() -> Iterator[str]:
    """Yield the contenders that can train here, and say of the others why they cannot."""
    for name, (_, module) in CONTENDERS.items():
        if not importlib.util.find_spec(module):
            print(f"# {name} is left out: it is not installed (requirements-peers.txt)")
        elif name == "app_bfloat16" and not bfloat16():
            print(f"# {name} is left out: this processor computes with 32 bits only")
        else:
            yield name


def compare_networks(contenders: list[str]) -> Iterator[str]:
    """Print what an epoch of each network takes each contender; yield a sentence for each promise that was missed."""
    dataset, most = datasets.load(), peak()
    print(f"peak {most / 1e9:.0f} Gflop/s", flush=True)
    for name, config in NETWORKS.items():
        figures = race(replace(config, epochs=EPOCHS), [one for one in contenders if one in suited(name)])
        for contender, figure in figures.items():
            share = work(config, len(dataset.x_train)) / figure.seconds / most
            print(f"{name}.{contender} {figure.seconds:.3f} s")
            print(f"{name}.{contender}.processor {figure.processor:.3f} s")
            print(f"{name}.{contender}.peak {100 * share:.1f} %")
        for contender, promised in PROMISED[name].items():
            if contender not in figures:
                continue
            times = figures["plain"].seconds / figures[contender].seconds
            print(f"{name}.{contender}.ratio {times:.2f} times", flush=True)
            if times < (promised if promised > 1 else EVEN):
                yield f"{name}.{contender} must be {promised:g} times as fast as plain fit (it is {times:.2f} times)"
            if contender == "app" and times < WISHED.get(name, 0):
                print(f"# {name}: {WISHED[name]:g} times was wished for")
        for other in AHEAD if name == "tutorial_b" else ():
            if other in figures and figures[other].seconds <= figures["app"].seconds:
                yield f"{name} must be faster than {other}"


def compare_presets(names: Iterable[str]) -> Iterator[str]:
    """Print how fast each preset learns against plain `fit`; yield a sentence for each that is slower."""
    for name in names:
        preset = PRESETS[name].config
        examples = min(preset.training_examples, PRESET_EXAMPLES)
        # of a few hundred digits an epoch takes milliseconds: then all are counted
        epochs = PRESET_EPOCHS if examples == PRESET_EXAMPLES else preset.epochs
        # Some presets diverge, to teach that, and a run that has done so ends; its speed does not depend on the rate.
        changes = {"learning_rate": HARMLESS, "training_examples": examples, "patience": 0, "epochs": epochs}
        figures = race(replace(preset, **changes, **UNLIKE_PLAIN), ("app", "plain"), CLEAR)
        times = figures["plain"].seconds / figures["app"].seconds
        print(f"preset.{name}.ratio {times:.2f} times", flush=True)
        if times < EVEN:
            yield f"the preset {name} must be as fast as plain fit (it is {times:.2f} times)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contender", choices=CONTENDERS, help="train this one alone, here")
    parser.add_argument("--config", help="of the network that it trains, as JSON")
    parser.add_argument("--networks", action="store_true", help="compare the three networks alone")
    parser.add_argument("--presets", choices=PRESETS, nargs="+", help="compare these presets alone")
    asked = parser.parse_args()
    if MNIST.is_file():
        os.environ.setdefault("DIGITLAB_DATA", str(MNIST))
    if asked.contender:
        contend(asked.contender, TrainingConfig.from_json(asked.config))
        return 0

    counted = f"median of {ROUNDS * (EPOCHS - 1)} epochs in {ROUNDS} rounds"
    print_conditions("tensorflow", "keras", more=f"data: {datasets.load().source}, {counted}")
    missed = []
    if not asked.presets:
        missed += compare_networks(list(known()))
    if not asked.networks:
        missed += compare_presets(asked.presets or PRESETS)
    for sentence in missed:
        print(f"# missed: {sentence}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
