"""The network: everything is held against Keras itself."""

import importlib.util
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trainer import export, model
from trainer.config import PRESETS, SGD, Adam, RMSprop, TrainingConfig, learning_rate_at, parameter_count
from trainer.inference import Network
from trainer.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
    Rescaling,
)

pytestmark = pytest.mark.usefixtures("keras")

ROOT = Path(__file__).parent.parent
rng = np.random.default_rng(0)
IMAGES = rng.random((330, 28, 28), dtype=np.float32)
LABELS = rng.integers(0, 10, 330).astype(np.uint8)
IMAGES[np.arange(330), LABELS] = 1.0  # something to learn: a line at the label's height

SMALL = TrainingConfig(layers=(Dense(8),), batch_size=32, epochs=2, validation_split=0.1, seed=3)
CONVOLUTION = replace(
    SMALL,
    layers=(Conv2D(4, 3, use_bias=False, activation="linear"), BatchNormalization(0.9), Activation("relu"), Dropout()),
    optimizer=Adam(beta_2=0.99),
    learning_rate=0.002,
)


@pytest.fixture(scope="module")
def keras():
    import keras  # not while tests are collected: it takes seconds, and Streamlit is another one beside it

    return keras


def fit(config, **hooks):
    """Train on IMAGES; return the network, what became of it and the lines it reported."""
    lines = []
    network = model.build(config, len(IMAGES))
    outcome = model.fit(network, config, IMAGES, LABELS, lines.append, **hooks)
    return network, outcome, lines


def stop_at(call):
    """Ask to stop from the given call on."""
    calls = iter(range(1, 10_000))
    return lambda: next(calls) >= call


# --- build ----------------------------------------------------------------------------------------------------

LISTS = [
    (),
    (Rescaling(255.0), BatchNormalization(), Activation("tanh"), Dropout(0.5)),
    (Flatten(), Flatten(), BatchNormalization(), Dense(5, "gelu"), Dropout(0.2), Dense(4, "softmax")),
    (Conv2D(3, 5, strides=3, padding="valid"), AveragePooling2D(3), Conv2D(2, 2, strides=2), GlobalAveragePooling2D()),
    (MaxPooling2D(3), Rescaling(2.0), Conv2D(6, 11, strides=4, use_bias=False), BatchNormalization()),
]


@pytest.mark.parametrize("config", [preset.config for preset in PRESETS.values()], ids=PRESETS)
def test_presets_have_the_parameters_that_keras_counts(config):
    assert parameter_count(config) == model.build(config).count_params()


def test_preset_parameters_are_those_of_the_tutorials():
    assert [parameter_count(preset.config) for preset in PRESETS.values()] == [640_890, 7_960, 29_658]


@pytest.mark.parametrize("layers", LISTS)
def test_layer_table_is_what_keras_builds(layers):
    config = replace(SMALL, layers=layers)
    network = model.build(config)
    built = [(layer.name, layer.output.shape[1:], layer.count_params()) for layer in network.layers]
    assert built == [(row.name, row.output_shape, row.parameters) for row in config.table]


def test_the_seed_decides_the_weights():
    first, again, other = (model.build(replace(SMALL, seed=seed)).get_weights()[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_initializer_is_that_of_the_hidden_layers(keras):
    network = model.build(replace(CONVOLUTION, kernel_initializer="he_normal"))
    assert isinstance(network.get_layer("conv2d_2").kernel_initializer, keras.initializers.HeNormal)
    assert isinstance(network.get_layer("output").kernel_initializer, keras.initializers.GlorotUniform)


@pytest.mark.parametrize("optimizer", [SGD(momentum=0.9), Adam(0.8, 0.9), RMSprop(0.7)])
def test_optimizer_has_its_settings(optimizer):
    built = model.build(replace(SMALL, optimizer=optimizer, learning_rate=0.25)).optimizer
    assert type(built).__name__ == type(optimizer).__name__
    assert {name: getattr(built, name) for name in vars(optimizer)} == vars(optimizer)
    assert float(built.learning_rate) == 0.25


def test_the_schedule_is_that_of_the_config():
    config = replace(SMALL, schedule="one_cycle", learning_rate=0.5, epochs=3)
    steps = model.steps_per_epoch(config, len(IMAGES)) * config.epochs
    optimizer = model.build(config, len(IMAGES)).optimizer
    rates = []
    for step in range(steps):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    assert rates == pytest.approx([learning_rate_at(config, step, steps) for step in range(steps)])


# --- train ----------------------------------------------------------------------------------------------------


def plain_dense(keras):
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Flatten(), keras.layers.Dense(8, "relu"), keras.layers.Dense(10, "softmax")]
    return keras.Sequential([keras.Input((28, 28)), *layers]), keras.optimizers.SGD(0.01)


def plain_convolution(keras):
    keras.utils.set_random_seed(3)
    layers = [
        keras.layers.Reshape((28, 28, 1)),
        keras.layers.Conv2D(4, 3, padding="same", use_bias=False),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.Activation("relu"),
        keras.layers.Dropout(0.3),
        keras.layers.Flatten(),
        keras.layers.Dense(10, "softmax"),
    ]
    return keras.Sequential([keras.Input((28, 28)), *layers]), keras.optimizers.Adam(0.002, beta_2=0.99)


@pytest.mark.parametrize(
    ("config", "plain"),
    [
        # batches of 4: three updates between two reports, and the last of an epoch cut short
        pytest.param(replace(SMALL, batch_size=4), plain_dense, id="dense"),
        pytest.param(replace(SMALL, validation_split=0.0, training_examples=150), plain_dense, id="first examples"),
        pytest.param(replace(CONVOLUTION, batch_size=4), plain_convolution, id="convolution"),
    ],
)
def test_history_equals_plain_keras_to_the_last_digit(config, plain, keras):
    reference, optimizer = plain(keras)
    reference.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    n = config.training_examples
    history = reference.fit(
        IMAGES[:n], LABELS[:n], config.batch_size, config.epochs, verbose=0, validation_split=config.validation_split
    ).history

    network, _, lines = fit(config)

    assert network.history.history == history
    epochs = [line for line in lines if line["kind"] == "epoch"]
    assert {name: [line[name] for line in epochs] for name in history} == history
    for ours, theirs in zip(network.get_weights(), reference.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)


def test_an_epoch_has_about_25_lines_and_its_end():
    config = replace(SMALL, batch_size=2)  # 149 updates an epoch
    _, outcome, lines = fit(config)
    assert [line["step"] for line in lines[:26]] == [*range(6, 149, 6), 149, 149]
    assert [line["kind"] for line in lines] == 2 * ([*["batch"] * 25, "epoch"])
    assert [line["epoch"] for line in lines] == [1] * 26 + [2] * 26
    assert lines[25].keys() == {
        *("kind", "epoch", "step", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")
    }
    seconds = [line["seconds"] for line in lines]
    assert seconds == sorted(seconds)
    assert 0 < outcome.hook_seconds < seconds[-1]
    assert (outcome.epochs, outcome.steps, outcome.stopped, outcome.diverged) == (2, 298, False, False)


def test_batch_lines_are_means_since_the_line_before():
    config = replace(SMALL, validation_split=0.0, epochs=1)  # 10 batches of 32 and one of 10
    _, _, lines = fit(config)
    batches, epoch = lines[:-1], lines[-1]
    examples = [32] * 10 + [10]
    for name in ("loss", "accuracy"):
        assert np.average([line[name] for line in batches], weights=examples) == pytest.approx(epoch[name], rel=1e-5)
    assert [line["accuracy"] * n for line, n in zip(batches, examples, strict=True)] == pytest.approx(
        [round(line["accuracy"] * n) for line, n in zip(batches, examples, strict=True)], abs=1e-3
    ), "each is a share of whole digits"


def test_stop_in_the_middle_of_an_epoch_ends_at_once():
    config = replace(SMALL, batch_size=4, validation_split=0.5)
    network, outcome, lines = fit(config, should_stop=stop_at(4))
    steps = math.ceil(model.steps_per_epoch(config, len(IMAGES)) / 25)
    assert (outcome.epochs, outcome.steps, outcome.stopped) == (0, 4 * steps, True)
    assert [line["kind"] for line in lines] == ["batch"] * 4
    # Keras validates after a stop, too: it must have seen a few images only
    loss, _ = model.evaluate(network, IMAGES[165 : 165 + 4 * steps], LABELS[165 : 165 + 4 * steps])
    assert network.history.history["val_loss"] == [pytest.approx(loss, rel=1e-5)]


def test_stop_in_the_middle_of_validation_keeps_the_epoch_without_it():
    config = replace(SMALL, batch_size=4, validation_split=0.5)
    _, outcome, lines = fit(config, should_stop=stop_at(30))  # 21 lines of training, then validation
    assert (outcome.epochs, outcome.steps, outcome.stopped) == (1, 42, True)
    assert lines[-1]["kind"] == "epoch"
    assert {"loss", "accuracy"} < lines[-1].keys()
    assert not {"val_loss", "val_accuracy"} & lines[-1].keys()


def test_a_diverging_training_ends_and_says_so():
    config = replace(SMALL, layers=(Rescaling(255.0), Dense(16), Dense(16)), learning_rate=100.0, epochs=20)
    _, outcome, lines = fit(config)
    assert outcome.diverged
    assert not outcome.stopped
    assert outcome.steps < 20 * model.steps_per_epoch(config, len(IMAGES))
    assert "loss" not in lines[-1]
    assert all(math.isfinite(value) for line in lines for name, value in line.items() if name != "kind")


def test_the_network_can_be_exported_while_it_trains():
    networks = []

    def report(line):
        networks.append(Network(export.to_onnx(network, config)).logits(IMAGES[:1]))

    config = replace(SMALL, epochs=1)
    network = model.build(config, len(IMAGES))
    model.fit(network, config, IMAGES, LABELS, report)
    assert len({logits.tobytes() for logits in networks}) == model.steps_per_epoch(config, len(IMAGES))


def test_warm_up_leaves_the_next_training_as_it_was():
    before = fit(SMALL)[0].history.history
    model.warm_up()
    assert fit(SMALL)[0].history.history == before


# --- test -----------------------------------------------------------------------------------------------------


def test_evaluate_and_probabilities_agree():
    network, _, _ = fit(replace(CONVOLUTION, batch_size=4))
    images, labels = np.tile(IMAGES, (4, 1, 1)), np.tile(LABELS, 4)  # more than two batches
    loss, accuracy = model.evaluate(network, images, labels)
    probabilities = model.probabilities(network, images)
    assert probabilities.shape == (1320, 10)
    assert accuracy == pytest.approx((probabilities.argmax(1) == labels).mean())
    assert loss == pytest.approx(-np.log(probabilities[np.arange(1320), labels]).mean(), rel=1e-4)


def test_importing_costs_nothing():
    code = "import sys, trainer.model; sys.exit(bool({'keras', 'tensorflow', 'onnx'} & sys.modules.keys()))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_device_names_the_processor_or_a_gpu():
    assert model.device()


# --- save -----------------------------------------------------------------------------------------------------


def test_a_saved_network_is_loaded_by_plain_keras(tmp_path, keras):
    network, _, _ = fit(replace(CONVOLUTION, schedule="one_cycle", epochs=1))
    model.save(network, tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded.predict_on_batch(IMAGES[:9]), network.predict_on_batch(IMAGES[:9]))
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch, keras):
    network = model.build(SMALL)
    path = tmp_path / "model.keras"
    path.write_bytes(b"old")

    def full_disk(model, path):
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(keras.saving, "save_model", full_disk)
    with pytest.raises(OSError, match="No space"):
        model.save(network, path)
    assert path.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


# --- another backend ------------------------------------------------------------------------------------------

JAX_FIT = """
import numpy as np
from tests.test_model import CONVOLUTION, IMAGES, LABELS, fit, stop_at
from trainer import export, model
from trainer.inference import Network

network, outcome, lines = fit(CONVOLUTION)
assert (outcome.epochs, outcome.steps, outcome.stopped) == (2, 20, False), outcome
exported = Network(export.to_onnx(network, CONVOLUTION))
np.testing.assert_allclose(exported.probabilities(IMAGES), model.probabilities(network, IMAGES), atol=1e-5)
exports = set()
config = CONVOLUTION
network = model.build(config, len(IMAGES))
model.fit(network, config, IMAGES, LABELS, lambda line: exports.add(export.to_onnx(network, config)))
assert len(exports) == 20, len(exports)
_, outcome, lines = fit(CONVOLUTION, should_stop=stop_at(3))
assert (outcome.epochs, outcome.steps, outcome.stopped) == (0, 3, True), outcome
assert model.evaluate(network, IMAGES, LABELS)[1] > 0.05
print(model.device(), "is enough")
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed: pip install jax")
def test_a_network_is_trained_on_jax():
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, "-c", JAX_FIT], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.strip().endswith("is enough"), done.stderr
