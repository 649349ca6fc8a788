"""A config as a stand-alone Keras program, as a tutorial would write it: a script or a notebook.

Its history is the app's, but for the last digits, where Keras runs on TensorFlow: it has the same data, split, seed and
settings, and all chance comes about as in the app. A network that went on from another one is learned anew.
"""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from typing import Any

from trainer.config.dataset_info import DATASETS, kind
from trainer.config.limits import CLASSES
from trainer.config.training import TrainingConfig, short_form
from trainer.sharing import keras_snippets
from trainer.sharing.keras_snippets import USUAL
from trainer.text import counted

NAME = "digit_lab"  # of the program, without what comes after the point
PEN_DIGITS, OWN_DRAWINGS = "more_pen_digits.npz", "own_drawings.npz"  # `images` and `labels`, learned besides
COLAB = "https://colab.research.google.com/"
WIDTH = 88  # characters of a line of explanation


@dataclass(frozen=True)
class Part:
    """A step of the program: what it is called, what it does, in plain sentences, and its code."""

    title: str
    text: str
    code: str


def script(config: TrainingConfig) -> str:
    """Return the program of a config: a Python script that needs Keras on TensorFlow, and the `files` beside it."""
    text = f'"""{heading(config)}.\n\n{textwrap.fill(ABOUT, WIDTH)}\n\n    pip install keras tensorflow\n"""\n\n'
    for part in parts(config):
        explanation = textwrap.wrap(part.text, WIDTH - 2)
        text += "\n" if part.code.startswith("class") else ""
        text += "\n".join([f"# --- {part.title} ---", *(f"# {line}" for line in explanation), part.code, "\n"])
    return text.rstrip() + "\n"


ABOUT = (
    "Written by Digit Lab, and complete in itself. Trained here, the network learns as it does there, loss by loss, "
    "but for the last digits, which depend on the processor. It needs Python and two packages:"
)


def heading(config: TrainingConfig) -> str:
    """Name the network and what it learns, in a line without a full stop."""
    return f"A network for {kind(config.dataset).title}: {short_form(config)}"


def files(config: TrainingConfig) -> tuple[str, ...]:
    """Name the data files that the program reads from its own folder: Keras cannot load what is in them."""
    names = () if config.dataset in KERAS else (f"{config.dataset}.npz",)
    more = ((PEN_DIGITS, config.synthetic_examples), (OWN_DRAWINGS, config.own_examples))
    return names + tuple(name for name, count in more if count)


KERAS = ("mnist", "fashion_mnist", "cifar10")  # the data sets that Keras loads


def parts(config: TrainingConfig) -> tuple[Part, ...]:
    """Return the program of a config, step by step."""
    steps = [_data(config), _network(config), _learning(config), _training(config), _test(config)]
    if config.augmented:
        steps.insert(1, _augmentation(config))
    return (_beginning(config, "\n".join(part.code for part in steps)), *steps)


def _things(config: TrainingConfig) -> str:
    return f"{kind(config.dataset).thing}s"


# --- the parts ------------------------------------------------------------------------------------------------


def _beginning(config: TrainingConfig, code: str) -> Part:
    imports = "import math\n\n" if "math." in code else ""
    imports += "import keras\n" + ("import numpy as np\n" if " np." in code else "")
    imports += "from keras import layers" + (", ops" if " ops." in code else "")
    text = "All chance comes from one number, the seed: the same seed gives the same run."
    lines = [imports, "", f"keras.utils.set_random_seed({config.seed})"]
    if config.dtype != USUAL["dtype"]:
        text += " The network computes with 16 bits a number instead of 32; its weights keep 32."
        lines.append(f'keras.config.set_dtype_policy("{config.dtype}")')
    return Part("Before it begins", text, "\n".join(lines))


def _data(config: TrainingConfig) -> Part:
    things = _things(config)
    text = f"Images to learn from, x_train, with their labels, y_train, and {things} for the test at the end."
    if needed := files(config):
        text += f" Digit Lab offers {' and '.join(needed)} beside this program: keep them in one folder."
    if config.dataset in KERAS:
        lines = [f"(x_train, y_train), (x_test, y_test) = keras.datasets.{config.dataset}.load_data()"]
    else:
        lines = [
            f'data = np.load("{config.dataset}.npz")',
            'x_train, y_train = data["x_train"], data["y_train"]',
            'x_test, y_test = data["x_test"], data["y_test"]',
        ]
    lines.append('print("To learn:", x_train.shape, x_train.dtype, "to test:", x_test.shape)')
    lines.append('x_train = x_train.astype("float32") / 255  # pixels from 0 to 1 instead of 0 to 255')
    lines.append('x_test = x_test.astype("float32") / 255')
    if config.loss == "mean_squared_error":
        lines.append(f"y_train = keras.utils.to_categorical(y_train, {CLASSES})  # 3 becomes 0 0 0 1 0 0 0 0 0 0")
        lines.append(f"y_test = keras.utils.to_categorical(y_test, {CLASSES})")
    most = config.training_examples
    if most != USUAL["training_examples"] or config.dataset not in DATASETS:
        lines.append(f"x_train, y_train = x_train[:{most}], y_train[:{most}]  # the first {most:,} at most")
    if _split_here(config):
        lines += [
            "",
            f"split = int(len(x_train) * (1 - {config.validation_split}))  # the rest is kept aside: validation",
            "x_validation, y_validation = x_train[split:], y_train[split:]",
            "x_train, y_train = x_train[:split], y_train[:split]",
        ]
    if config.synthetic_examples:
        lines += _mixed_in(config, PEN_DIGITS, f"{config.synthetic_examples:,} pen digits, drawn by Digit Lab")
    if config.own_examples:
        lines += _mixed_in(config, OWN_DRAWINGS, f"your own drawings, repeated: {config.own_examples:,}")
    return Part("The data", text, "\n".join(lines))


def _split_here(config: TrainingConfig) -> bool:
    """Tell whether the program splits by itself, since it counts the steps, or mixes in what is not validated on."""
    mixed = config.synthetic_examples or config.own_examples
    return _validated(config) and bool(mixed or config.schedule != "constant")


def _validated(config: TrainingConfig) -> bool:
    return 1.0 - config.validation_split < 1.0  # as Keras splits


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
        f"Each of the {_things(config)} is moved, turned and resized a little, at random and anew in each epoch, so "
        "that none can be learned by heart. A layer of its own does so while the network learns."
    )
    return Part("Never twice the same", text, keras_snippets.augmentation(config))


def _network(config: TrainingConfig) -> Part:
    lines = []
    if config.l2:
        lines.append(f"pull = keras.regularizers.L2({config.l2})  # pulls every weight towards 0\n")
    lines += ["model = keras.Sequential(", "    ["]
    shape = kind(config.dataset).shape
    lines.append(f"        keras.Input({shape}),")
    if config.augmented:
        given = {name: getattr(config, name) for name in ("shift", "rotation", "zoom") if getattr(config, name)}
        lines.append(f"        Augmentation({keras_snippets.arguments(given)}),")
    lines += [f"        {keras_snippets.layer(row, config)}" for row in config.table]
    lines += ["    ]", ")", "model.summary()"]
    text = (
        "Layer by layer, from the image to ten probabilities. Where a layer changes the shape of what it gets, the new "
        "shape stands behind it."
    )
    return Part("The network", text, "\n".join(lines))


def _learning(config: TrainingConfig) -> Part:
    loss = config.loss
    comment = "how far from 1 for the label and 0 for the others"
    if loss == "categorical_crossentropy":
        loss, comment = f"sparse_{loss}", "sparse: labels are numbers, 0 to 9"
    text = "The optimizer is the rule that moves the weights; the loss says how wrong the answers are."
    lines = []
    if config.schedule != "constant":
        lines.append(keras_snippets.schedule(config) + "\n")
        text += " The learning rate, the size of its steps, changes as the training goes on."
    lines += [
        "model.compile(",
        f"    optimizer={keras_snippets.optimizer(config)},",
        f'    loss="{loss}",  # {comment}',
        '    metrics=["accuracy"],  # the share of right answers',
        ")",
    ]
    return Part("How it learns", text, "\n".join(lines))


def _training(config: TrainingConfig) -> Part:
    text = f"Each epoch goes through all the {_things(config)} once, a batch at a time, and each batch is one step."
    lines = ["history = model.fit(", "    x_train,", "    y_train,"]
    lines += [f"    batch_size={config.batch_size},", f"    epochs={config.epochs},"]
    if _split_here(config):
        lines.append("    validation_data=(x_validation, y_validation),")
    elif _validated(config):
        lines.append(
            f"    validation_split={config.validation_split},  # the last part is kept aside, to see how it does"
        )
    if config.patience:
        text += (
            f" It stops early once the validation loss has not got better for "
            f"{counted(config.patience, 'epoch')}, and goes back to the weights of the best one."
        )
        stop = f"keras.callbacks.EarlyStopping(patience={config.patience}, restore_best_weights=True)"
        lines.append(f"    callbacks=[{stop}],")
    if config.time_limit != USUAL["time_limit"]:
        text += f" Digit Lab would also stop after {config.time_limit} seconds, wherever it is by then."
    lines += ["    verbose=2,  # a line an epoch", ")"]
    return Part("The training", text, "\n".join(lines))


def _test(config: TrainingConfig) -> Part:
    things = _things(config)
    text = f"What counts: {things} that the network has never seen."
    lines = [
        "loss, accuracy = model.evaluate(x_test, y_test, batch_size=500, verbose=0)",
        f'print(f"On the test {things}: loss {{loss:.4f}}, accuracy {{accuracy:.2%}}")',
    ]
    return Part("The test", text, "\n".join(lines))


# --- the notebook -----------------------------------------------------------------------------------------------


def notebook(config: TrainingConfig) -> str:
    """Return the program of a config, as `script` has it, as the JSON of a notebook.

    Its parts are cells, each with its explanation above it, in Jupyter's nbformat 4.5 (https://nbformat.readthedocs.io).
    """
    cells = [_cell("welcome", "markdown", _welcome(config))]
    for number, part in enumerate(parts(config), 1):
        cells.append(_cell(f"text-{number}", "markdown", f"## {part.title}\n\n{part.text}"))
        cells.append(_cell(f"code-{number}", "code", part.code))
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "colab": {"name": f"{NAME}.ipynb", "provenance": []},
    }
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def _welcome(config: TrainingConfig) -> str:
    text = (
        f"# {heading(config)}\n\n"
        "Written by Digit Lab, and complete in itself. Trained here, the network learns as it does there, loss by "
        "loss, but for the last digits, which depend on the processor.\n\n"
        f"In [Google Colab]({COLAB}) it runs without installing anything: File, Upload notebook, then Runtime, Run "
        "all. In Jupyter it needs two packages: `pip install keras tensorflow`."
    )
    if needed := files(config):
        names = " and ".join(f"`{name}`" for name in needed)
        text += f"\n\nIt reads {names} from its own folder: in Colab, drop that into the files on the left first."
    return text


def _cell(identity: str, kind: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": identity, "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell | {"source": source.splitlines(keepends=True)}
