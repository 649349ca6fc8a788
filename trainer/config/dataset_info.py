"""Table of the data sets: title, image shape, classes and download. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from trainer import UserError
from trainer.config.limits import short_repr

DIGITS = tuple("0123456789")
SIDE_RANGE = 8, 64  # pixels; smallest and largest image side that a network can be trained on
_UPLOADED = re.compile(r"own-(\d\d?)x(\d\d?)(x3)?-[0-9a-f]{16}")


@dataclass(frozen=True)
class Download:
    """Where a data set is downloaded from, and how the files are checked."""

    # Mirrors in the order in which they are tried. Each is an npz file in Keras's layout, a folder (ends in a slash)
    # with four files in MNIST's IDX format, or CIFAR-10's binary archive (.tar.gz).
    urls: tuple[str, ...]
    size: int  # bytes, about
    max_size: int  # bytes
    # File name without .gz or .tar.gz -> MD5 as its authors publish it; none for MNIST, whose contents are hashed
    md5: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetInfo:
    """Title, image shape, classes and source of a data set."""

    title: str
    shape: tuple[int, ...]  # of an image: (height, width), or (height, width, 3) in color
    classes: tuple[str, ...]  # name of each label, from 0
    description: str  # one sentence or two
    download: Download | None = None  # None: drawn by this app, or uploaded by a visitor
    in_keras: bool = False  # whether `keras.datasets` has a module of this name

    @property
    def is_digits(self) -> bool:
        """Return whether a network trained on it can read a drawing, which becomes a digit of 28 x 28 pixels."""
        return self.shape == (28, 28) and self.classes == DIGITS

    @property
    def noun(self) -> str:
        """Return the word for one of its images: "digit" or "image"."""
        return "digit" if self.is_digits else "image"

    def with_article(self, label: int) -> str:
        """Return the name of a label's class with its article: "a 7", "an 8", "a bag", "trousers"."""
        word = self.classes[label]
        plural = word.endswith("s") and not word.endswith("ss")
        return word if plural else f"{'an' if word[0] in 'aeiou8' else 'a'} {word}"


# To add a data set, add an entry here: where it is downloaded from is part of it. Only a file format that
# trainer/data/downloads.py cannot read yet needs code there.
DATASETS = {
    "mnist": DatasetInfo(
        "MNIST",
        (28, 28),
        DIGITS,
        "70,000 digits, written around 1990 by pupils and clerks in the United States: "
        "60,000 for training and 10,000 for testing.",
        Download(
            (
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
            ),
            size=11_600_000,
            max_size=34_800_000,
        ),
        in_keras=True,
    ),
    "synthetic": DatasetInfo(
        "Pen digits",
        (28, 28),
        DIGITS,
        "Digits that this app draws itself, stroke by stroke, in the styles of many writers.",
    ),
    "fashion_mnist": DatasetInfo(
        "Fashion-MNIST",
        (28, 28),
        ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
        "70,000 images of clothes, as many and as large as MNIST's digits, but harder: networks that read 98 % of "
        "the digits correctly recognize about 89 % of the clothes.",
        Download(
            (
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
                "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
            ),
            size=30_900_000,
            max_size=61_800_000,
            md5={
                "train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
                "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
                "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310",
            },
        ),
        in_keras=True,
    ),
    "cifar10": DatasetInfo(
        "CIFAR-10",
        (32, 32, 3),
        ("airplane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        "60,000 small color photos: 50,000 for training and 10,000 for testing. "
        "Dense layers recognize about half of them.",
        Download(
            ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
            size=170_100_000,
            max_size=340_200_000,
            md5={"cifar-10-binary": "c32a1d4ab5d03f1284b67883e8d87530"},
        ),
        in_keras=True,
    ),
}


def info(dataset: str) -> DatasetInfo:
    """Return the entry of a data set: one of DATASETS, or an uploaded one (see `trainer.data.uploads`).

    Raises UserError for any other name.
    """
    if isinstance(dataset, str) and dataset in DATASETS:
        return DATASETS[dataset]
    if isinstance(dataset, str) and (match := _UPLOADED.fullmatch(dataset)):
        sides = int(match[1]), int(match[2])
        if all(SIDE_RANGE[0] <= side <= SIDE_RANGE[1] for side in sides):
            return DatasetInfo("Uploaded data", sides + ((3,) if match[3] else ()), DIGITS, "An uploaded data set.")
    names = ", ".join(DATASETS)
    raise UserError(f"The data set must be one of {names}, or one that was uploaded here (got {short_repr(dataset)}).")


def upload_name(shape: tuple[int, ...], digest: str) -> str:
    """Return the name of an uploaded data set, from its images' shape and the hexadecimal hash of its contents."""
    return f"own-{'x'.join(map(str, shape))}-{digest[:16]}"
