"""What do the words mean? The terms of the app, each in a sentence or two, and links to them in a text."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from trainer.config.layers import LAYERS


@dataclass(frozen=True)
class Term:
    """What a word means. `also`: other ways to write it; `related`: other terms; `lesson`: where one plays with it."""

    meaning: str
    related: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    lesson: int | None = None


TERMS: dict[str, Term] = {
    "accuracy": Term(
        "The share of digits that a network reads right. Guessing gives 10 %.", ("loss", "test digits"), lesson=1
    ),
    "activation": Term(
        "What a unit makes of its sum before it hands it on, such as relu or sigmoid. Without it, many layers could do "
        "no more than one.",
        ("relu", "sigmoid", "softmax"),
        ("activation function",),
        3,
    ),
    "Adam": Term(
        "An optimizer that gives each weight a step size of its own, from how its gradient went before.",
        ("optimizer", "SGD"),
    ),
    "augmentation": Term(
        "Training digits are moved, turned or resized a little at random, so that the network meets more than there "
        "are.",
        ("overfitting",),
    ),
    "batch": Term(
        "The digits of one step: the network reads them all, then its weights move once, by what they have in common.",
        ("epoch", "step"),
        ("batch size", "batch_size"),
        6,
    ),
    "batch normalisation": Term(
        "A layer that brings what comes in to mean 0 and spread 1, batch by batch, so that deeper networks learn "
        "faster.",
        ("layer", "batch"),
        ("batch normalization",),
    ),
    "backpropagation": Term(
        "The way of the error back through the layers, from the output to the first: it tells each weight its share.",
        ("gradient", "gradient descent"),
        lesson=6,
    ),
    "bias": Term(
        "A number that a unit adds to its sum, whatever comes in: it moves the line at which the unit switches.",
        ("weight", "unit"),
        ("biases",),
        2,
    ),
    "calibration": Term(
        "Whether a network is right as often as it says: of all digits it gives 80 %, about 80 of 100 should be right.",
        ("probability",),
    ),
    "centre of mass": Term(
        "The point at which a digit's ink would balance. MNIST's digits have it in the middle of the image.",
        ("MNIST",),
        ("centre-of-mass",),
    ),
    "class": Term("One of the kinds that a network tells apart: here the ten digits.", ("label",), ("classes",)),
    "confusion matrix": Term(
        "A table with a row for each digit and a column for each answer: what is off its diagonal was misread.",
        ("precision", "recall"),
        ("confusion matrices",),
    ),
    "convolution": Term(
        "A layer that looks for small patterns at every place of an image. It needs few weights, since each pattern's "
        "are the same everywhere.",
        ("filter", "pooling"),
        ("convolutional",),
    ),
    "cross-entropy": Term(
        "The usual loss: minus the logarithm of the right digit's probability. To be sure and wrong costs the most.",
        ("loss", "one-hot", "softmax"),
        ("crossentropy", "categorical cross-entropy", "categorical_crossentropy"),
        5,
    ),
    "deep learning": Term(
        "Machine learning with networks of several layers: the first find strokes, the later ones put them together.",
        ("layer",),
        lesson=1,
    ),
    "dense": Term(
        "A layer in which each unit weighs all the numbers that come in.", ("layer", "unit", "weight"), lesson=3
    ),
    "dropout": Term(
        "Some of the numbers are set to 0 at random while training, so that no unit relies on a few others.",
        ("overfitting",),
    ),
    "early stopping": Term(
        "A training ends once the validation loss no longer falls: what follows would be learning by heart.",
        ("validation", "overfitting"),
        ("patience",),
    ),
    "epoch": Term("One pass through all the training digits, batch after batch.", ("batch", "step")),
    "filter": Term(
        "One small pattern that a convolution looks for, such as 3 × 3 weights; it gives an image of its finds.",
        ("convolution",),
        ("kernel",),
    ),
    "flatten": Term(
        "To put the pixels of an image one behind the other: 28 × 28 become a list of 784.", ("dense",), lesson=3
    ),
    "GPU": Term("A processor made for pictures, which does the sums of large networks many times faster.", ()),
    "gradient": Term(
        "For each weight, how much the loss would grow if that weight grew a little. A step goes the other way.",
        ("gradient descent", "learning rate"),
        lesson=6,
    ),
    "gradient descent": Term(
        "Learning by small steps downhill: each weight moves a little against its gradient, again and again.",
        ("gradient", "SGD"),
        lesson=6,
    ),
    "hidden layer": Term(
        "A layer between the pixels and the output: nobody tells it what to look for.", ("layer", "unit"), lesson=6
    ),
    "label": Term("What an image is said to show: the right answer, given by a person.", ("one-hot", "class")),
    "layer": Term(
        "Units side by side that all look at the same numbers. What they give goes on to the next layer.",
        ("unit", "dense", "convolution"),
        lesson=3,
    ),
    "learning rate": Term(
        "How far a step goes: too small and nothing seems to happen, too large and each step overshoots.",
        ("gradient descent", "optimizer", "schedule"),
        ("learning_rate",),
        6,
    ),
    "logit": Term(
        "A sum of the output layer, before softmax makes probabilities of all ten.", ("softmax",), ("logits",), 4
    ),
    "loss": Term(
        "A number for how wrong the answers are; 0 would be perfect. Training makes it fall.",
        ("cross-entropy", "accuracy"),
        ("losses",),
        5,
    ),
    "MNIST": Term(
        "70,000 handwritten digits from the United States, 28 × 28 pixels each: 60,000 to learn from, 10,000 to test.",
        ("test digits",),
    ),
    "momentum": Term(
        "A share of the last step that is kept in the next: the weights roll on like a ball instead of stopping.",
        ("SGD", "optimizer"),
    ),
    "neuron": Term(
        "The same as a unit: it weighs what comes in, adds it up and bends the sum.",
        ("unit", "weight", "bias"),
        lesson=2,
    ),
    "normalisation": Term(
        "To bring numbers to a common scale before they are used, such as the pixels from 0 to 255 to 0 to 1.",
        ("batch normalisation",),
        ("normalization",),
        7,
    ),
    "one-hot": Term(
        "A label as ten numbers, 1 at the right digit and 0 elsewhere: the answer that a perfect network would give.",
        ("label", "cross-entropy"),
        ("one hot",),
        5,
    ),
    "optimizer": Term(
        "The rule that moves the weights, step by step, so that the loss falls.", ("SGD", "Adam", "learning rate")
    ),
    "overfitting": Term(
        "Learning the training digits by heart: the network gets better on them and no better, or worse, on others.",
        ("validation", "dropout"),
        ("overfit", "overfits"),
    ),
    "parameter": Term(
        "A number that is learned: a weight or a bias. Tutorial A has 640,890 of them.", ("weight", "bias"), lesson=3
    ),
    "pooling": Term(
        "Of each few pixels only the largest, or their mean, is kept: the image gets smaller, small shifts matter "
        "less.",
        ("convolution",),
    ),
    "precision": Term(
        "Of all the times a network says 7, the share in which it is a 7.", ("recall", "confusion matrix")
    ),
    "probability": Term(
        "How much of its belief a network gives to an answer, 0 to 100 %; over the ten digits it adds up to 100 %.",
        ("softmax", "calibration"),
        ("probabilities",),
        4,
    ),
    "recall": Term("Of all the 7s there are, the share that a network finds.", ("precision", "confusion matrix")),
    "relu": Term("The activation that keeps what is above 0 and makes 0 of the rest.", ("activation",), lesson=3),
    "schedule": Term(
        "How the learning rate changes over a training, such as large first, small last.", ("learning rate",)
    ),
    "seed": Term(
        "The number that all chance is drawn from: the same seed gives the same weights to begin with, and the same "
        "order of the digits.",
    ),
    "SGD": Term(
        "Stochastic gradient descent, the plainest optimizer: the weights move against the gradient of one batch at a "
        "time.",
        ("gradient descent", "momentum"),
        lesson=6,
    ),
    "sigmoid": Term("The activation that squeezes any number between 0 and 1.", ("activation",), lesson=2),
    "softmax": Term(
        "Makes probabilities of ten logits: each is raised to a power of e, then divided by the sum of all.",
        ("logit", "probability"),
        lesson=4,
    ),
    "step": Term(
        "One move of all weights, after one batch: an epoch of 54,000 digits in batches of 500 has 108.",
        ("batch", "epoch"),
        lesson=6,
    ),
    "test digits": Term(
        "Digits that a network never meets while it learns; how many it reads right is what counts.",
        ("accuracy", "validation"),
        ("test digit", "test set"),
    ),
    "unit": Term(
        "A neuron of a layer: it weighs what comes in, adds it up with its bias and bends the sum.",
        ("weight", "bias", "activation"),
        lesson=2,
    ),
    "validation": Term(
        "Digits kept aside from the training, to see after each epoch how the network does on what it has not learned.",
        ("overfitting", "test digits"),
        ("validation split", "validation_split"),
    ),
    "weight": Term(
        "How much a unit makes of one of its inputs: above 0 it speaks for, below 0 against. Weights are what is "
        "learned.",
        ("bias", "unit", "parameter"),
        lesson=2,
    ),
}

# What no link may be put into: bold words, links and pictures, code, addresses, HTML, icons, words with a colour.
_SKIPPED = (
    r"\*\*[^*]+\*\*|!?\[[^\]]*\]\([^)]*\)|```.*?```|`[^`]*`|https?://\S+|<[^>]*>|:[\w/-]+:|:[\w-]+\[[^\]]*\]|\$[^$]*\$"
)


def find(text: str) -> str | None:
    """Return the term that a text names, in whatever case, in the plural or by another way to write it, or None."""
    return _names().get(text.strip().lower())


def matching(text: str) -> list[str]:
    """Return the terms to show for what somebody looks for: by their names first, then by what is said of them."""
    wanted = text.strip().lower()
    by_name = [name for name, term in TERMS.items() if any(wanted in way.lower() for way in (name, *term.also))]
    return by_name + [name for name, term in TERMS.items() if name not in by_name and wanted in term.meaning.lower()]


def address(name: str) -> str:
    """Return the address of a term, from any page."""
    return f"learn?term={name.replace(' ', '+')}"


def linked(text: str, terms: Collection[str] | None = None, most: int = 3) -> str:
    """Return Markdown in which the first mention of each known term is a link to it, at most `most` of them.

    Only of `terms`, where they are given. Whole words count, plurals too, the longest term first; links, code and
    HTML stay as they are.
    """
    done: set[str] = set()

    def link(match: re.Match[str]) -> str:
        word = match["term"]
        name = _names()[word.lower()] if word else ""
        if not word or name in done or len(done) >= most or (terms is not None and name not in terms):
            return match[0]
        done.add(name)
        return f"[{word}]({address(name)})"

    return _pattern().sub(link, text)


@cache
def _names() -> dict[str, str]:
    """Return every way to write each term, in small letters."""
    ways = {kind.lower(): layer.term for kind, layer in LAYERS.items() if layer.term}
    ways |= {way.lower(): name for name, term in TERMS.items() for way in (name, *term.also)}
    plurals = {f"{way}{'es' if way.endswith(('s', 'x')) else 's'}": name for way, name in ways.items()}
    return plurals | ways


@cache
def _pattern() -> re.Pattern[str]:
    ways = "|".join(re.escape(way) for way in sorted(_names(), key=len, reverse=True))
    return re.compile(rf"{_SKIPPED}|(?<![\w-])(?P<term>{ways})(?![\w-])", re.IGNORECASE | re.DOTALL)
