"""The exported program, run on its own and compared with the app's training.

Longer than 300 lines because it holds the script that checks the exported programs.
"""

import ast
import json
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fits import Recorder
from trainer import UserError
from trainer.config import dataset_info
from trainer.config.layers import (
    LAYERS,
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
    SpatialDropout2D,
)
from trainer.config.limits import CHOICES
from trainer.config.optimizers import OPTIMIZERS, SGD, Adagrad, Adam, AdamW, Lion, RMSprop
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig, learning_rate_at
from trainer.drawing import synthetic_digits
from trainer.networks import fitting, model
from trainer.sharing import keras_program

pytestmark = pytest.mark.slow  # starts processes that train with Keras

EXAMPLES = 500
SMALL = TrainingConfig(layers=(Dense(16),), batch_size=30, epochs=3, learning_rate=0.1)
OWN = dataset_info.upload_name((12, 10), "0123456789abcdef")


# --- history ---------------------------------------------------------------------------------


def cut(config: TrainingConfig) -> TrainingConfig:
    """Return a config for few digits and epochs."""
    pens = min(100, config.synthetic_examples)
    return replace(config, epochs=2, batch_size=min(100, config.batch_size), synthetic_examples=pens)


CONFIGS = {name: cut(preset.config) for name, preset in PRESETS.items()} | {
    "squared_error": replace(SMALL, loss="mean_squared_error", schedule="cosine", l2=0.001, own_examples=50),
    "stops_early": replace(SMALL, optimizer=SGD(0.95), learning_rate=0.9, epochs=12, patience=1),
    "steps": replace(SMALL, schedule="step", training_examples=333, validation_split=0.15, batch_size=37),
    "sixteen_bits": replace(cut(PRESETS["best_cnn"].config), dtype="mixed_bfloat16", seed=5, layers=(Conv2D(4),)),
    "colors": replace(SMALL, dataset="cifar10", shift=2.0, layers=(Conv2D(4, 3, 2),)),
    "own": replace(SMALL, dataset=OWN, validation_split=0.0),
}
# What these differ in from the others is what the network is: that is compared without a training.
ALIKE = ("tutorial_a_raw", "tutorial_a_faster", "perceptron", "overfit", "too_fast", "mlp", "quick_cnn", "small_cnn")
TRAINED = {name: config for name, config in CONFIGS.items() if name not in ALIKE}
RUN = """
import json, runpy, sys
from pathlib import Path
import keras, numpy as np

def few(name):
    def load_data():
        arrays = np.load(f"few_{name}.npz")
        return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
    return load_data

for name in ("mnist", "cifar10"):
    getattr(keras.datasets, name).load_data = few(name)
for script in sys.argv[1:]:
    keras.config.set_dtype_policy("float32")
    seen = runpy.run_path(f"{script}.py")
    numbers = {"history": seen["history"].history, "loss": float(seen["loss"]), "accuracy": float(seen["accuracy"])}
    Path(f"{script}.json").write_text(json.dumps(numbers))
"""


def few(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return images to learn from and to test with, uint8, and labels, as many as EXAMPLES and 100 more."""
    if shape == (28, 28):
        return synthetic_digits.make_digits(EXAMPLES + 100, seed=3)
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 200, (EXAMPLES + 100, *shape)), rng.integers(0, 10, EXAMPLES + 100)
    images[np.arange(len(labels)), labels] = 255  # something to learn: a line at the label's height
    return images.astype(np.uint8), labels.astype(np.uint8)


def more() -> tuple[np.ndarray, np.ndarray]:
    """Return digits that are mixed in."""
    return synthetic_digits.make_digits(100, seed=9)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """Run the scripts in one process of their own, and return what they came to."""
    folder = tmp_path_factory.mktemp("programs")
    for name, file in (("mnist", "few_mnist"), ("cifar10", "few_cifar10"), (OWN, OWN)):
        x, y = few(dataset_info.info(name).shape)
        y = y[:, None] if name == "cifar10" else y  # as Keras has it
        arrays = {"x_train": x[:EXAMPLES], "y_train": y[:EXAMPLES], "x_test": x[EXAMPLES:], "y_test": y[EXAMPLES:]}
        np.savez(folder / f"{file}.npz", **arrays)
    images, labels = more()
    np.savez(folder / keras_program.PEN_DIGITS, images=images, labels=labels)
    np.savez(folder / keras_program.OWN_DRAWINGS, images=images[:50], labels=labels[:50])
    for name, config in TRAINED.items():
        (folder / f"{name}.py").write_text(keras_program.script(config), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", RUN, *TRAINED], cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("On the test ") == len(TRAINED)
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in TRAINED}


def mixed_in(config: TrainingConfig) -> tuple[np.ndarray, np.ndarray] | None:
    images, labels = more()
    count = config.synthetic_examples or config.own_examples
    return (np.divide(images[:count], 255, dtype=np.float32), labels[:count]) if count else None


@pytest.mark.parametrize("name", TRAINED)
def test_the_script_learns_as_the_app_does(name, told):
    config, recorder = CONFIGS[name], Recorder()
    images, labels = few(dataset_info.info(config.dataset).shape)
    images = np.divide(images, 255, dtype=np.float32)
    network = model.build(config, EXAMPLES)
    fitting.fit(network, config, images[:EXAMPLES], labels[:EXAMPLES], recorder, mixed_in(config))
    history = told[name]["history"]
    assert set(history) == {"loss", "accuracy"} | ({"val_loss", "val_accuracy"} if config.validation_split else set())
    for measure, values in history.items():
        assert values == pytest.approx([line[measure] for line in recorder.epochs], rel=1e-5, abs=1e-5)
    loss, accuracy = model.evaluate(network, images[EXAMPLES:], labels[EXAMPLES:])
    assert (told[name]["loss"], told[name]["accuracy"]) == pytest.approx((loss, accuracy), rel=1e-5, abs=1e-5)


def test_early_stopping_is_among_what_was_compared(told):
    assert len(told["stops_early"]["history"]["loss"]) < CONFIGS["stops_early"].epochs


# --- each choice is written right -----------------------------------------------------------------------------

CONVOLUTION = Conv2D(4, 5, 2, "valid", False, "tanh")
CHANGES = [
    *({"layers": (layer, Flatten(), Dense(7))} for layer in (CONVOLUTION, Conv2D(3), MaxPooling2D(3))),
    {
        "layers": (
            Conv2D(3),
            AveragePooling2D(2),
            SpatialDropout2D(0.2),
            GlobalAveragePooling2D(),
            BatchNormalization(0.8),
        )
    },
    {"layers": (Rescaling(0.5), BatchNormalization(), Dense(5), Dropout(0.25), Activation("gelu"))},
    *({"layers": (Dense(9, activation),)} for activation in CHOICES["activation"]),
    *({"optimizer": kind()} for kind in OPTIMIZERS.values()),
    {"optimizer": SGD(0.9)},
    {"optimizer": Adam(0.8, 0.95)},
    {"optimizer": AdamW(0.8, 0.95, 0.01)},
    {"optimizer": RMSprop(0.7)},
    {"optimizer": Adagrad(0.2)},
    {"optimizer": Lion(0.8, 0.9)},
    *({"schedule": schedule} for schedule in CHOICES["schedule"]),
    *({"schedule": schedule, "batch_size": 1_000} for schedule in CHOICES["schedule"]),  # one step an epoch
    {"kernel_initializer": "he_normal", "layers": (Conv2D(3), Dense(4))},
    {"l2": 0.01, "layers": (Conv2D(3), Dense(4))},
    {"dtype": "mixed_bfloat16"},
    {"dataset": "cifar10"},
    {"dataset": "fashion_mnist", "learning_rate": 1e-5},
    {"seed": 17},
]


def built(config: TrainingConfig) -> dict:
    """Run the parts of the program that need no data, and return its variables."""
    told = {"x_train": np.zeros(450)}  # the schedule reads its length
    try:
        for part in keras_program.parts(config):
            if part.title not in ("Data", "Training", "Test"):
                exec(part.code, told)
    finally:
        told["keras"].config.set_dtype_policy("float32")
    return told


def plain(settings: dict) -> dict:
    return {name: value for name, value in settings.items() if name not in ("name", "dtype")}


def numbers(optimizer) -> dict:
    return {name: value for name, value in vars(optimizer).items() if isinstance(value, (bool, int, float))}


@pytest.mark.parametrize("config", [replace(SMALL, **change) for change in CHANGES], ids=map(str, CHANGES))
def test_the_script_builds_the_network_of_the_app(config, capsys):
    compare(config)


@pytest.mark.parametrize("name", ALIKE)
def test_the_script_builds_the_network_of_a_preset(name, capsys):
    compare(CONFIGS[name])


def compare(config: TrainingConfig) -> None:
    """Hold the program's network, its first weights and its optimizer against the app's."""
    ours, theirs = model.build(config, EXAMPLES), built(config)["model"]
    assert theirs.count_params() == ours.count_params()
    for mine, its in zip(ours.layers, theirs.layers, strict=True):
        assert (type(its), its.dtype_policy.name) == (type(mine), mine.dtype_policy.name)
        assert plain(its.get_config()) == plain(mine.get_config())
    for mine, its in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert np.array_equal(mine, its)
    assert type(theirs.optimizer) is type(ours.optimizer)
    theirs.optimizer.build(theirs.trainable_variables)  # as the app's is
    assert numbers(theirs.optimizer) == numbers(ours.optimizer)
    steps = fitting.steps_per_epoch(config, EXAMPLES) * config.epochs
    for step in range(steps):
        theirs.optimizer.iterations.assign(step)
        rate = learning_rate_at(config, step, steps)
        assert float(theirs.optimizer.learning_rate) == pytest.approx(rate, rel=1e-5, abs=1e-8)


def test_every_kind_of_layer_was_built():
    kinds = {type(layer) for change in CHANGES for layer in change.get("layers", ())}
    assert kinds == set(LAYERS.values())


# --- how it reads ---------------------------------------------------------------------------------------------

layer = st.one_of(
    st.builds(Dense, st.integers(1, 100), st.sampled_from(CHOICES["activation"])),
    st.builds(Conv2D, st.integers(1, 9), st.integers(1, 5), st.integers(1, 2), st.sampled_from(["same", "valid"])),
    st.builds(Dropout, st.floats(0, 0.9)),
    st.builds(BatchNormalization),
    st.builds(MaxPooling2D),
    st.builds(GlobalAveragePooling2D),
    st.builds(Rescaling, st.floats(0.01, 255)),
)
changes = st.fixed_dictionaries(
    {},
    optional={
        "layers": st.lists(layer, max_size=5).map(tuple),
        "optimizer": st.sampled_from([SGD(0.123), Adam(0.777, 0.888), AdamW(weight_decay=0.0321), Lion(), RMSprop()]),
        "learning_rate": st.floats(1e-6, 100),
        "schedule": st.sampled_from(CHOICES["schedule"]),
        "loss": st.sampled_from(CHOICES["loss"]),
        "batch_size": st.integers(1, 10_000),
        "epochs": st.integers(1, 200),
        "validation_split": st.floats(0.01, 0.5),
        "patience": st.integers(1, 50),
        "training_examples": st.integers(100, 60_000),
        "synthetic_examples": st.integers(0, 60_000),
        "own_examples": st.integers(0, 15_000),
        "l2": st.floats(1e-9, 1),
        "shift": st.floats(0.001, 8),
        "rotation": st.floats(0.001, 45),
        "zoom": st.floats(0.001, 0.5),
        "dtype": st.sampled_from(CHOICES["dtype"]),
        "kernel_initializer": st.sampled_from(CHOICES["kernel_initializer"]),
        "seed": st.integers(0, 2**31 - 1),
        "time_limit": st.integers(1, 3600),
        "dataset": st.sampled_from([*dataset_info.DATASETS, OWN]),
    },
)
WRITTEN = {"one_cycle": "OneCycle()", "cosine": "CosineDecay(", "step": "PiecewiseConstantDecay("}


@given(changes)
@settings(deadline=None)
def test_the_script_compiles_and_names_each_setting_that_is_not_usual(change):
    try:
        config = TrainingConfig(**change)
    except UserError:
        return
    text = keras_program.script(config)
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    assert ("np" in names) == ("import numpy" in text) and ("math" in names) == ("import math" in text)
    for item in fields(config):
        value = getattr(config, item.name)
        if value == item.default or item.name in ("layers", "optimizer"):
            continue
        if item.name == "kernel_initializer" and not any(row.parameters for row in config.table[:-1]):
            continue  # there is nothing to initialize
        if item.name in ("synthetic_examples", "own_examples"):
            value = f"{value:,}"
        if item.name == "kernel_initializer" and not any(isinstance(one, (Dense, Conv2D)) for one in config.layers):
            continue
        assert WRITTEN.get(value, str(value)) in text, item.name
    for part in (*config.layers, config.optimizer):
        assert f".{type(part).__name__}(" in text
        for item in fields(part):
            value = getattr(part, item.name)
            assert value == item.default or str(value) in text or value in (True, "linear")
    for file in keras_program.data_files(config):
        assert f'np.load("{file}")' in text


def test_the_scripts_are_formatted_and_import_nothing_in_vain(tmp_path):
    for name, config in CONFIGS.items():
        (tmp_path / f"{name}.py").write_text(keras_program.script(config), encoding="utf-8")
    for command in (["format", "--check"], ["check", "--select", "E,F,I"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", "--line-length", "120", tmp_path]
        done = subprocess.run(ruff, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_a_script_needs_no_files_where_keras_loads_the_data():
    assert keras_program.data_files(SMALL) == ()
    assert keras_program.data_files(replace(SMALL, dataset=OWN)) == (f"{OWN}.npz",)
    mixed = replace(SMALL, synthetic_examples=10, own_examples=10)
    assert keras_program.data_files(mixed) == (keras_program.PEN_DIGITS, keras_program.OWN_DRAWINGS)


# --- the notebook ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONFIGS)
def test_the_notebook_is_valid_and_has_the_code_of_the_script(name):
    book = json.loads(keras_program.notebook(CONFIGS[name]))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    assert book["metadata"]["kernelspec"] == {"display_name": "Python 3", "language": "python", "name": "python3"}
    identities = [cell["id"] for cell in book["cells"]]
    assert len(set(identities)) == len(identities) and all(one.replace("-", "").isalnum() for one in identities)
    for cell in book["cells"]:
        wanted = {"cell_type", "id", "metadata", "source"}
        if cell["cell_type"] == "code":
            wanted |= {"execution_count", "outputs"}
            assert cell["outputs"] == [] and cell["execution_count"] is None
        assert set(cell) == wanted and all(isinstance(line, str) for line in cell["source"])
    assert [cell["cell_type"] for cell in book["cells"]] == ["markdown"] + ["markdown", "code"] * (len(identities) // 2)
    code = "\n".join("".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code")
    script = ast.parse(keras_program.script(CONFIGS[name]))
    assert ast.dump(ast.parse(code)) == ast.dump(ast.Module(script.body[1:], []))  # except for its docstring
    first = "".join(book["cells"][0]["source"])
    assert "Google Colab" in first and all(file in first for file in keras_program.data_files(CONFIGS[name]))
