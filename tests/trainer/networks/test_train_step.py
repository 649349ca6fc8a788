"""The train step, compared with plain Keras `fit`, and its augmentation."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.fits import CONVOLUTION, IMAGES, LABELS, SMALL, fit
from tests.support.plain_keras import assert_same, convolution, dense, plain_fit
from trainer.config.optimizers import Adam
from trainer.networks import fitting, model
from trainer.networks.train_step import training_model

pytestmark = [pytest.mark.usefixtures("keras"), pytest.mark.slow]  # trains with Keras


@pytest.fixture(scope="module")
def keras():
    import keras  # not during collection: it takes seconds

    return keras


# --- compared with plain Keras --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "plain"),
    [
        # batches of 4: three steps between two reports, and a partial batch at the end of an epoch
        pytest.param(replace(SMALL, batch_size=4, epochs=3), dense, id="dense"),
        pytest.param(replace(SMALL, validation_split=0.0, training_examples=150), dense, id="first examples"),
        pytest.param(replace(SMALL, validation_split=0.2, training_examples=320), dense, id="whole batches"),
        pytest.param(replace(CONVOLUTION, batch_size=4), convolution, id="convolution"),
        pytest.param(replace(CONVOLUTION, validation_split=0.0, batch_size=11), convolution, id="whole convolutions"),
    ],
)
def test_the_history_equals_plain_keras_to_the_last_digit(config, plain, keras):
    reference = plain(keras)
    optimizer = keras.optimizers.SGD(0.01) if plain is dense else keras.optimizers.Adam(0.002, beta_2=0.99)
    history = plain_fit(reference, optimizer, config)
    network, _, recorder = fit(config)
    assert_same(network, recorder, reference, history)


def test_mean_squared_error_equals_plain_keras_on_one_hot_labels(keras):
    config = replace(SMALL, loss="mean_squared_error")
    reference = dense(keras)
    history = plain_fit(reference, keras.optimizers.SGD(0.01), config, config.loss, np.eye(10, dtype="float32")[LABELS])
    network, _, recorder = fit(config)
    assert_same(network, recorder, reference, history)


def test_l2_equals_plain_keras_on_all_kernels(keras):
    config = replace(SMALL, l2=0.01)
    reference = dense(keras, kernel_regularizer=keras.regularizers.L2(0.01))
    history = plain_fit(reference, keras.optimizers.SGD(0.01), config)
    network, _, recorder = fit(config)
    assert_same(network, recorder, reference, history)


def test_early_stopping_equals_plain_keras(keras):
    config = replace(SMALL, optimizer=Adam(), learning_rate=0.02, patience=2, epochs=60, training_examples=150)
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    reference = dense(keras)
    history = plain_fit(reference, keras.optimizers.Adam(0.02), config, callbacks=[stopping])
    network, outcome, recorder = fit(config)
    assert_same(network, recorder, reference, history)
    assert outcome.early and not outcome.stopped and outcome.epochs == len(history["loss"]) < 60
    assert outcome.best_epoch == 1 + int(np.argmin(history["val_loss"])) == outcome.epochs - 2


def test_extra_digits_are_for_training_and_not_for_validation(keras):
    config = replace(SMALL, batch_size=10, validation_split=0.5, training_examples=200, synthetic_examples=130)
    extra = IMAGES[200:], LABELS[200:]
    network, outcome, recorder = fit(config, extra=extra)
    reference = dense(keras)
    reference.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    where = np.r_[0:100, 200:330]
    aside = IMAGES[100:200], LABELS[100:200]
    history = reference.fit(IMAGES[where], LABELS[where], 10, 2, verbose=0, validation_data=aside).history
    assert_same(network, recorder, reference, history)
    assert outcome.steps == 2 * fitting.steps_per_epoch(config, len(IMAGES)) == 46
    assert fitting.training_count(config, len(IMAGES)) == 230
    assert fitting.training_count(config, len(IMAGES), extra=7) == config.split(len(IMAGES))[0] + 7


# --- augmentation ---------------------------------------------------------------------------------------------

DOT = np.zeros((300, 28, 28), np.float32)
DOT[:, 3:6, 13:15] = 1.0  # 9.5 pixels above the center


def augmented(config, keras):
    """Return DOT after augmentation, and the centers of its dots: (n, 2), right and down from the image's center."""
    trained, _ = training_model(model.build(config), config, (DOT, np.zeros(len(DOT))), (DOT[:0], np.zeros(0)), 1)
    layer = trained.layers[0]
    assert np.array_equal(layer(DOT, training=False), DOT)
    first, second = (np.asarray(layer(DOT, training=True)) for _ in range(2))
    assert not np.array_equal(first, second)
    down, across = np.mgrid[:28, :28] - 13.5
    return first, np.stack([(first * axis).sum((1, 2)) / first.sum((1, 2)) for axis in (across, down)], axis=1)


def test_shift_moves_digits_by_at_most_its_pixels(keras):
    images, places = augmented(replace(SMALL, shift=2.0), keras)
    far = places - [0, -9.5]
    assert abs(far).max() <= 2.01 and (far.max(0) > 1.9).all() and (far.min(0) < -1.9).all()
    assert images.sum((1, 2)) == pytest.approx(DOT[0].sum(), rel=1e-4) and images.min() >= 0


def test_rotation_turns_digits_about_the_center_in_both_directions(keras):
    _, places = augmented(replace(SMALL, rotation=30.0), keras)
    degrees = np.degrees(np.arctan2(places[:, 0], -places[:, 1]))
    assert abs(degrees).max() <= 31 and degrees.max() > 28 and degrees.min() < -28
    assert np.hypot(*places.T) == pytest.approx(9.5, abs=0.15)


def test_zoom_makes_digits_larger_and_smaller(keras):
    images, places = augmented(replace(SMALL, zoom=0.2), keras)
    sizes = -places[:, 1] / 9.5
    assert 0.78 <= sizes.min() < 0.82 and 1.18 < sizes.max() <= 1.22
    assert abs(places[:, 0]).max() < 0.05
    assert images.sum((1, 2)) / DOT[0].sum() == pytest.approx(sizes**2, rel=0.15)


def test_augmentation_is_for_training_only_and_is_not_saved(keras):
    config = replace(SMALL, shift=3.0, epochs=1)
    network, _, recorder = fit(config)
    plain, _, unmoved = fit(replace(config, shift=0.0))
    assert recorder.epochs[0]["loss"] != unmoved.epochs[0]["loss"]
    assert [layer.name for layer in network.layers] == [row.name for row in config.table]
    validated = model.evaluate(network, IMAGES[297:], LABELS[297:])
    assert recorder.epochs[0]["val_loss"] == pytest.approx(validated[0], rel=1e-5)
    assert network.count_params() == plain.count_params()
