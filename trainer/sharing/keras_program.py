"""Stand-alone Keras program of a configuration, as a script or a notebook, written like a tutorial.

With Keras on TensorFlow, its history equals the app's except for the last digits: data, split, seed, settings and
random numbers are the same. It starts with new weights, even if the run continued from another network.
"""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from typing import Any

from trainer.config.dataset_info import DATASETS, info
from trainer.config.limits import CLASSES
from trainer.config.training import TrainingConfig, short_form
from trainer.sharing import keras_snippets
from trainer.sharing.keras_snippets import DEFAULTS
from trainer.text import counted

FILE_STEM = "digit_lab"  # of the script and the notebook
PEN_DIGITS, OWN_DRAWINGS = "more_pen_digits.npz", "own_drawings.npz"  # additional training data: `images` and `labels`
COLAB = "https://colab.research.google.com/"
COMMENT_WIDTH = 88  # characters per line


@dataclass(frozen=True)
class Part:
    """A part of the program: title, explanation and code."""

    title: str
    text: str
    code: str


def script(config: TrainingConfig) -> str:
    """Return the Python script; it needs Keras on TensorFlow and the `data_files` in its folder."""
    text = (
        f'"""{heading(config)}.\n\n{textwrap.fill(ABOUT, COMMENT_WIDTH)}\n\n    pip install keras tensorflow\n"""\n\n'
    )
    for part in parts(config):
        explanation = textwrap.wrap(part.text, COMMENT_WIDTH - 2)
        text += "\n" if part.code.startswith("class") else ""
        text += "\n".join([f"# --- {part.title} ---", *(f"# {line}" for line in explanation), part.code, "\n"])
    return text.rstrip() + "\n"


ABOUT = (
    "Written by Digit Lab. Apart from the last digits, which depend on the processor, this program gives the same "
    "losses as Digit Lab. It needs Python and two packages:"
)


def heading(config: TrainingConfig) -> str:
    """Return the network and its data set in a line without a full stop."""
    return f"A network for {info(config.dataset).title}: {short_form(config)}"


def data_files(config: TrainingConfig) -> tuple[str, ...]:
    """Return the names of the data files in the program's folder, for data that Keras cannot load itself."""
    names = () if config.dataset in KERAS_DATASETS else (f"{config.dataset}.npz",)
    more = ((PEN_DIGITS, config.synthetic_examples), (OWN_DRAWINGS, config.own_examples))
    return names + tuple(name for name, count in more if count)


KERAS_DATASETS = tuple(name for name, entry in DATASETS.items() if entry.in_keras)


def parts(config: TrainingConfig) -> tuple[Part, ...]:
    """Return the parts of the program in their order."""
    steps = [_data(config), _network(config), _learning(config), _training(config), _test(config)]
    if config.augmented:
        steps.insert(1, _augmentation(config))
    return (_beginning(config, "\n".join(part.code for part in steps)), *steps)


def _images(config: TrainingConfig) -> str:
    return f"{info(config.dataset).noun}s"


# --- parts ------------------------------------------------------------------------------------------------


def _beginning(config: TrainingConfig, code: str) -> Part:
    imports = "import math\n\n" if "math." in code else ""
    imports += "import keras\n" + ("import numpy as np\n" if " np." in code else "")
    imports += "from keras import layers" + (", ops" if " ops." in code else "")
    text = "All random numbers depend on the seed: the same seed gives the same run."
    lines = [imports, "", f"keras.utils.set_random_seed({config.seed})"]
    if config.dtype != DEFAULTS["dtype"]:
        text += " The network computes with 16 bits per number instead of 32; its weights have 32 bits."
        lines.append(f'keras.config.set_dtype_policy("{config.dtype}")')
    return Part("Setup", text, "\n".join(lines))


def _data(config: TrainingConfig) -> Part:
    images = _images(config)
    text = f"Training images, x_train, with their labels, y_train, and test {images} for the end."
    if needed := data_files(config):
        text += f" Download {' and '.join(needed)} from Digit Lab into the folder of this program."
    if config.dataset in KERAS_DATASETS:
        lines = [f"(x_train, y_train), (x_test, y_test) = keras.datasets.{config.dataset}.load_data()"]
    else:
        lines = [
            f'data = np.load("{config.dataset}.npz")',
            'x_train, y_train = data["x_train"], data["y_train"]',
            'x_test, y_test = data["x_test"], data["y_test"]',
        ]
    lines.append('print("Training:", x_train.shape, x_train.dtype, "test:", x_test.shape)')
    lines.append('x_train = x_train.astype("float32") / 255  # pixels from 0 to 1 instead of 0 to 255')
    lines.append('x_test = x_test.astype("float32") / 255')
    if config.loss == "mean_squared_error":
        lines.append(f"y_train = keras.utils.to_categorical(y_train, {CLASSES})  # 3 becomes 0 0 0 1 0 0 0 0 0 0")
        lines.append(f"y_test = keras.utils.to_categorical(y_test, {CLASSES})")
    most = config.training_examples
    if most != DEFAULTS["training_examples"] or config.dataset not in DATASETS:
        lines.append(f"x_train, y_train = x_train[:{most}], y_train[:{most}]  # the first {most:,}")
    if _split_here(config):
        lines += [
            "",
            f"split = int(len(x_train) * (1 - {config.validation_split}))  # the rest is for validation",
            "x_validation, y_validation = x_train[split:], y_train[split:]",
            "x_train, y_train = x_train[:split], y_train[:split]",
        ]
    if config.synthetic_examples:
        lines += _mixed_in(config, PEN_DIGITS, f"{config.synthetic_examples:,} pen digits drawn by Digit Lab")
    if config.own_examples:
        lines += _mixed_in(config, OWN_DRAWINGS, f"your own drawings, repeated: {config.own_examples:,}")
    return Part("Data", text, "\n".join(lines))


def _split_here(config: TrainingConfig) -> bool:
    """Tell whether the program splits off the validation data itself: to count steps, or before adding other data."""
    mixed = config.synthetic_examples or config.own_examples
    return _validated(config) and bool(mixed or config.schedule != "constant")


def _validated(config: TrainingConfig) -> bool:
    return 1.0 - config.validation_split < 1.0  # the condition of Keras


def _mixed_in(config: TrainingConfig, name: str, comment: str) -> list[str]:
    labels = 'more["labels"]'
    if config.loss == "mean_squared_error":
        labels = f"keras.utils.to_categorical({labels}, {CLASSES})"
    return [
        "",
        f'more = np.load("{name}")  # {comment}',
        'x_train = np.concatenate([x_train, more["images"].astype("float32") / 255])',
        f"y_train = np.concatenate([y_train, {labels}])",
    ]


def _augmentation(config: TrainingConfig) -> Part:
    text = (
        f"A custom layer shifts, rotates and zooms the training {_images(config)} a little, at random and differently "
        "in each epoch, so that the network cannot memorize them."
    )
    return Part("Augmentation", text, keras_snippets.augmentation(config))


def _network(config: TrainingConfig) -> Part:
    lines = []
    if config.l2:
        lines.append(f"pull = keras.regularizers.L2({config.l2})  # penalizes large weights\n")
    lines += ["model = keras.Sequential(", "    ["]
    shape = info(config.dataset).shape
    lines.append(f"        keras.Input({shape}),")
    if config.augmented:
        given = {name: getattr(config, name) for name in ("shift", "rotation", "zoom") if getattr(config, name)}
        lines.append(f"        Augmentation({keras_snippets.arguments(given)}),")
    lines += [f"        {keras_snippets.layer(row, config)}" for row in config.table]
    lines += ["    ]", ")", "model.summary()"]
    text = (
        "Layer by layer, from the image to ten probabilities. A comment shows the output shape of a layer that changes "
        "it."
    )
    return Part("Network", text, "\n".join(lines))


def _learning(config: TrainingConfig) -> Part:
    loss = config.loss
    comment = "difference from 1 for the label and 0 for the others"
    if loss == "categorical_crossentropy":
        loss, comment = f"sparse_{loss}", "sparse: labels are numbers from 0 to 9"
    text = "The optimizer is the rule that changes the weights; the loss measures how wrong the answers are."
    lines = []
    if config.schedule != "constant":
        lines.append(keras_snippets.schedule(config) + "\n")
        text += " The learning rate, the size of its steps, changes during training."
    lines += [
        "model.compile(",
        f"    optimizer={keras_snippets.optimizer(config)},",
        f'    loss="{loss}",  # {comment}',
        '    metrics=["accuracy"],  # the share of correct answers',
        ")",
    ]
    return Part("Optimizer and loss", text, "\n".join(lines))


def _training(config: TrainingConfig) -> Part:
    text = f"Each epoch goes through all training {_images(config)} once. Each batch is one step."
    lines = ["history = model.fit(", "    x_train,", "    y_train,"]
    lines += [f"    batch_size={config.batch_size},", f"    epochs={config.epochs},"]
    if _split_here(config):
        lines.append("    validation_data=(x_validation, y_validation),")
    elif _validated(config):
        lines.append(f"    validation_split={config.validation_split},  # the last part of the data is for validation")
    if config.patience:
        text += (
            f" It stops early if the validation loss has not improved for {counted(config.patience, 'epoch')}, and "
            "restores the best weights."
        )
        stop = f"keras.callbacks.EarlyStopping(patience={config.patience}, restore_best_weights=True)"
        lines.append(f"    callbacks=[{stop}],")
    if config.time_limit != DEFAULTS["time_limit"]:
        text += f" Digit Lab would also stop after {config.time_limit} seconds."
    lines += ["    verbose=2,  # a line per epoch", ")"]
    return Part("Training", text, "\n".join(lines))


def _test(config: TrainingConfig) -> Part:
    images = _images(config)
    text = f"The final measure: {images} that the network has never seen."
    lines = [
        "loss, accuracy = model.evaluate(x_test, y_test, batch_size=500, verbose=0)",
        f'print(f"On the test {images}: loss {{loss:.4f}}, accuracy {{accuracy:.2%}}")',
    ]
    return Part("Test", text, "\n".join(lines))


# --- notebook -----------------------------------------------------------------------------------------------


def notebook(config: TrainingConfig) -> str:
    """Return the program as the JSON of a notebook, in nbformat 4.5 (https://nbformat.readthedocs.io).

    Each part is a Markdown cell with the explanation and a code cell.
    """
    cells = [_cell("welcome", "markdown", _welcome(config))]
    for number, part in enumerate(parts(config), 1):
        cells.append(_cell(f"text-{number}", "markdown", f"## {part.title}\n\n{part.text}"))
        cells.append(_cell(f"code-{number}", "code", part.code))
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "colab": {"name": f"{FILE_STEM}.ipynb", "provenance": []},
    }
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def _welcome(config: TrainingConfig) -> str:
    text = (
        f"# {heading(config)}\n\n"
        "Written by Digit Lab. Apart from the last digits, which depend on the processor, this notebook gives the same "
        "losses as Digit Lab.\n\n"
        f"To run it in [Google Colab]({COLAB}) without installing anything, choose File, Upload notebook, then "
        "Runtime, Run all. In Jupyter it needs two packages: `pip install keras tensorflow`."
    )
    if needed := data_files(config):
        names = " and ".join(f"`{name}`" for name in needed)
        text += f"\n\nIt reads {names} from its folder: in Colab, first add it to the files on the left."
    return text


def _cell(identity: str, kind: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": identity, "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell | {"source": source.splitlines(keepends=True)}
