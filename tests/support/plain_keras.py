"""Plain Keras networks and `fit`, to compare our trainings with."""

import numpy as np

from tests.support.fits import IMAGES, LABELS


def dense(keras, **arguments):
    keras.utils.set_random_seed(3)
    hidden, output = keras.layers.Dense(8, "relu", **arguments), keras.layers.Dense(10, "softmax", **arguments)
    return keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), hidden, output])


def convolution(keras):
    keras.utils.set_random_seed(3)
    layers = [
        keras.layers.Reshape((28, 28, 1)),
        keras.layers.Conv2D(4, 3, padding="same", use_bias=False),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.Activation("relu"),
        keras.layers.Dropout(0.3),
        keras.layers.Flatten(),
        keras.layers.Dense(10, "softmax"),
    ]
    return keras.Sequential([keras.Input((28, 28)), *layers])


def plain_fit(network, optimizer, config, loss="sparse_categorical_crossentropy", labels=LABELS, callbacks=()):
    network.compile(optimizer, loss, metrics=["accuracy"])
    n = config.training_examples
    return network.fit(
        IMAGES[:n],
        labels[:n],
        config.batch_size,
        config.epochs,
        verbose=0,
        validation_split=config.validation_split,
        callbacks=list(callbacks),
    ).history


def assert_same(network, recorder, reference, history):
    assert {name: [line[name] for line in recorder.epochs] for name in history} == history
    for ours, theirs in zip(network.get_weights(), reference.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
