"""Training through hooks: reports, control, and a resumed training compared with an uninterrupted one.

Longer than 300 lines because every way to end and resume a training is compared.
"""

import importlib.util
import math
from dataclasses import replace

import numpy as np
import pytest

from tests.support.fits import CONVOLUTION, IMAGES, INTERRUPTED, LABELS, SMALL, Recorder, end_at, fit, without_seconds
from tests.support.plain_keras import assert_same, convolution, plain_fit
from tests.support.python import run_python
from trainer import UserError
from trainer.config.layers import Dense, Rescaling
from trainer.config.optimizers import Adam
from trainer.config.training import learning_rate_at
from trainer.jobs.host import SEQUENTIAL_OPERATIONS
from trainer.networks import fitting, model, onnx_writer
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.hooks import Control
from trainer.networks.inference import Network

pytestmark = [pytest.mark.usefixtures("keras"), pytest.mark.slow]  # trains with Keras


@pytest.fixture(scope="module")
def keras():
    import keras  # not during collection: it takes seconds

    return keras


# --- reports --------------------------------------------------------------------------------------------------


def test_an_epoch_has_about_25_batch_lines_and_its_own():
    config = replace(SMALL, batch_size=2)  # 149 steps per epoch
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


def test_batch_lines_are_means_since_the_last_line():
    config = replace(SMALL, validation_split=0.0, epochs=1)  # 10 batches of 32 and one of 10
    *batches, epoch = fit(config)[2].lines
    examples = [32] * 10 + [10]
    for name in ("loss", "accuracy"):
        assert np.average([line[name] for line in batches], weights=examples) == pytest.approx(epoch[name], rel=1e-5)
    assert [line["accuracy"] * n for line, n in zip(batches, examples, strict=True)] == pytest.approx(
        [round(line["accuracy"] * n) for line, n in zip(batches, examples, strict=True)], abs=1e-3
    ), "each is a share of a whole number of digits"


def test_a_diverging_training_ends():
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
    recorder, exports = Recorder(), []

    def report(line):
        exported = Network(onnx_writer.to_onnx(model.weights(network), config)).probabilities(IMAGES[:5])
        np.testing.assert_allclose(model.probabilities(network, IMAGES[:5]), exported, atol=1e-6)
        exports.append(exported.tobytes())

    recorder.report = report
    fitting.fit(network, config, IMAGES, LABELS, recorder)
    lines = fitting.steps_per_epoch(config, len(IMAGES)) + 1
    assert len(exports) == lines and len(set(exports)) == lines - 1, "no step precedes the epoch's own line"


# --- control --------------------------------------------------------------------------------------------------


def test_stop_ends_an_epoch_at_once():
    config = replace(SMALL, batch_size=4, validation_split=0.5)
    _, outcome, recorder = fit(config, end_at(4))
    assert (outcome.epochs, outcome.steps, outcome.stopped) == (0, 4 * 2, True)
    assert [line["kind"] for line in recorder.lines] == ["batch"] * 4
    assert recorder.asked == 5, "validation ends, too"


def test_stop_during_validation_keeps_the_epoch_without_validation():
    config = replace(SMALL, batch_size=4, validation_split=0.5)
    _, outcome, recorder = fit(config, end_at(30))  # 21 lines of training, then validation
    assert (outcome.epochs, outcome.steps, outcome.stopped) == (1, 42, True)
    assert recorder.lines[-1]["kind"] == "epoch" and recorder.asked == 31
    assert {"loss", "accuracy"} < recorder.lines[-1].keys()
    assert not {"val_loss", "val_accuracy"} & recorder.lines[-1].keys()
    assert recorder.checkpoints[-1].epoch == 1


def test_a_stop_after_the_last_epoch_has_no_effect():
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
    assert len(traces) == 2 * unchanged, "the step is not traced again"
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


def test_more_epochs_can_be_requested_during_and_after_the_training():
    config = replace(CONVOLUTION, epochs=1)
    three, _, whole = fit(replace(config, epochs=3))
    grown, outcome, recorder = fit(config, lambda asked: Control(epochs=2 if asked < 25 else 3))
    assert outcome.epochs == 3 and not outcome.stopped
    assert without_seconds(recorder.lines) == without_seconds(whole.lines)
    _, _, once = fit(config)
    network, outcome, more = fit(config, lambda asked: Control(epochs=3), start=once.checkpoints[-1])
    assert outcome.epochs == 3 and without_seconds(once.lines + more.lines) == without_seconds(whole.lines)
    for a, b, c in zip(network.get_weights(), three.get_weights(), grown.get_weights(), strict=True):
        assert np.array_equal(a, b) and np.array_equal(b, c)


def test_a_finished_training_trains_no_further():
    _, _, recorder = fit(SMALL)
    _, outcome, more = fit(SMALL, start=recorder.checkpoints[-1])
    assert (outcome.epochs, outcome.steps, outcome.stopped) == (2, 20, False)
    assert not more.lines


# --- interrupted and resumed ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def uninterrupted():
    network, _, recorder = fit(INTERRUPTED)
    return network.get_weights(), without_seconds(recorder.lines)


@pytest.mark.parametrize("asked", [1, 8, 9, 10, 15, 29])
def test_a_paused_training_resumes_as_if_uninterrupted(asked, uninterrupted, tmp_path):
    weights, lines = uninterrupted
    _, outcome, before = fit(INTERRUPTED, end_at(asked, "pause"))
    assert outcome.stopped
    before.checkpoints[-1].save(tmp_path / "checkpoint.npz")
    start = Checkpoint.load(tmp_path / "checkpoint.npz")
    assert (start.epoch, start.step) == (outcome.epochs, outcome.steps)

    network, outcome, after = fit(INTERRUPTED, start=start)

    assert without_seconds(before.lines + after.lines) == lines
    assert all(np.array_equal(a, b) for a, b in zip(network.get_weights(), weights, strict=True))
    assert not outcome.stopped
    seconds = [line["seconds"] for line in before.lines + after.lines]
    assert seconds == sorted(seconds)


def test_an_end_takes_effect_after_the_current_step_and_the_training_resumes_there(uninterrupted, monkeypatch):
    monkeypatch.setattr(fitting, "WATCH_SECONDS", 0.0)
    config = replace(INTERRUPTED, batch_size=4)  # 75 steps per epoch, 3 between two reports
    made = fitting.training_model

    def made_and_interrupted(*arguments):
        model, data = made(*arguments)
        model.interrupt()  # as the watching thread does, but surely within the first call
        return model, data

    whole, _, recorder = fit(config)
    before = Recorder(end_at(1, "pause"))
    before.ended = lambda: before.asked > 0
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "training_model", made_and_interrupted)
        outcome = fitting.fit(model.build(config, len(IMAGES)), config, IMAGES, LABELS, before)
    assert (outcome.steps, outcome.stopped) == (1, True) and [line["step"] for line in before.lines] == [1]
    network, _, after = fit(config, start=before.checkpoints[-1])
    assert [line["step"] for line in after.lines[:2]] == [3, 6]
    assert without_seconds(after.epochs) == without_seconds(recorder.epochs)
    assert all(np.array_equal(a, b) for a, b in zip(network.get_weights(), whole.get_weights(), strict=True))


@pytest.mark.long
def test_a_killed_training_resumes_in_a_new_worker_from_its_last_epoch(uninterrupted, tmp_path):
    weights, lines = uninterrupted
    _, _, before = fit(INTERRUPTED, end_at(15))
    start = before.checkpoints[0]
    assert (start.epoch, start.step) == (1, 8)
    start.save(tmp_path / "checkpoint.npz")
    code = """
import sys
from pathlib import Path
import numpy as np
from tests.support.fits import INTERRUPTED, fit
from trainer.networks.checkpoint import Checkpoint
network, _, recorder = fit(INTERRUPTED, start=Checkpoint.load(Path(sys.argv[1]) / "checkpoint.npz"))
np.savez(sys.argv[1] + "/end.npz", *network.get_weights(), val_loss=[line["val_loss"] for line in recorder.epochs])
"""
    run_python(code, str(tmp_path), **SEQUENTIAL_OPERATIONS)  # as workers have it
    with np.load(tmp_path / "end.npz") as end:
        assert end["val_loss"].tolist() == [line["val_loss"] for line in lines if line["kind"] == "epoch"][1:]
        assert all(np.array_equal(end[f"arr_{place}"], weight) for place, weight in enumerate(weights))


def test_a_checkpoint_of_another_training_is_rejected():
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
        with pytest.raises(UserError, match="The checkpoint must belong to this training"):
            fit(config, start=other)


# --- another backend ------------------------------------------------------------------------------------------


JAX_FIT = """
import numpy as np
from dataclasses import replace
from tests.support.fits import CONVOLUTION, IMAGES, INTERRUPTED, LABELS, Recorder, end_at, fit, without_seconds
from trainer.jobs.host import SEQUENTIAL_OPERATIONS
from trainer.networks import fitting, model, onnx_writer
from trainer.networks.hooks import Control
from trainer.networks.inference import Network

network, outcome, recorder = fit(CONVOLUTION)
assert (outcome.epochs, outcome.steps, outcome.stopped) == (2, 20, False), outcome
exported = Network(onnx_writer.to_onnx(model.weights(network), CONVOLUTION))
np.testing.assert_allclose(exported.probabilities(IMAGES), model.probabilities(network, IMAGES), atol=1e-5)
exports = set()
network, recorder = model.build(CONVOLUTION, len(IMAGES)), Recorder()
recorder.report = lambda line: exports.add(onnx_writer.to_onnx(model.weights(network), CONVOLUTION))
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
    assert without_seconds(before.lines + after.lines) == without_seconds(uninterrupted.lines), asked
    for ours, theirs in zip(network.get_weights(), whole.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
print(model.device(), "done")
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed: pip install jax")
def test_a_network_is_trained_on_jax():
    assert run_python(JAX_FIT, KERAS_BACKEND="jax").strip().endswith("done")
