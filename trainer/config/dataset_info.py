"""Which data sets are there to learn from, and what is in them? Standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trainer import UserError
from trainer.config.limits import shown

DIGITS = tuple("0123456789")
SIDES = 8, 64  # pixels, of the smallest and of the largest image that is learned from
_OWN = re.compile(r"own-(\d\d?)x(\d\d?)(x3)?-[0-9a-f]{16}")


@dataclass(frozen=True)
class Kind:
    """What is in a data set."""

    title: str
    shape: tuple[int, ...]  # of an image: (height, width), or (height, width, 3) in colour
    classes: tuple[str, ...]  # what each label stands for, from 0
    note: str  # what it is, a sentence

    @property
    def digits(self) -> bool:
        """Tell whether a drawing, which becomes a digit of 28 x 28 pixels, can be read by who has learned it."""
        return self.shape == (28, 28) and self.classes == DIGITS

    @property
    def thing(self) -> str:
        """Return what one image of it is called where people speak of it."""
        return "digit" if self.digits else "image"

    def named(self, label: int) -> str:
        """Return what a label stands for with its article: "a 7", "an 8", "a bag"."""
        word = self.classes[label]
        several = word.endswith("s") and not word.endswith("ss")
        return word if several else f"{'an' if word[0] in 'aeiou8' else 'a'} {word}"


DATASETS = {
    "mnist": Kind(
        "MNIST",
        (28, 28),
        DIGITS,
        "70,000 digits that pupils and clerks in the United States wrote around 1990: 60,000 to learn, 10,000 to test.",
    ),
    "synthetic": Kind(
        "Pen digits",
        (28, 28),
        DIGITS,
        "Digits that this app draws itself, stroke by stroke, in the styles of many writers.",
    ),
    "fashion_mnist": Kind(
        "Fashion-MNIST",
        (28, 28),
        ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
        "70,000 pictures of clothes, as many and as large as MNIST's digits, and harder: networks that read 98 % of "
        "the digits tell some 89 % of these.",
    ),
    "cifar10": Kind(
        "CIFAR-10",
        (32, 32, 3),
        ("airplane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        "60,000 small photos in colour: 50,000 to learn, 10,000 to test. Dense layers tell about half of them.",
    ),
}


def kind(dataset: str) -> Kind:
    """Return what is in a data set: one of DATASETS, or one that somebody brought (see `uploads`).

    Raises UserError for any other name.
    """
    if isinstance(dataset, str) and dataset in DATASETS:
        return DATASETS[dataset]
    if isinstance(dataset, str) and (found := _OWN.fullmatch(dataset)):
        sides = int(found[1]), int(found[2])
        if all(SIDES[0] <= side <= SIDES[1] for side in sides):
            return Kind("Own data", sides + ((3,) if found[3] else ()), DIGITS, "A data set that somebody brought.")
    names = ", ".join(DATASETS)
    raise UserError(f"The data set must be one of {names}, or one that was brought here (got {shown(dataset)}).")


def own_name(shape: tuple[int, ...], digest: str) -> str:
    """Name a data set that somebody brought by its images' shape and the hash of its contents, in hexadecimal."""
    return f"own-{'x'.join(map(str, shape))}-{digest[:16]}"
