"""A training is held against plain Keras `fit`, and an interrupted one against one that was not."""

import importlib.util
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.waiting import PATIENCE
from tests.support.fits import CONVOLUTION, IMAGES, LABELS, SMALL, Recorder, end_at, fit, timeless
from trainer import UserError
from trainer.config.layers import Dense, Rescaling
from trainer.config.training import Adam, learning_rate_at
from trainer.jobs.host import ONE_AFTER_THE_OTHER
from trainer.networks import fitting, model, onnx_writer
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.fitting import Control
from trainer.networks.inference import Network
from trainer.networks.train_step import learner

pytestmark = pytest.mark.usefixtures("keras")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def keras():
    import keras  # not while tests are collected: it takes seconds, and Streamlit is another one beside it

    return keras


# --- as plain Keras -------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("config", "plain"),
    [
        # batches of 4: three updates between two reports, and the last of an epoch cut short
        pytest.param(replace(SMALL, batch_size=4, epochs=3), dense, id="dense"),
        pytest.param(replace(SMALL, validation_split=0.0, training_examples=150), dense, id="first examples"),
        pytest.param(replace(SMALL, validation_split=0.2, training_examples=320), dense, id="whole batches"),
        pytest.param(replace(CONVOLUTION, batch_size=4), convolution, id="convolution"),
        pytest.param(replace(CONVOLUTION, validation_split=0.0, batch_size=11), convolution, id="whole convolutions"),
    ],
)
def test_history_equals_plain_keras_to_the_last_digit(config, plain, keras):
    reference = plain(keras)
    optimizer = keras.optimizers.SGD(0.01) if plain is dense else keras.optimizers.Adam(0.002, beta_2=0.99)
    history = plain_fit(reference, optimizer, config)
    network, _, recorder = fit(config)
    assert_same(network, recorder, reference, history)


SAY = "import json; from tests.support.fits import CONVOLUTION, fit; print(json.dumps(fit(CONVOLUTION)[2].epochs))"


def test_a_worker_learns_the_same_with_its_threads():
    done = subprocess.run(
        [sys.executable, "-c", SAY], env=os.environ | ONE_AFTER_THE_OTHER, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    _, _, recorder = fit(CONVOLUTION)
    assert timeless(json.loads(done.stdout.splitlines()[-1])) == timeless(recorder.epochs)


def test_mean_squared_error_is_that_of_plain_keras_on_ones_and_zeros(keras):
    config = replace(SMALL, loss="mean_squared_error")
    reference = dense(keras)
    history = plain_fit(reference, keras.optimizers.SGD(0.01), config, config.loss, np.eye(10, dtype="float32")[LABELS])
    network, _, recorder = fit(config)
    assert_same(network, recorder, reference, history)


def test_l2_is_that_of_plain_keras_on_all_kernels(keras):
    config = replace(SMALL, l2=0.01)
    reference = dense(keras, kernel_regularizer=keras.regularizers.L2(0.01))
    history = plain_fit(reference, keras.optimizers.SGD(0.01), config)
    network, _, recorder = fit(config)
    assert_same(network, recorder, reference, history)


def test_early_stopping_is_that_of_plain_keras(keras):
    config = replace(SMALL, optimizer=Adam(), learning_rate=0.02, patience=2, epochs=60, training_examples=150)
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    reference = dense(keras)
    history = plain_fit(reference, keras.optimizers.Adam(0.02), config, callbacks=[stopping])
    network, outcome, recorder = fit(config)
    assert_same(network, recorder, reference, history)
    assert outcome.early and not outcome.stopped and outcome.epochs == len(history["loss"]) < 60
    assert outcome.best_epoch == 1 + int(np.argmin(history["val_loss"])) == outcome.epochs - 2


def test_extra_digits_are_learned_from_and_not_validated_on(keras):
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


# --- what it reports ------------------------------------------------------------------------------------------


def test_an_epoch_has_about_25_lines_and_its_end():
    config = replace(SMALL, batch_size=2)  # 149 updates an epoch
    _, outcome, recorder = fit(config)
    lines = recorder.lines
    assert [line["step"] for line in lines[:26]] == [*range(6, 149, 6), 149, 149]
    assert [line["kind"] for line in lines] == 2 * ([*["batch"] * 25, "epoch"])
    assert [line["epoch"] for line in lines] == [1] * 26 + [2] * 26
    assert lines[25].keys() == {
        *("kind", "epoch", "step", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")
    }
    seconds = [line["seconds"] for line in lines]
    assert seconds == sorted(seconds)
    assert 0 < outcome.hook_seconds < seconds[-1]
    assert (outcome.epochs, outcome.steps, outcome.stopped, outcome.diverged) == (2, 298, False, False)
    assert (outcome.early, outcome.best_epoch) == (False, None)


def test_batch_lines_are_means_since_the_line_before():
    config = replace(SMALL, validation_split=0.0, epochs=1)  # 10 batches of 32 and one of 10
    *batches, epoch = fit(config)[2].lines
    examples = [32] * 10 + [10]
    for name in ("loss", "accuracy"):
        assert np.average([line[name] for line in batches], weights=examples) == pytest.approx(epoch[name], rel=1e-5)
    assert [line["accuracy"] * n for line, n in zip(batches, examples, strict=True)] == pytest.approx(
        [round(line["accuracy"] * n) for line, n in zip(batches, examples, strict=True)], abs=1e-3
    ), "each is a share of whole digits"


def test_a_diverging_training_ends_and_says_so():
    config = replace(SMALL, layers=(Rescaling(255.0), Dense(16), Dense(16)), learning_rate=100.0, epochs=20)
    _, outcome, recorder = fit(config)
    assert outcome.diverged
    assert not outcome.stopped
    assert outcome.steps < 20 * fitting.steps_per_epoch(config, len(IMAGES))
    assert "loss" not in recorder.lines[-1]
    assert all(math.isfinite(value) for line in recorder.lines for name, value in line.items() if name != "kind")


def test_the_network_can_be_read_while_it_trains():
    config = replace(SMALL, epochs=1)
    network = model.build(config, len(IMAGES))
    recorder, said = Recorder(), []

    def report(line):
        exported = Network(onnx_writer.to_onnx(model.weights(network), config)).probabilities(IMAGES[:5])
        np.testing.assert_allclose(model.probabilities(network, IMAGES[:5]), exported, atol=1e-6)
        said.append(exported.tobytes())

    recorder.report = report
    fitting.fit(network, config, IMAGES, LABELS, recorder)
    lines = fitting.steps_per_epoch(config, len(IMAGES)) + 1
    assert len(said) == lines and len(set(said)) == lines - 1, "the epoch's own line comes after no update"


# --- what it is told ------------------------------------------------------------------------------------------


def test_stop_in_the_middle_of_an_epoch_ends_at_once():
    config = replace(SMALL, batch_size=4, validation_split=0.5)
    _, outcome, recorder = fit(config, end_at(4))
    assert (outcome.epochs, outcome.steps, outcome.stopped) == (0, 4 * 2, True)
    assert [line["kind"] for line in recorder.lines] == ["batch"] * 4
    assert recorder.asked == 5, "it does not go on validating"


def test_stop_in_the_middle_of_validation_keeps_the_epoch_without_it():
    config = replace(SMALL, batch_size=4, validation_split=0.5)
    _, outcome, recorder = fit(config, end_at(30))  # 21 lines of training, then validation
    assert (outcome.epochs, outcome.steps, outcome.stopped) == (1, 42, True)
    assert recorder.lines[-1]["kind"] == "epoch" and recorder.asked == 31
    assert {"loss", "accuracy"} < recorder.lines[-1].keys()
    assert not {"val_loss", "val_accuracy"} & recorder.lines[-1].keys()
    assert recorder.checkpoints[-1].epoch == 1


def test_a_stop_at_the_very_end_comes_too_late():
    _, outcome, recorder = fit(replace(SMALL, validation_split=0.0), end_at(1 + 2 * 12 - 1))
    assert len(recorder.epochs) == 2 and not outcome.stopped


@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
def test_a_changed_learning_rate_takes_effect_at_once_and_resets_nothing(schedule, keras, monkeypatch):
    config = replace(CONVOLUTION, schedule=schedule)
    traces = []
    call = keras.layers.Conv2D.call
    monkeypatch.setattr(keras.layers.Conv2D, "call", lambda layer, inputs: traces.append(1) or call(layer, inputs))
    fit(config)
    unchanged = len(traces)
    network, _, recorder = fit(config, lambda asked: Control(learning_rate=0.05 if asked >= 4 else None))
    assert len(traces) == 2 * unchanged, "it is not traced again"
    rates = [line["learning_rate"] for line in recorder.lines if line["kind"] == "batch"]
    highest = [0.002] * 4 + [0.05] * 16
    wanted = [learning_rate_at(replace(config, learning_rate=rate), n, 20) for n, rate in enumerate(highest)]
    assert rates == pytest.approx(wanted)

    class Change(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            step = int(self.model.optimizer.iterations)
            self.model.optimizer.learning_rate = wanted[step]

    reference = convolution(keras)
    history = plain_fit(reference, keras.optimizers.Adam(0.002, beta_2=0.99), config, callbacks=[Change()])
    if schedule == "constant":
        assert_same(network, recorder, reference, history)
    for ours, theirs in zip(network.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_more_epochs_can_be_wished_for_while_it_runs_and_afterwards():
    config = replace(CONVOLUTION, epochs=1)
    three, _, whole = fit(replace(config, epochs=3))
    grown, outcome, recorder = fit(config, lambda asked: Control(epochs=2 if asked < 25 else 3))
    assert outcome.epochs == 3 and not outcome.stopped
    assert timeless(recorder.lines) == timeless(whole.lines)
    _, _, once = fit(config)
    network, outcome, more = fit(config, lambda asked: Control(epochs=3), start=once.checkpoints[-1])
    assert outcome.epochs == 3 and timeless(once.lines + more.lines) == timeless(whole.lines)
    for a, b, c in zip(network.get_weights(), three.get_weights(), grown.get_weights(), strict=True):
        assert np.array_equal(a, b) and np.array_equal(b, c)


def test_nothing_is_trained_that_is_not_wished_for():
    _, _, recorder = fit(SMALL)
    _, outcome, more = fit(SMALL, start=recorder.checkpoints[-1])
    assert (outcome.epochs, outcome.steps, outcome.stopped) == (2, 20, False)
    assert not more.lines


# --- interrupted and continued --------------------------------------------------------------------------------

INTERRUPTED = replace(
    CONVOLUTION,
    epochs=3,
    schedule="cosine",
    batch_size=40,  # 8 lines, the last batch a part
    patience=2,
    shift=2.0,
    rotation=10.0,
)


@pytest.fixture(scope="module")
def uninterrupted():
    network, _, recorder = fit(INTERRUPTED)
    return network.get_weights(), timeless(recorder.lines)


# asked once to begin with; of an epoch: 8 lines, a part of validation, the end
@pytest.mark.parametrize("asked", [1, 8, 9, 10, 15, 29])
def test_a_paused_training_goes_on_as_if_it_had_not_been(asked, uninterrupted, tmp_path):
    weights, lines = uninterrupted
    _, outcome, before = fit(INTERRUPTED, end_at(asked, "pause"))
    assert outcome.stopped
    before.checkpoints[-1].save(tmp_path / "checkpoint.npz")
    start = Checkpoint.load(tmp_path / "checkpoint.npz")
    assert (start.epoch, start.step) == (outcome.epochs, outcome.steps)

    network, outcome, after = fit(INTERRUPTED, start=start)

    assert timeless(before.lines + after.lines) == lines
    assert all(np.array_equal(a, b) for a, b in zip(network.get_weights(), weights, strict=True))
    assert not outcome.stopped
    seconds = [line["seconds"] for line in before.lines + after.lines]
    assert seconds == sorted(seconds)


def test_a_killed_training_goes_on_in_a_new_process_from_its_last_epoch(uninterrupted, tmp_path):
    weights, lines = uninterrupted
    _, _, before = fit(INTERRUPTED, end_at(15))
    start = before.checkpoints[0]
    assert (start.epoch, start.step) == (1, 8)
    start.save(tmp_path / "checkpoint.npz")
    code = """
import sys
import numpy as np
from tests.support.fits import fit
from tests.test_fitting import INTERRUPTED
from trainer.checkpoint import Checkpoint
network, _, recorder = fit(INTERRUPTED, start=Checkpoint.load(Path(sys.argv[1]) / "checkpoint.npz"))
np.savez(sys.argv[1] + "/end.npz", *network.get_weights(), val_loss=[line["val_loss"] for line in recorder.epochs])
"""
    command = [sys.executable, "-c", f"from pathlib import Path{code}", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=PATIENCE, capture_output=True)
    with np.load(tmp_path / "end.npz") as end:
        assert end["val_loss"].tolist() == [line["val_loss"] for line in lines if line["kind"] == "epoch"][1:]
        assert all(np.array_equal(end[f"arr_{place}"], weight) for place, weight in enumerate(weights))


def test_a_checkpoint_of_another_training_is_refused_with_a_sentence():
    start = fit(SMALL)[2].checkpoints[-1]
    kernel = "network/output/0"
    others = [
        (replace(SMALL, layers=(Dense(9),)), start),
        (replace(SMALL, optimizer=Adam()), start),
        (replace(SMALL, batch_size=8), start),
        (SMALL, replace(start, arrays=start.arrays | {kernel: start.arrays[kernel].astype("float16")})),
        (SMALL, replace(start, arrays=start.arrays | {"network/99": np.zeros(1)})),
        (SMALL, replace(start, step=-1)),
    ]
    for config, other in others:
        with pytest.raises(UserError, match="The checkpoint must be of this very training"):
            fit(config, start=other)


# --- augmentation ---------------------------------------------------------------------------------------------

DOT = np.zeros((300, 28, 28), np.float32)
DOT[:, 3:6, 13:15] = 1.0  # above the middle, 9.5 pixels away


def moved(config, keras):
    """Return DOT as a training sees it twice, and where its dots are: (n, 2) across and down from the middle."""
    trained, _ = learner(model.build(config), config, (DOT, np.zeros(len(DOT))), (DOT[:0], np.zeros(0)), 1)
    layer = trained.layers[0]
    assert np.array_equal(layer(DOT, training=False), DOT)
    first, second = (np.asarray(layer(DOT, training=True)) for _ in range(2))
    assert not np.array_equal(first, second)
    down, across = np.mgrid[:28, :28] - 13.5
    return first, np.stack([(first * axis).sum((1, 2)) / first.sum((1, 2)) for axis in (across, down)], axis=1)


def test_shift_moves_digits_by_that_many_pixels_at_most(keras):
    images, places = moved(replace(SMALL, shift=2.0), keras)
    far = places - [0, -9.5]
    assert abs(far).max() <= 2.01 and (far.max(0) > 1.9).all() and (far.min(0) < -1.9).all()
    assert images.sum((1, 2)) == pytest.approx(DOT[0].sum(), rel=1e-4) and images.min() >= 0


def test_rotation_turns_digits_about_the_middle_both_ways(keras):
    _, places = moved(replace(SMALL, rotation=30.0), keras)
    degrees = np.degrees(np.arctan2(places[:, 0], -places[:, 1]))
    assert abs(degrees).max() <= 31 and degrees.max() > 28 and degrees.min() < -28
    assert np.hypot(*places.T) == pytest.approx(9.5, abs=0.15)


def test_zoom_makes_digits_larger_and_smaller(keras):
    images, places = moved(replace(SMALL, zoom=0.2), keras)
    sizes = -places[:, 1] / 9.5
    assert 0.78 <= sizes.min() < 0.82 and 1.18 < sizes.max() <= 1.22
    assert abs(places[:, 0]).max() < 0.05
    assert images.sum((1, 2)) / DOT[0].sum() == pytest.approx(sizes**2, rel=0.15)


def test_augmentation_is_learned_with_and_neither_tested_nor_kept(keras):
    config = replace(SMALL, shift=3.0, epochs=1)
    network, _, recorder = fit(config)
    plain, _, unmoved = fit(replace(config, shift=0.0))
    assert recorder.epochs[0]["loss"] != unmoved.epochs[0]["loss"]
    assert [layer.name for layer in network.layers] == [row.name for row in config.table]
    validated = model.evaluate(network, IMAGES[297:], LABELS[297:])
    assert recorder.epochs[0]["val_loss"] == pytest.approx(validated[0], rel=1e-5)
    assert network.count_params() == plain.count_params()


# --- another backend ------------------------------------------------------------------------------------------

JAX_FIT = """
import numpy as np
from dataclasses import replace
from tests.support.fits import CONVOLUTION, IMAGES, LABELS, Recorder, end_at, fit, timeless
from tests.test_fitting import INTERRUPTED
from trainer import export, fitting, model
from trainer.fitting import Control
from trainer.inference import Network

network, outcome, recorder = fit(CONVOLUTION)
assert (outcome.epochs, outcome.steps, outcome.stopped) == (2, 20, False), outcome
exported = Network(export.to_onnx(model.weights(network), CONVOLUTION))
np.testing.assert_allclose(exported.probabilities(IMAGES), model.probabilities(network, IMAGES), atol=1e-5)
exports = set()
network, recorder = model.build(CONVOLUTION, len(IMAGES)), Recorder()
recorder.report = lambda line: exports.add(export.to_onnx(model.weights(network), CONVOLUTION))
fitting.fit(network, CONVOLUTION, IMAGES, LABELS, recorder)
assert len(exports) == 20, len(exports)
_, outcome, _ = fit(CONVOLUTION, end_at(3))
assert (outcome.epochs, outcome.steps, outcome.stopped) == (0, 3, True), outcome
assert model.evaluate(network, IMAGES, LABELS)[1] > 0.05

still, _, recorder = fit(CONVOLUTION, lambda asked: Control(learning_rate=1e-30 if asked >= 4 else None))
_, _, before = fit(CONVOLUTION, end_at(4))
assert np.array_equal(still.get_layer("output").get_weights()[0], before.checkpoints[-1].weights["output"][0])

whole, _, uninterrupted = fit(INTERRUPTED)
for asked in (6, 9, 10, 15):
    _, _, before = fit(INTERRUPTED, end_at(asked, "pause"))
    network, outcome, after = fit(INTERRUPTED, start=before.checkpoints[-1])
    assert timeless(before.lines + after.lines) == timeless(uninterrupted.lines), asked
    for ours, theirs in zip(network.get_weights(), whole.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
print(model.device(), "is enough")
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed: pip install jax")
def test_a_network_is_trained_on_jax():
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, "-c", JAX_FIT], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.strip().endswith("is enough"), done.stderr
