"""Evaluations of networks on all test images; Keras is the oracle."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from tests.support.apps import TINY
from tests.support.networks import exported
from trainer import UserError
from trainer.analysis import evaluation
from trainer.analysis.evaluation import Evaluation
from trainer.data import datasets
from trainer.jobs import job
from trainer.networks import model, onnx_writer
from trainer.networks.inference import Network
from trainer.runs.store import RunStore


@pytest.fixture(scope="module")
def evaluated():
    """An evaluation on 2,000 random images, mostly correct, in which class 7 is never predicted."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 2_000).astype(np.uint8)
    scores = random.normal(size=(2_000, 10)) * 2
    scores[np.arange(2_000), labels] += 3
    scores[:, 7] -= 100
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return Evaluation(probabilities.astype(np.float32), labels, "data", "network")


def test_measures_agree_with_keras(evaluated):
    labels, probabilities = evaluated.labels, evaluated.probabilities
    assert evaluated.accuracy == pytest.approx(float(keras.metrics.SparseCategoricalAccuracy()(labels, probabilities)))
    loss = keras.metrics.SparseCategoricalCrossentropy()(labels, probabilities)
    assert evaluated.loss == pytest.approx(float(loss), rel=1e-5)
    label, read_as = np.eye(10)[labels], np.eye(10)[evaluated.predicted]
    assert (evaluated.confusion == label.T @ read_as).all()
    precision = [float(keras.metrics.Precision(class_id=digit)(label, read_as)) for digit in range(10)]
    recall = [float(keras.metrics.Recall(class_id=digit)(label, read_as)) for digit in range(10)]
    f1 = keras.metrics.F1Score(average=None)(label, read_as)
    for measure, expected in ((evaluated.precision, precision), (evaluated.recall, recall), (evaluated.f1, f1)):
        np.testing.assert_allclose(np.delete(measure, 7), np.delete(expected, 7), rtol=1e-6)
    assert np.isnan(evaluated.precision[7]) and evaluated.recall[7] == 0


def test_errors_unsure_images_and_cells_are_sorted(evaluated):
    given = evaluated.probabilities[evaluated.errors, evaluated.labels[evaluated.errors]]
    assert not evaluated.right[evaluated.errors].any() and len(evaluated.errors) == (~evaluated.right).sum()
    assert (np.diff(given) >= -1e-6).all()
    best = np.sort(evaluated.probabilities, axis=1)[evaluated.unsure]
    assert (np.diff(best[:, -1] - best[:, -2]) >= 0).all()
    label, read_as = 2, int(evaluated.predicted[evaluated.errors[evaluated.labels[evaluated.errors] == 2][0]])
    square = evaluated.cell(label, read_as)
    assert len(square) == evaluated.confusion[label, read_as] and (np.diff(evaluated.confidence[square]) <= 0).all()
    assert (evaluated.labels[square] == label).all() and (evaluated.predicted[square] == read_as).all()


@pytest.mark.slow
def test_a_training_saves_an_evaluation_that_agrees_with_keras(digits, runs_directory):
    run = RunStore(runs_directory).create(TINY, "")
    job.run(str(run.path))
    found = evaluation.read_current(run.path, run.network_file, digits)
    assert found.accuracy == pytest.approx(run.state.test_accuracy) and found.count == len(digits.y_test)
    assert found.loss == pytest.approx(run.state.test_loss, rel=1e-4)
    np.testing.assert_allclose(found.probabilities, Network(run.network_file).probabilities(digits.images("test")))
    assert evaluation.read_features(run.path, run.network_file, digits) is not None


def test_progress_is_reported(digits, network, tmp_path):
    shares = []
    evaluation.evaluate(network, TINY, digits, tmp_path / "kept", shares.append)
    assert shares == sorted(shares) and shares[0] == 0 and 0.5 < shares[-1] < 1


def test_an_evaluation_of_another_network_or_of_other_data_is_ignored(digits, network, tmp_path, few_digits):
    evaluation.evaluate(network, TINY, digits, tmp_path)
    assert evaluation.read_current(tmp_path, network, digits)
    arrays = dict(np.load(few_digits))
    np.savez(tmp_path / "other.npz", **arrays | {"y_test": arrays["y_test"][::-1]})
    assert evaluation.read_current(tmp_path, network, datasets.load(path=tmp_path / "other.npz")) is None
    exported(replace(TINY, seed=TINY.seed + 1), network)
    assert evaluation.read_current(tmp_path, network, digits) is None
    assert evaluation.read_features(tmp_path, network, digits) is None
    network.unlink()
    assert evaluation.read_current(tmp_path, network, digits) is None


@pytest.mark.parametrize("damage", ["cut", "text", "pickle", "short", "labels", "numbers", "missing"])
def test_a_damaged_evaluation_is_ignored_and_made_again(digits, network, tmp_path, damage):
    evaluation.evaluate(network, TINY, digits, tmp_path)
    file = tmp_path / evaluation.FILE
    whole = dict(np.load(file))
    match damage:
        case "cut":
            file.write_bytes(file.read_bytes()[:2_000])
        case "text":
            file.write_text("no numbers")
        case "pickle":
            np.savez(file, **whole | {"labels": np.array([object()] * 3, object)})
        case "short":
            np.savez(file, **whole | {"labels": whole["labels"][:-1]})
        case "labels":
            np.savez(file, **whole | {"labels": whole["labels"] + 10})
        case "numbers":
            np.savez(file, **whole | {"probabilities": whole["probabilities"] * np.float32(np.nan)})
        case "missing":
            file.unlink()
    assert evaluation.read(tmp_path) is None
    evaluation.evaluate(network, TINY, digits, tmp_path)
    assert evaluation.read_current(tmp_path, network, digits)


def test_a_network_that_outputs_nan_or_is_missing_raises_an_error(digits, network, tmp_path):
    weights = model.weights(model.build(TINY))
    broken = {name: [np.full_like(array, np.nan) for array in arrays] for name, arrays in weights.items()}
    network.write_bytes(onnx_writer.to_onnx(broken, TINY))
    with pytest.raises(UserError, match="outputs NaN"):
        evaluation.evaluate(network, TINY, digits, tmp_path)
    with pytest.raises(UserError, match="no longer exists"):
        evaluation.evaluate(tmp_path / "none.onnx", TINY, digits, tmp_path)
