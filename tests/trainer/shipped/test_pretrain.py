"""The script that makes the ready-made network, on few digits."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from trainer.config.training import parameter_count
from trainer.data import synthetic
from trainer.networks.inference import Network
from trainer.shipped import network as shipped
from trainer.shipped import pretrain
from trainer.shipped.card import Card

pytestmark = pytest.mark.slow  # trains with Keras


def test_a_quick_one_writes_a_network_its_card_and_its_page(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    monkeypatch.setattr(synthetic, "COUNTS", (200, 20))  # all that is drawn
    people = tmp_path / "pendigits-orig.tra"
    people.write_text('.SEGMENT DIGIT 0 ? "1"\n.COMMENT 1 3 22\n.PEN_DOWN\n 80 30\n 82 130\n.PEN_UP\n')
    assert pretrain.main(["--quick", "--seeds", "3,4", "--out", str(tmp_path), "--pens", str(people)]) == 0
    content, card = (tmp_path / "network.onnx").read_bytes(), Card.load(tmp_path / "card.json")
    assert hashlib.sha256(content).hexdigest() == card.sha256 and len(content) == card.size
    assert card.seeds == (3, 4) and len(card.test_accuracies) == len(card.validation_accuracies) == 2
    assert card.parameters == parameter_count(shipped.CONFIG)
    assert {"few_digits.npz", "200 synthetic digits"} <= set(card.data)
    assert card.has_learned_from_people and any(name.startswith("1 digits by 1 people") for name in card.data)
    assert set(card.non_digits) >= {pretrain.CLARITY, "highest logit", "energy", "highest probability", "kinds"}
    probabilities = Network(content).probabilities(np.zeros((2, 28, 28), np.float32))
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert "# The ready-made network" in (tmp_path / "network.md").read_text()
    printed = capsys.readouterr().out
    assert "minutes left" in printed and hashlib.sha256(people.read_bytes()).hexdigest() in printed


def test_nothing_is_shipped_that_did_not_learn_mnist(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    assert pretrain.main(["--out", str(tmp_path)]) == 1
    assert "needs MNIST (got few_digits.npz)" in capsys.readouterr().err
    assert pretrain.main(["--quick"]) == 1
    assert "--out" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_temperature_undoes_what_was_exaggerated() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 10))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(10, p=row) for row in probabilities])
    assert pretrain.temperature(logits * 1.7, labels) == pytest.approx(1.7, abs=0.12)
    assert pretrain.temperature(logits, labels) == pytest.approx(1.0, abs=0.08)


def test_cooling_divides_the_logits_and_nothing_else() -> None:
    weights = {"dense_1": [np.ones((2, 2), np.float32)], "output": [np.ones((2, 10)), np.full(10, 3.0)]}
    cooled = pretrain.calibrated(weights, 2.0)
    assert (cooled["output"][0] == 0.5).all() and (cooled["output"][1] == 1.5).all()
    assert cooled["dense_1"] is weights["dense_1"]


def test_the_energy_is_the_logarithm_of_the_sum_of_exponentials() -> None:
    logits = np.array([[0.0] * 10, [1000.0, *[0.0] * 9]])
    assert pretrain.energy(logits) == pytest.approx([np.log(10), 1000.0])


def test_an_interrupted_one_leaves_what_was_there(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(text: str) -> None:
        if "epoch" in text:
            raise KeyboardInterrupt

    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    monkeypatch.setattr(synthetic, "COUNTS", (200, 20))
    monkeypatch.setattr(pretrain, "_print_line", interrupt)
    (tmp_path / "network.onnx").write_bytes(b"an older one")
    assert pretrain.main(["--quick", "--out", str(tmp_path)]) == 130
    assert "Stopped" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["network.onnx"]
    assert (tmp_path / "network.onnx").read_bytes() == b"an older one"
