"""The two tutorials' programs in a few lines of Keras, each with what its lines do and the preset that it is here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tutorial:
    """A short program, `lines` its parts with what each does, `fact` how it comes out here."""

    title: str
    preset: str
    lines: tuple[tuple[str, str], ...]  # code, and a sentence
    fact: str

    @property
    def code(self) -> str:
        return "\n".join(code for code, _ in self.lines)


def _program(
    layers: tuple[str, ...], fitted: str, rate: str = '"sgd"', raw: bool = False
) -> tuple[tuple[str, str], ...]:
    hidden = "\n".join(f"    {layer}," for layer in layers)
    return (
        ("import keras\nfrom keras.layers import Dense, Flatten\n", "The library that both tutorials use."),
        (
            "(x, y), (x_test, y_test) = (\n    keras.datasets.mnist.load_data()\n)",
            "60,000 digits to learn from, and 10,000 that are kept aside for the test.",
        ),
        *(() if raw else (("x, x_test = x / 255, x_test / 255", "Brings the pixels from 0 to 255 down to 0 to 1."),)),
        (
            "y = keras.utils.to_categorical(y)\ny_test = keras.utils.to_categorical(y_test)\n",
            "Makes one-hot rows of the labels: ten numbers, 1 at the digit.",
        ),
        (
            f'model = keras.Sequential([\n    Flatten(),\n{hidden}\n    Dense(10, activation="softmax"),\n])',
            "The layers, one behind the other; the last one has a unit for each digit.",
        ),
        (
            f"model.compile(optimizer={rate},\n              "
            'loss="categorical_crossentropy",\n              metrics=["accuracy"])',
            "How it learns: the rule that moves the weights, and the loss that is to fall.",
        ),
        (fitted, "Learns: how many digits a step takes, and how often it goes through all of them."),
        ("loss, accuracy = model.evaluate(x_test, y_test)", "How well it reads digits that it has never met."),
    )


def _fit_a(epochs: int) -> str:
    return f"model.fit(x, y, batch_size=500, epochs={epochs},\n          validation_split=0.1)"


_A = ('Dense(784, activation="relu")', 'Dense(32, activation="relu")')

TUTORIALS = {
    tutorial.preset: tutorial
    for tutorial in (
        Tutorial(
            "Tutorial A",
            "tutorial_a",
            _program(_A, _fit_a(20)),
            "Its text promises 95 to 98 %. With just these settings it ends at about 92 %: Keras's usual learning rate "
            "for SGD, 0.01, is small for so large batches.",
        ),
        Tutorial(
            "A, rate 0.1",
            "tutorial_a_faster",
            _program(_A, _fit_a(20), "keras.optimizers.SGD(0.1)"),
            "The same network with steps ten times as large ends at about 97 %: what the text of tutorial A promised.",
        ),
        Tutorial(
            "A, raw pixels",
            "tutorial_a_raw",
            _program(_A, _fit_a(5), raw=True),
            "Without the line that divides by 255 it never learns: the first steps are far too large, and from then on "
            "it takes every digit for a 1, which is right for 11.35 % of the test digits.",
        ),
        Tutorial(
            "Tutorial B",
            "tutorial_b",
            _program(('Dense(10, activation="sigmoid")',), "model.fit(x, y, batch_size=32, epochs=10)"),
            "Its text says 90.2 %; here it comes to 89 to 90 %. Ten sigmoid units before the ten of the output are a "
            "narrow door: without them, one layer reads 92 %.",
        ),
    )
}
