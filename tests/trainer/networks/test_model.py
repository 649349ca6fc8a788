"""The Keras model of a config, compared with plain Keras."""

from dataclasses import replace
from itertools import cycle, islice

import numpy as np
import pytest

from tests.support.fits import CONVOLUTION, IMAGES, LABELS, SMALL, fit
from tests.support.python import run_python
from trainer.config.layers import (
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
from trainer.config.limits import CHOICES
from trainer.config.optimizers import SGD, Adagrad, Adam, AdamW, Lion, RMSprop
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig, learning_rate_at, parameter_count
from trainer.networks import model, onnx_writer
from trainer.networks.fitting import steps_per_epoch
from trainer.networks.inference import Network

pytestmark = [pytest.mark.usefixtures("keras"), pytest.mark.slow]  # trains with Keras


@pytest.fixture(scope="module")
def keras():
    import keras  # not during collection: it takes seconds

    return keras


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


@pytest.mark.parametrize("layers", LISTS)
def test_the_layer_table_equals_what_keras_builds(layers):
    config = replace(SMALL, layers=layers)
    network = model.build(config)
    built = [(layer.name, layer.output.shape[1:], layer.count_params()) for layer in network.layers]
    assert built == [(row.name, row.output_shape, row.parameters) for row in config.table]


def test_the_seed_determines_the_weights():
    first, again, other = (model.build(replace(SMALL, seed=seed)).get_weights()[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_initializer_applies_to_the_hidden_layers(keras):
    network = model.build(replace(CONVOLUTION, kernel_initializer="he_normal"))
    assert isinstance(network.get_layer("conv2d_2").kernel_initializer, keras.initializers.HeNormal)
    assert isinstance(network.get_layer("output").kernel_initializer, keras.initializers.GlorotUniform)


OPTIMIZERS = [SGD(0.9), Adam(0.8, 0.9), AdamW(0.8, 0.9, 0.01), RMSprop(0.7), Adagrad(0.2), Lion(0.8, 0.9)]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: type(optimizer).__name__)
def test_optimizer_has_its_settings(optimizer):
    built = model.build(replace(SMALL, optimizer=optimizer, learning_rate=0.25)).optimizer
    assert type(built).__name__ == type(optimizer).__name__
    assert {name: getattr(built, name) for name in vars(optimizer)} == vars(optimizer)
    assert float(built.learning_rate) == 0.25


@pytest.mark.parametrize("schedule", CHOICES["schedule"])
@pytest.mark.parametrize("epochs", [1, 3])
def test_the_optimizer_follows_the_configs_schedule(schedule, epochs):
    config = replace(SMALL, schedule=schedule, learning_rate=0.5, epochs=epochs)
    steps = steps_per_epoch(config, len(IMAGES)) * config.epochs
    optimizer = model.build(config, len(IMAGES)).optimizer
    rates = []
    for step in range(steps + 3):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    assert rates == pytest.approx([learning_rate_at(config, step, steps) for step in range(steps + 3)], abs=1e-7)


# --- every choice ---------------------------------------------------------------------------------------------

BASE = TrainingConfig(
    layers=(Conv2D(2, 3), MaxPooling2D(), Flatten(), Dense(6)),
    epochs=1,
    batch_size=16,
    training_examples=100,
    validation_split=0.2,
)


def inserted(place, *layers):
    return {"layers": (*BASE.layers[:place], *layers, *BASE.layers[place:])}


def paired(first, second):
    """Return pairs of values, so many that each value is in one."""
    longer = max(len(first), len(second))
    return list(islice(zip(cycle(first), cycle(second), strict=False), longer))


# Each choice is in at least one training; trainings that differ in one choice each would take three times as long.
COMBINATIONS = {
    "base": {},
    **{
        f"activation {name}": {"layers": (Conv2D(2, 3, activation=name), Dense(6, name), Activation(name))}
        for name in CHOICES["activation"]
    },
    **{
        f"{padding} padding, {kind.__name__}": {"layers": (Conv2D(2, 4, padding=padding), kind(3), Dense(6))}
        for padding, kind in zip(CHOICES["padding"], (AveragePooling2D, MaxPooling2D), strict=True)
    },
    "strides, no bias": {"layers": (Conv2D(2, 3, strides=2, use_bias=False), Dense(6))},
    "GlobalAveragePooling2D": inserted(2, GlobalAveragePooling2D()),
    "layers of images": inserted(1, BatchNormalization(), Dropout(0.2)),
    "layers of numbers": inserted(4, BatchNormalization(0.5), Dropout(0.2)),
    "Rescaling, zoom": {**inserted(0, Rescaling(2.0)), "zoom": 0.1},
    "no layers, l2": {"layers": (), "l2": 0.01},
    **{
        f"{type(optimizer).__name__}, {schedule}": {"optimizer": optimizer, "schedule": schedule}
        for optimizer, schedule in paired(OPTIMIZERS, CHOICES["schedule"])
    },
    **{f"{loss}, {dtype}": {"loss": loss, "dtype": dtype} for loss, dtype in paired(CHOICES["loss"], CHOICES["dtype"])},
    **{name: {"kernel_initializer": name} for name in CHOICES["kernel_initializer"]},
    "no validation": {"validation_split": 0.0},
    "patience, synthetic digits": {"patience": 1, "synthetic_examples": 30},
    "shift, rotation": {"shift": 1.0, "rotation": 10.0},
}


@pytest.mark.parametrize("choice", COMBINATIONS.values(), ids=COMBINATIONS)
def test_every_choice_trains_counts_and_exports_like_keras(choice):
    config = replace(BASE, **choice)
    extra = (IMAGES[-30:], LABELS[-30:]) if config.synthetic_examples else None

    network, outcome, recorder = fit(config, extra=extra)

    learned = (80 if config.validation_split else 100) + config.synthetic_examples
    assert (outcome.epochs, outcome.steps, outcome.diverged) == (1, -(-learned // 16), False)
    assert recorder.epochs[0]["loss"] > 0 and ("val_loss" in recorder.epochs[0]) == bool(config.validation_split)
    assert network.count_params() == parameter_count(config)
    shapes = {layer.name: layer.output.shape[1:] for layer in network.layers}
    assert shapes == {row.name: row.output_shape for row in config.table}
    assert {variable.dtype for variable in network.trainable_variables} == {"float32"}
    answers = Network(onnx_writer.to_onnx(model.weights(network), config)).probabilities(IMAGES)
    in_float32 = model.build(replace(config, dtype="float32"), len(IMAGES))
    in_float32.set_weights(network.get_weights())
    np.testing.assert_allclose(answers, model.probabilities(in_float32, IMAGES), atol=1e-5)
    probabilities = model.probabilities(network, IMAGES)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(answers, probabilities, atol=1e-5 if config.dtype == "float32" else 0.02)


def test_half_precision_applies_to_one_network_only(keras):
    network = model.build(replace(CONVOLUTION, dtype="mixed_bfloat16"))
    computed = {layer.name: layer.compute_dtype for layer in network.layers}
    assert computed.pop("output") == "float32" and set(computed.values()) == {"bfloat16"}
    assert {layer.compute_dtype for layer in model.build(CONVOLUTION).layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


def test_warm_up_does_not_change_the_next_training():
    before = fit(SMALL)[2].epochs
    model.warm_up()
    after = fit(SMALL)[2].epochs
    assert [line["val_loss"] for line in after] == [line["val_loss"] for line in before]


# --- first weights --------------------------------------------------------------------------------------------


def test_the_first_weights_of_dense_layers_are_images():
    config = replace(SMALL, layers=(Rescaling(2.0), Dropout(), Dense(40)))
    network = model.build(config)
    kernel = network.get_layer("dense_4").get_weights()[0]
    pictures = model.first_weights(model.weights(network), config)
    assert pictures.shape == (32, 28, 28) and pictures.dtype == np.float32
    assert np.array_equal(pictures[3].ravel(), kernel[:, 3])
    config = replace(SMALL, layers=())
    assert model.first_weights(model.weights(model.build(config)), config).shape == (10, 28, 28)


def test_the_first_weights_of_a_convolution_are_its_kernels():
    config = replace(SMALL, layers=(MaxPooling2D(), Conv2D(5, 3), Conv2D(4, 2)))
    network = model.build(config)
    kernel = network.get_layer("conv2d_3").get_weights()[0]
    pictures = model.first_weights(model.weights(network), config, max_units=2)
    assert pictures.shape == (2, 3, 3)
    np.testing.assert_array_equal(pictures[1], kernel[:, :, 0, 1])


@pytest.mark.parametrize("layers", [(BatchNormalization(), Dense(3)), (MaxPooling2D(), Dense(3))])
def test_first_weights_that_do_not_belong_to_pixels_are_none(layers):
    config = replace(SMALL, layers=layers)
    assert model.first_weights(model.weights(model.build(config)), config) is None


# --- evaluate -------------------------------------------------------------------------------------------------


def test_evaluate_and_probabilities_agree():
    network, _, _ = fit(replace(CONVOLUTION, batch_size=4))
    images, labels = np.tile(IMAGES, (4, 1, 1)), np.tile(LABELS, 4)  # more than two batches
    shares = []
    loss, accuracy = model.evaluate(network, images, labels, shares.append, batch_size=100)
    assert shares == sorted(set(shares)) and shares[0] == 100 / 1320 and shares[-1] == 1
    with pytest.raises(ZeroDivisionError):
        model.evaluate(network, images, labels, lambda share: 1 / 0)
    probabilities = model.probabilities(network, images)
    assert probabilities.shape == (1320, 10)
    assert accuracy == pytest.approx((probabilities.argmax(1) == labels).mean())
    assert loss == pytest.approx(-np.log(probabilities[np.arange(1320), labels]).mean(), rel=1e-4)


def test_the_import_does_not_load_keras():
    code = "import sys, trainer.networks.model; sys.exit(bool({'keras', 'tensorflow', 'onnx'} & sys.modules.keys()))"
    run_python(code)


def test_device_names_the_cpu_or_the_gpu():
    assert model.device()


# --- save -----------------------------------------------------------------------------------------------------


def test_plain_keras_loads_a_saved_network(tmp_path, keras):
    network, _, _ = fit(replace(CONVOLUTION, schedule="one_cycle", epochs=1))
    model.save(network, tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded.predict_on_batch(IMAGES[:9]), network.predict_on_batch(IMAGES[:9]))
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in network.layers]
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_a_half_precision_network_is_saved_in_float32(tmp_path, keras):
    config = replace(SMALL, dtype="mixed_bfloat16", shift=1.0, l2=0.1)
    network = model.build(config)
    model.save(network, tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert {layer.dtype_policy.name for layer in loaded.layers} == {"float32"}
    answers = Network(onnx_writer.to_onnx(model.weights(network), config)).probabilities(IMAGES)
    np.testing.assert_allclose(loaded.predict_on_batch(IMAGES), answers, atol=1e-5)


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
