from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

from tests.support.apps import TINY
from trainer import UserError
from trainer.analysis import evaluation, nearest_neighbours
from trainer.analysis.evaluation import Evaluation
from trainer.config.layers import Conv2D
from trainer.config.training import TrainingConfig
from trainer.data import datasets
from trainer.jobs import job
from trainer.networks import model, onnx_writer
from trainer.networks.inference import Network
from trainer.runs.store import RunStore


@pytest.fixture(scope="module")
def said():
    """What a network that is right more often than not says of 2,000 images; two classes are never read."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 2_000).astype(np.uint8)
    scores = random.normal(size=(2_000, 10)) * 2
    scores[np.arange(2_000), labels] += 3
    scores[:, 7] -= 100
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return Evaluation(probabilities.astype(np.float32), labels, "data", "network")


@pytest.fixture
def digits(few_digits, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    return datasets.load()


@pytest.fixture
def network(tmp_path):
    return exported(TINY, tmp_path / "network.onnx")


def exported(config, file):
    file.write_bytes(onnx_writer.to_onnx(model.weights(model.build(config)), config))
    return file


def test_its_measures_are_those_of_scikit_learn(said):
    assert said.accuracy == pytest.approx(metrics.accuracy_score(said.labels, said.predicted))
    clipped = np.clip(said.probabilities.astype(np.float64), 1e-7, 1)
    clipped /= clipped.sum(axis=1, keepdims=True)
    assert said.loss == pytest.approx(metrics.log_loss(said.labels, clipped), rel=1e-5)
    assert (said.confusion == metrics.confusion_matrix(said.labels, said.predicted, labels=range(10))).all()
    precision, recall, f1, count = metrics.precision_recall_fscore_support(
        said.labels, said.predicted, labels=range(10), zero_division=np.nan
    )
    np.testing.assert_allclose(said.precision, precision)
    np.testing.assert_allclose(said.recall, recall)
    np.testing.assert_allclose(np.delete(said.f1, 7), np.delete(f1, 7))
    assert np.isnan(said.precision[7]) and (said.confusion.sum(axis=1) == count).all()


def test_errors_unsure_ones_and_squares_come_in_order(said):
    given = said.probabilities[said.errors, said.labels[said.errors]]
    assert not said.right[said.errors].any() and len(said.errors) == (~said.right).sum()
    assert (np.diff(given) >= -1e-6).all()
    best = np.sort(said.probabilities, axis=1)[said.unsure]
    assert (np.diff(best[:, -1] - best[:, -2]) >= 0).all()
    label, read_as = 2, int(said.predicted[said.errors[said.labels[said.errors] == 2][0]])
    square = said.cell(label, read_as)
    assert len(square) == said.confusion[label, read_as] and (np.diff(said.confidence[square]) <= 0).all()
    assert (said.labels[square] == label).all() and (said.predicted[square] == read_as).all()


def test_a_training_leaves_its_evaluation_which_agrees_with_keras(digits, runs_directory):
    run = RunStore(runs_directory).create(TINY, "")
    job.run(str(run.path))
    found = evaluation.find(run.path, run.network_file, digits)
    assert found.accuracy == pytest.approx(run.state.test_accuracy) and found.count == len(digits.y_test)
    assert found.loss == pytest.approx(run.state.test_loss, rel=1e-4)
    np.testing.assert_allclose(found.probabilities, Network(run.network_file).probabilities(digits.images("test")))
    assert evaluation.neighbours(run.path, run.network_file, digits) is not None


def test_it_tells_how_far_it_is(digits, network, tmp_path):
    shares = []
    evaluation.make(network, TINY, digits, tmp_path / "kept", shares.append)
    assert shares == sorted(shares) and shares[0] == 0 and 0.5 < shares[-1] < 1


def test_what_was_said_by_another_network_or_of_other_data_does_not_count(digits, network, tmp_path, few_digits):
    evaluation.make(network, TINY, digits, tmp_path)
    assert evaluation.find(tmp_path, network, digits)
    arrays = dict(np.load(few_digits))
    np.savez(tmp_path / "other.npz", **arrays | {"y_test": arrays["y_test"][::-1]})
    assert evaluation.find(tmp_path, network, datasets.load(path=tmp_path / "other.npz")) is None
    exported(replace(TINY, seed=TINY.seed + 1), network)
    assert evaluation.find(tmp_path, network, digits) is None
    assert evaluation.neighbours(tmp_path, network, digits) is None
    network.unlink()
    assert evaluation.find(tmp_path, network, digits) is None


@pytest.mark.parametrize("damage", ["cut", "text", "pickle", "short", "labels", "numbers", "missing"])
def test_a_damaged_evaluation_counts_as_none_and_is_made_again(digits, network, tmp_path, damage):
    evaluation.make(network, TINY, digits, tmp_path)
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
    evaluation.make(network, TINY, digits, tmp_path)
    assert evaluation.find(tmp_path, network, digits)


def test_a_network_without_numbers_or_file_is_refused_in_a_sentence(digits, network, tmp_path):
    weights = model.weights(model.build(TINY))
    broken = {name: [np.full_like(array, np.nan) for array in arrays] for name, arrays in weights.items()}
    network.write_bytes(onnx_writer.to_onnx(broken, TINY))
    with pytest.raises(UserError, match="no numbers"):
        evaluation.make(network, TINY, digits, tmp_path)
    with pytest.raises(UserError, match="gone"):
        evaluation.make(tmp_path / "none.onnx", TINY, digits, tmp_path)


@pytest.mark.parametrize("layers", [TINY.layers, ()], ids=["hidden layer", "pixels"])
def test_the_nearest_images_are_those_that_brute_force_finds(digits, tmp_path, layers):
    config = TrainingConfig(layers=layers)
    file = exported(config, tmp_path / "network.onnx")
    evaluation.make(file, config, digits, tmp_path)
    kept, network = evaluation.neighbours(tmp_path, file, digits), Network(file)
    image = digits.images("test")[0]
    nearest, apart = kept.nearest(network, image, 5)
    hidden = {name: rows.reshape(len(rows), -1) for name, rows in network.layers(digits.images("train")).items()}
    query = network.layers(image[None])[kept.layer].reshape(-1)
    true = np.linalg.norm(hidden[kept.layer] - query, axis=1)
    assert kept.layer == config.table[-2].name and (np.diff(apart) >= 0).all()
    if layers:  # few numbers: nothing is projected, and only float16 rounds
        assert nearest.tolist() == np.argsort(true, kind="stable")[:5].tolist()
        np.testing.assert_allclose(apart, true[nearest], rtol=0.02)
    else:
        np.testing.assert_allclose(apart, true[nearest], rtol=0.25)
        assert true[nearest].mean() < np.sort(true)[:20].mean() * 1.1


def test_the_nearest_image_to_a_training_image_is_itself(digits, tmp_path):
    config = TrainingConfig(layers=(Conv2D(8, 3),))  # 6,272 numbers, projected to 256
    file = exported(config, tmp_path / "network.onnx")
    evaluation.make(file, config, digits, tmp_path)
    kept = evaluation.neighbours(tmp_path, file, digits)
    assert kept.values.shape == (500, 256)
    for place in (0, 17, 499):
        nearest, apart = kept.nearest(Network(file), digits.images("train")[place], 3)
        assert nearest[0] == place and apart[0] < 0.1 * apart[1]


def test_a_projection_keeps_distances():
    images = np.random.default_rng(1).random((50, 3_000), np.float32)
    small = nearest_neighbours.projected(images, seed=3)
    true, kept = (np.linalg.norm(rows[1:] - rows[:1], axis=1) for rows in (images, small))
    assert small.shape == (50, 256) and np.abs(kept / true - 1).max() < 0.2
    assert (nearest_neighbours.projected(images[:1], seed=3) == small[:1]).all()


def test_damaged_features_count_as_none(digits, network, tmp_path):
    evaluation.make(network, TINY, digits, tmp_path)
    whole = dict(np.load(tmp_path / nearest_neighbours.FILE))
    for change in ({"indices": whole["indices"][:-1]}, {"scale": np.float64(0)}, {"values": whole["values"][0]}):
        np.savez(tmp_path / nearest_neighbours.FILE, **whole | change)
        assert nearest_neighbours.read(tmp_path) is None
