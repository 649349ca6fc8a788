"""Glossary: the terms with their meanings, a search, and links to them in Markdown.

Longer than 300 lines because most of it is the table of terms.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from trainer.config.layers import LAYERS


@dataclass(frozen=True)
class Term:
    """The meaning of a word, its related terms, and other ways to write it."""

    meaning: str  # one or two sentences, below 200 characters
    related: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


TERMS: dict[str, Term] = {
    "accuracy": Term(
        "The share of predictions that are correct. Guessing among ten digits gives about 10 %.",
        ("loss", "test digits"),
    ),
    "activation": Term(
        "A function applied to a unit's sum, such as relu or sigmoid. Without activations, several layers could "
        "do no more than one.",
        ("relu", "sigmoid", "softmax"),
        ("activation function",),
    ),
    "Adam": Term(
        "An optimizer that scales each weight's step by running averages of its gradient and its squared gradient.",
        ("optimizer", "SGD"),
    ),
    "augmentation": Term(
        "Random changes to the training digits, such as shifts, rotations and zooms, so that the network sees "
        "more variety.",
        ("overfitting",),
    ),
    "backpropagation": Term(
        "The computation of all gradients, layer by layer, from the loss back to the first layer.",
        ("gradient", "gradient descent"),
    ),
    "batch": Term(
        "The digits of one step: the network predicts all of them, then its weights are updated once, by the mean"
        " of their gradients.",
        ("epoch", "step"),
        ("batch size", "batch_size"),
    ),
    "batch normalization": Term(
        "A layer that scales its inputs to a mean near 0 and a standard deviation near 1: by each batch's "
        "statistics during training, by moving averages afterwards.",
        ("layer", "batch"),
        ("batch normalisation",),
    ),
    "bias": Term(
        "A number that a unit adds to its weighted sum, whatever the inputs are.", ("weight", "unit"), ("biases",)
    ),
    "calibration": Term(
        "How well probabilities match accuracy: of all predictions with a probability of 80 %, about 80 % should "
        "be correct.",
        ("probability",),
    ),
    "center of mass": Term(
        "The point on which a digit's ink would balance. In MNIST it lies in the middle of the image.",
        ("MNIST",),
        ("center-of-mass", "centre of mass", "centre-of-mass"),
    ),
    "class": Term("One of the categories that a network tells apart, here the ten digits.", ("label",), ("classes",)),
    "confusion matrix": Term(
        "A table of how often each true digit (row) was predicted as each digit (column). Everything off the "
        "diagonal is an error.",
        ("precision", "recall"),
        ("confusion matrices",),
    ),
    "convolution": Term(
        "A layer that slides small filters across the image. A filter has the same weights at every position, so "
        "few are needed.",
        ("filter", "pooling"),
        ("convolutional",),
    ),
    "cross-entropy": Term(
        "The usual loss of classifiers: minus the natural logarithm of the true class's probability. Confident "
        "mistakes cost the most.",
        ("loss", "one-hot", "softmax"),
        ("crossentropy", "categorical cross-entropy", "categorical_crossentropy"),
    ),
    "deep learning": Term(
        "Machine learning with networks of several layers. The first layers tend to detect strokes, later ones "
        "combine them.",
        ("layer",),
    ),
    "dense": Term(
        "A layer in which each unit is connected to every input, also called fully connected.",
        ("layer", "unit", "weight"),
    ),
    "dropout": Term(
        "A layer that sets random values to 0 during training and scales up the rest, so that no unit relies on a"
        " few others. After training it does nothing.",
        ("overfitting",),
    ),
    "early stopping": Term(
        "Ending the training when the validation loss has stopped falling. Patience is the number of epochs to "
        "wait for an improvement.",
        ("validation", "overfitting"),
        ("patience",),
    ),
    "epoch": Term("One pass through all training digits, batch by batch.", ("batch", "step")),
    "filter": Term(
        "The weights of one pattern that a convolution looks for, such as 3 × 3 pixels. Its output is an image of"
        " the matches.",
        ("convolution",),
        ("kernel",),
    ),
    "flatten": Term("To turn an image into a list of numbers: 28 × 28 pixels become 784 values.", ("dense",)),
    "GPU": Term("A graphics processor. It computes large networks many times faster than a CPU."),
    "gradient": Term(
        "For each weight, how fast the loss grows as that weight grows. A small step against the gradient lowers "
        "the loss.",
        ("gradient descent", "learning rate"),
    ),
    "gradient descent": Term(
        "Learning in small steps: each weight moves a little against its gradient, again and again.",
        ("gradient", "SGD"),
    ),
    "hidden layer": Term(
        "A layer between the input and the output layer. Nobody prescribes its outputs: the network learns useful"
        " ones.",
        ("layer", "unit"),
    ),
    "kernel initializer": Term(
        "The rule for the random starting weights. Glorot uniform: within ±√(6 / (inputs + outputs)). He normal: "
        "standard deviation √(2 / inputs), which suits relu.",
        ("weight", "seed"),
        ("kernel_initializer", "initializer", "Glorot uniform", "He normal"),
    ),
    "L2 regularization": Term(
        "A penalty added to the loss: a factor times the sum of all squared weights. It keeps the weights small.",
        ("overfitting", "weight"),
        ("L2", "L2 regularisation"),
    ),
    "label": Term("The correct class of an image: what the network should predict.", ("one-hot", "class")),
    "layer": Term(
        "A group of units that receive the same inputs. The outputs of a layer are the inputs of the next.",
        ("unit", "dense", "convolution"),
    ),
    "learning rate": Term(
        "The size of each step. Too small: training is slow. Too large: the steps overshoot and the loss can rise.",
        ("gradient descent", "optimizer", "schedule"),
        ("learning_rate",),
    ),
    "logit": Term(
        "The output layer's value for a class before softmax turns all ten into probabilities.",
        ("softmax",),
        ("logits",),
    ),
    "loss": Term(
        "A number that measures how wrong the predictions are; 0 is perfect. Training lowers it.",
        ("cross-entropy", "accuracy"),
        ("losses",),
    ),
    "MNIST": Term(
        "70,000 digits handwritten by American census employees and students, 28 × 28 pixels each: 60,000 for "
        "training, 10,000 for testing.",
        ("test digits",),
    ),
    "momentum": Term(
        "The share of the previous step that is added to the next one, so that steps in a steady direction grow.",
        ("SGD", "optimizer"),
    ),
    "neuron": Term(
        "Another word for unit: it computes a weighted sum of its inputs, adds a bias and applies an activation.",
        ("unit", "weight", "bias"),
    ),
    "normalization": Term(
        "Scaling inputs to a common range, such as pixels from 0 to 255 down to 0 to 1.",
        ("batch normalization",),
        ("normalisation",),
    ),
    "one-hot": Term(
        "A label written as ten numbers: 1 for the correct digit, 0 for all others.",
        ("label", "cross-entropy"),
        ("one hot",),
    ),
    "optimizer": Term(
        "The rule that updates the weights from their gradients, such as SGD or Adam.", ("SGD", "Adam", "learning rate")
    ),
    "overfitting": Term(
        "Memorizing the training digits: accuracy on them keeps rising, while accuracy on new digits stalls or falls.",
        ("validation", "dropout"),
        ("overfit", "overfits"),
    ),
    "parameter": Term(
        "A number that the network learns: a weight or a bias. Tutorial A has 640,890.", ("weight", "bias")
    ),
    "pooling": Term(
        "A layer that shrinks an image: it keeps only the largest value, or the mean, of each small block of pixels.",
        ("convolution",),
    ),
    "precision": Term("Of all digits predicted as 7, the share that really are 7s.", ("recall", "confusion matrix")),
    "probability": Term(
        "The share, 0 to 100 %, that a network assigns to a class. The shares of all classes add up to 100 %.",
        ("softmax", "calibration"),
        ("probabilities",),
    ),
    "recall": Term("Of all true 7s, the share that the network predicts as 7.", ("precision", "confusion matrix")),
    "relu": Term("The activation that keeps positive values and replaces negative ones with 0.", ("activation",)),
    "schedule": Term(
        "A plan for the learning rate during training, for example large at first and small at the end.",
        ("learning rate",),
    ),
    "seed": Term(
        "The starting value of the random numbers. The same seed gives the same starting weights and the same "
        "order of digits."
    ),
    "SGD": Term(
        "Stochastic gradient descent, the simplest optimizer: each step goes against the gradient of one batch.",
        ("gradient descent", "momentum"),
    ),
    "sigmoid": Term("The activation that maps any number to a value between 0 and 1.", ("activation",)),
    "softmax": Term(
        "The activation that turns logits into probabilities: e is raised to the power of each logit, then each "
        "result is divided by the sum of all.",
        ("logit", "probability"),
    ),
    "step": Term(
        "One update of all weights, from one batch: 54,000 digits in batches of 500 make 108 steps per epoch.",
        ("batch", "epoch"),
    ),
    "test digits": Term(
        "Digits that a network never learns from. Its accuracy on them, measured once at the end, shows how well it "
        "reads new digits.",
        ("accuracy", "validation"),
        ("test digit", "test set"),
    ),
    "unit": Term(
        "A neuron of a layer: it computes a weighted sum of its inputs, adds a bias and applies the activation.",
        ("weight", "bias", "activation"),
    ),
    "validation": Term(
        "A check after each epoch on digits that are set aside from training. It reveals overfitting.",
        ("overfitting", "test digits"),
        ("validation split", "validation_split"),
    ),
    "weight": Term(
        "The factor by which a unit multiplies one of its inputs. Weights are what a network learns.",
        ("bias", "unit", "parameter"),
    ),
}

# Text that gets no links: bold words, links, images, code, URLs, HTML, icons, colored words, formulas.
_SKIPPED = (
    r"\*\*[^*]+\*\*|!?\[[^\]]*\]\([^)]*\)|```.*?```|`[^`]*`|https?://\S+|<[^>]*>|:[\w/-]+:|:[\w-]+\[[^\]]*\]|\$[^$]*\$"
)


def find(text: str) -> str | None:
    """Return the term that a text names, in any case, in the plural or another spelling, or None."""
    return _names().get(text.strip().lower())


def search(text: str) -> list[str]:
    """Return the terms whose name contains a text, then those whose meaning contains it."""
    wanted = text.strip().lower()
    by_name = [name for name, term in TERMS.items() if any(wanted in way.lower() for way in (name, *term.also))]
    return by_name + [name for name, term in TERMS.items() if name not in by_name and wanted in term.meaning.lower()]


def term_url(name: str) -> str:
    """Return the URL of a term, relative to any page."""
    return f"learn?term={name.replace(' ', '+')}"


def link_terms(text: str, terms: Collection[str] | None = None, limit: int = 3) -> str:
    """Return Markdown in which the first mention of each term links to it: of `terms` if given, at most `limit`.

    Matches whole words and plurals, longer terms first; links, code and HTML stay unchanged.
    """
    seen: set[str] = set()

    def link(match: re.Match[str]) -> str:
        word = match["term"]
        name = _names()[word.lower()] if word else ""
        if not word or name in seen or len(seen) >= limit or (terms is not None and name not in terms):
            return match[0]
        seen.add(name)
        return f"[{word}]({term_url(name)})"

    return _pattern().sub(link, text)


@cache
def _names() -> dict[str, str]:
    """Return every spelling of each term, in lower case."""
    spellings = {kind.lower(): layer.term for kind, layer in LAYERS.items() if layer.term}
    spellings |= {way.lower(): name for name, term in TERMS.items() for way in (name, *term.also)}
    plurals = {f"{way}{'es' if way.endswith(('s', 'x')) else 's'}": name for way, name in spellings.items()}
    return plurals | spellings


@cache
def _pattern() -> re.Pattern[str]:
    spellings = "|".join(re.escape(way) for way in sorted(_names(), key=len, reverse=True))
    return re.compile(rf"{_SKIPPED}|(?<![\w-])(?P<term>{spellings})(?![\w-])", re.IGNORECASE | re.DOTALL)
