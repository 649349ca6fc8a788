"""Each kind of layer and optimizer is complete: texts, Keras, ONNX, generated code, the page. See docs/extending.md."""

import inspect
import math
from dataclasses import fields, replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from harness.waiting import TIMEOUT_SECONDS
from trainer.config.checked import field_types
from trainer.config.layer import Layer
from trainer.config.layers import LAYERS, Conv2D
from trainer.config.limits import CHOICES, LIMITS, SETTINGS, in_sentence
from trainer.config.optimizers import OPTIMIZERS, optimizer_help
from trainer.config.training import TrainingConfig
from trainer.data import datasets
from trainer.lessons import glossary
from trainer.networks import model, onnx_writer
from trainer.networks.inference import Network
from trainer.runs.store import RunStore
from trainer.sharing import keras_program, keras_snippets

IMAGES = np.random.default_rng(0).random((6, 28, 28), dtype=np.float32)


def config(kind, **changes):
    """Return a network with a layer of a kind after a convolution whose output has an odd size."""
    layers = (Conv2D(3, 4, padding="valid", activation="tanh"), kind(**changes))
    return TrainingConfig(layers=layers, seed=1)


@pytest.fixture(scope="module", params=LAYERS.values(), ids=LAYERS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def network(kind):
    network = model.build(config(kind))
    generator = np.random.default_rng(1)
    network.set_weights(
        [
            weight + generator.uniform(0.05, 0.5, weight.shape) * (weight.ndim == 1)  # kernels keep their scale
            for weight in network.get_weights()
        ]
    )
    return network


def test_a_layer_has_a_label_a_help_text_and_a_glossary_term(kind):
    assert kind.label and kind.help.endswith(".")
    assert kind.term == (glossary.find(kind.__name__) or "")
    assert kind.drawn_as in ("sheets", "units", "bar", "mark") and kind.color in ("blue", "sky", "orange", "neutral")


def test_each_argument_has_a_label_a_help_text_and_limits(kind):
    for name, type_ in field_types(kind).items():
        assert SETTINGS[name].label and SETTINGS[name].help
        assert type_ is bool or (name in CHOICES if type_ is str else name in LIMITS), name
    assert set(kind.varied) <= set(field_types(kind)) >= set(kind.keras_defaults)
    assert "activation" in field_types(kind) or not kind.has_kernel


def test_keras_has_the_layer_with_the_same_arguments_and_defaults(kind):
    known = inspect.signature(getattr(keras.layers, kind.__name__).__init__).parameters
    assert {item.name for item in fields(kind)} <= set(known)
    for name, value in kind.keras_defaults.items():
        default = known[name].default
        assert value in (default, default[0] if isinstance(default, tuple) else "linear"), name


def test_shapes_parameters_and_multiply_adds_equal_those_of_keras(kind, network):
    for row, layer in zip(config(kind).table, network.layers, strict=True):
        assert row.output_shape == tuple(layer.output.shape[1:]), row.name
        assert row.parameters == layer.count_params(), row.name
        kernel = math.prod(layer.kernel.shape) if row.layer.has_kernel else 0  # used once at each place of the output
        assert row.multiply_adds == kernel * math.prod(row.output_shape[:-1]), row.name
        assert [*row.layer.weight_shapes(row.input_shape)] == [weight.shape for weight in layer.get_weights()]
        assert f"{row.parameters:,}" in row.layer.arithmetic(row.input_shape)


def test_the_onnx_network_equals_the_keras_network(kind, network):
    exported = Network(onnx_writer.to_onnx(model.weights(network), config(kind))).layers(IMAGES)
    value = IMAGES
    for layer in network.layers:
        value = np.asarray(layer(value))
        size = max(1.0, float(np.abs(value).max()))  # a layer may multiply its input by 255
        np.testing.assert_allclose(exported[layer.name], value, rtol=1e-5, atol=1e-5 * size, err_msg=layer.name)


def test_training_only_and_keeps_values_are_true(kind, network):
    row = next(row for row in config(kind).table if type(row.layer) is kind)
    value = np.random.default_rng(2).random((2, *row.input_shape), dtype=np.float32)
    layer = network.get_layer(row.name)
    out = np.asarray(layer(value))
    if kind.training_only:
        assert np.array_equal(out, value) and not np.array_equal(np.asarray(layer(value, training=True)), value)
    if kind.keeps_values:
        scale = out.reshape(2, -1) / value.reshape(2, -1)
        np.testing.assert_allclose(scale, scale.flat[0], rtol=1e-5)
    assert kind.has_kernel == any(weight.name == "kernel" for weight in layer.weights)


def test_the_generated_code_builds_the_same_layer(kind):
    for l2 in (0.0, 0.001):
        learned = replace(config(kind), l2=l2, kernel_initializer="he_normal")
        compile(keras_program.script(learned), "program.py", "exec")
        names = {"layers": keras.layers, "pull": keras.regularizers.L2(l2), "keras": keras}
        for row in learned.table:
            made = eval(keras_snippets.layer(row, learned).split("  #")[0].rstrip().rstrip(","), names)
            built = model._layer(row, learned).get_config()
            own = made.get_config()
            for setting in set(own) - {"name", "dtype", "kernel_initializer"}:
                assert own[setting] == built[setting], (row.name, setting)


def page():

    from ui.train import form

    form.render(form.read())


@pytest.mark.slow
def test_the_menu_on_train_adds_the_layer(kind, few_digits, runs_directory, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    datasets.load()
    app = AppTest.from_function(page, default_timeout=TIMEOUT_SECONDS)
    app.session_state.engine = SimpleNamespace(bfloat16=False, runs=RunStore(runs_directory))
    app.run()
    app.menu_button(key="add_layer").click(kind.__name__).run()
    assert not app.exception
    assert type(app.session_state.draft.layers[-1][1]) is kind
    assert app.session_state.draft.opened == app.session_state.draft.layers[-1][0]
    assert any(kind.help in caption.value and kind.label in caption.value for caption in app.caption)


def test_layers_are_listed_once_by_kerass_names():
    assert all(issubclass(kind, Layer) and name == kind.__name__ for name, kind in LAYERS.items())
    assert len({kind.label for kind in LAYERS.values()}) == len(LAYERS)


@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_optimizer_is_complete(kind):
    learned = replace(config(LAYERS["Dense"]), optimizer=kind(), learning_rate=kind.default_learning_rate)
    assert f"{kind.label}: {in_sentence(kind.help)}" in optimizer_help() and kind.help.endswith(".")
    for name in field_types(kind):
        assert SETTINGS[name].label and SETTINGS[name].help and name in LIMITS
    built = model.build(learned).optimizer
    assert type(built).__name__ == kind.__name__
    for name, value in vars(kind()).items():
        assert math.isclose(getattr(built, name), value)
    written = eval(keras_snippets.optimizer(learned), {"keras": keras})
    assert type(written) is getattr(keras.optimizers, kind.__name__)
    assert math.isclose(float(written.learning_rate), kind.default_learning_rate, rel_tol=1e-6)
    for name, value in vars(kind()).items():
        assert math.isclose(getattr(written, name), value), name
    assert TrainingConfig.from_json(learned.to_json()) == learned
