"""The two tutorials' Keras programs, with an explanation of each part and the matching preset."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tutorial:
    """A short program."""

    title: str
    preset: str
    lines: tuple[tuple[str, str], ...]  # code and its explanation
    fact: str  # the result in this app

    @property
    def code(self) -> str:
        return "\n".join(code for code, _ in self.lines)


def _program(
    layers: tuple[str, ...], fitted: str, rate: str = '"sgd"', raw: bool = False
) -> tuple[tuple[str, str], ...]:
    hidden = "\n".join(f"    {layer}," for layer in layers)
    fitted = " ".join(fitted.split()).replace("(x, y", "(\n    x, y").replace(", validation", ",\n    validation")
    validation = 'plt.plot(history.history["val_accuracy"])\n' if "validation_split" in fitted else ""
    return (
        (
            "import keras\nimport matplotlib.pyplot as plt\nfrom keras.layers import Dense, Flatten\n",
            "The library that both tutorials use.",
        ),
        (
            "(x, y), (x_test, y_test) = (\n    keras.datasets.mnist.load_data()\n)",
            "Loads 60,000 training digits and 10,000 test digits.",
        ),
        *(() if raw else (("x, x_test = x / 255, x_test / 255", "Scales the pixels from 0 to 255 down to 0 to 1."),)),
        (
            "y = keras.utils.to_categorical(y)\ny_test = keras.utils.to_categorical(y_test)\n",
            "Turns each label into a one-hot row: ten numbers, with a 1 at the digit.",
        ),
        (
            "model = keras.Sequential([\n    keras.Input((28, 28)),\n    Flatten(),\n"
            f'{hidden}\n    Dense(10, activation="softmax"),\n])',
            "The layers, one after another. Flatten lays the 28 rows of an image end to end, as x.reshape(60000, 784) "
            "does; the last layer has a unit for each digit.",
        ),
        ("model.summary()\n", "Prints the layers, the shapes of their outputs, and their parameters."),
        (
            f"model.compile(optimizer={rate},\n              "
            'loss="categorical_crossentropy",\n              metrics=["accuracy"])',
            "Sets the optimizer that updates the weights and the loss it lowers.",
        ),
        (
            f"history = {fitted}\n",
            "Trains: sets the batch size and the number of epochs, and records each epoch.",
        ),
        (
            f'plt.plot(history.history["accuracy"])\n{validation}plt.show()\n',
            "Draws the accuracy over the epochs.",
        ),
        (
            "loss, accuracy = model.evaluate(\n    x_test, y_test)",
            "Measures loss and accuracy on digits that the network did not learn from.",
        ),
        (
            "probabilities = model.predict(x_test[:1])\nprint(probabilities.argmax())",
            "Returns ten probabilities for the first test digit; argmax is the place of the largest, the answer.",
        ),
    )


_FIT_A = "model.fit(x, y, batch_size=500, epochs=20,\n          validation_split=0.1)"
_A = ('Dense(784, activation="relu")', 'Dense(32, activation="relu")')

TUTORIALS = {
    tutorial.preset: tutorial
    for tutorial in (
        Tutorial(
            "A, scaled",
            "tutorial_a",
            _program(_A, _FIT_A),
            "The article forgets the line that divides the pixels by 255; with it, the network learns. It promises 95 "
            "to 98 %; with its settings the network reaches about 92 %: Keras's default learning rate for SGD, 0.01, "
            "is too small for such large batches.",
        ),
        Tutorial(
            "A as printed",
            "tutorial_a_raw",
            _program(_A, _FIT_A, raw=True),
            "The article forgets to scale the pixels; with its code as printed it stays at 11 %. The first steps are "
            "far too large, and from then on the network predicts 1 for every digit, which is correct for 11.35 % of "
            "the test digits.",
        ),
        Tutorial(
            "A, learning rate 0.1",
            "tutorial_a_faster",
            _program(_A, _FIT_A, "keras.optimizers.SGD(0.1)"),
            "The scaled network with a learning rate ten times as large reaches about 97 %, as the article promises.",
        ),
        Tutorial(
            "Tutorial B",
            "tutorial_b",
            _program(('Dense(10, activation="sigmoid")',), "model.fit(x, y, batch_size=32, epochs=10)"),
            "The tutorial promises 90.2 %; it reaches 89 to 90 %. The hidden layer of ten sigmoid units is a "
            "bottleneck: without it, a single layer reaches 92 %.",
        ),
    )
}
