"""Look inside page without a browser: each view, for networks with and without hidden layers and convolutions."""

import base64
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from harness.visitor import data_url
from harness.waiting import wait_for
from tests.support.apps import TINY, open_page
from trainer.analysis import evaluation
from trainer.config.layers import Conv2D, Flatten, MaxPooling2D
from trainer.data import datasets
from trainer.drawing import synthetic_digits
from trainer.networks import model, onnx_writer
from trainer.networks.inference import Network
from trainer.runs.run import Run
from trainer.runs.store import RunStore

LAYERS = {"perceptron": (Flatten(),), "mlp": TINY.layers, "cnn": (Conv2D(3, 3), MaxPooling2D(2), Conv2D(70, 3))}
VIEWS = ("Network", "Weights", "Contributions", "Why", "Hard digits", "Nearest")


def make_run(runs: Path, kind: str) -> Run:
    """Return a run with an untrained network of a kind."""
    config = replace(TINY, layers=LAYERS[kind])
    run = RunStore(runs).create(config, "")
    run.network_file.write_bytes(onnx_writer.to_onnx(model.weights(model.build(config)), config))
    run.update(phase="finished", test_accuracy=0.1)
    return run


def view(app: AppTest, title: str) -> str:
    """Select a view and return its HTML."""
    app.button_group(key="inside.view").set_value(title).run()
    assert not app.exception and not app.error
    return "".join(element.body for element in app.html if "<style>" not in element.body)


def picture(app: AppTest) -> dict[str, Any]:
    """Return the data of the picture of the network."""
    (component,) = (
        element.proto
        for element in app.get("bidi_component")
        if element.proto.component_name == "digit_lab_network_picture"
    )
    return json.loads(component.bytes)


def unpacked(url: str, kind: type = np.float32) -> np.ndarray:
    return np.frombuffer(base64.b64decode(url.partition(",")[2]), kind)


def sentence(app: AppTest) -> str:
    protos = (element.proto for element in app.get("bidi_component"))
    return next(json.loads(proto.json) for proto in protos if proto.component_name == "digit_lab_live_text")["sentence"]


def select_test_digit(app: AppTest) -> None:
    app.button_group(key="source").set_value("Test digit").run()


@pytest.mark.parametrize("kind", LAYERS)
def test_every_view_works_for_every_kind_of_network(app: AppTest, runs_directory: Path, kind: str) -> None:
    run = make_run(runs_directory, kind)
    open_page(app, "inside", run)
    dataset = datasets.load()
    evaluation.evaluate(run.network_file, run.config, dataset, run.path)
    select_test_digit(app)
    shown = {title: view(app, title) for title in VIEWS}
    assert "weights from" in shown["Weights"]
    assert shown["Contributions"].count("<tr") == 12
    assert shown["Hard digits"].count("<figure") == 12 and shown["Nearest"].count("<figure") == 12


def test_the_contributions_add_up_to_the_networks_logits(app: AppTest, runs_directory: Path) -> None:
    run = make_run(runs_directory, "perceptron")
    open_page(app, "inside", run)
    select_test_digit(app)
    rows = re.findall(r"<tr.*?</tr>", view(app, "Contributions"), re.S)[1:11]
    cells = [re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in rows]
    image = datasets.load().images("test", slice(0, 1))
    network = Network(run.network_file)
    logits = [float(row[3].replace("−", "-")) for row in cells]
    np.testing.assert_allclose(logits, network.logits(image)[0], atol=0.006)
    np.testing.assert_allclose(
        [float(row[-1][:-2]) for row in cells], 100 * network.probabilities(image)[0], atol=0.006
    )
    for row in cells:
        total, bias, logit = (float(cell.replace("−", "-")) for cell in row[1:4])
        assert total + bias == pytest.approx(logit, abs=0.011)


def test_digits_over_a_template_can_be_opened(app: AppTest, runs_directory: Path) -> None:
    open_page(app, "inside", make_run(runs_directory, "perceptron"))
    select_test_digit(app)
    shown = view(app, "Contributions")
    assert "Test image: a 0" in shown and "Test image: a 3" in shown
    app.button(key="inside.sample.3").click().run()
    labels = datasets.load().y_test
    assert not app.exception and app.session_state.test_at == int(np.flatnonzero(labels == 3)[0])


def test_a_drawing_is_turned_into_the_runner_up(app: AppTest, runs_directory: Path) -> None:
    open_page(app, "inside", make_run(runs_directory, "mlp"))
    rgba = synthetic_digits.draw(synthetic_digits.pen_strokes(3, np.random.default_rng(3)), 300, 20)
    app.session_state["canvas"] = {"drawing": {"raw": {"objects": []}, "data": data_url(rgba)}}
    app.run()
    assert "Occlusion map for a" in view(app, "Why")
    app.button(key="inside.turn").click().run()
    assert not app.exception
    assert any("enough: the network" in element.value for element in app.caption)
    app.button(key="undo").click().run()
    assert not any("enough: the network" in element.value for element in app.caption)


def test_the_picture_shows_all_layers_and_how_the_clicked_map_is_computed(app: AppTest, runs_directory: Path) -> None:
    run = make_run(runs_directory, "cnn")
    open_page(app, "inside", run)  # nothing is drawn: a test digit is shown
    shown, outputs = picture(app), Network(run.network_file).layers(datasets.load().images("test", slice(0, 1)))
    names = ["Image", "Convolution 1", "Max pooling 1", "Convolution 2", "Flatten", "Output"]
    assert [stage["title"] for stage in shown["stages"]] == names
    assert shown["stages"][3]["more"] == "32 of 70 shown" and len(shown["stages"][3]["tiles"]) == 32
    assert len(unpacked(shown["stages"][3]["levels"], np.uint8)) == 32 * 14 * 14
    assert shown["chosen"][0] == 1 and "Convolution 2, 70 filters, 14 × 14, then relu" in shown["alt"]
    assert sum(tile["share"] for tile in shown["stages"][-1]["tiles"]) == pytest.approx(1)

    hidden = next(unit for unit in range(70) if unit not in {tile["unit"] for tile in shown["stages"][3]["tiles"]})
    for chosen in ([3, hidden], [2, 1], [5, 4]):
        app.session_state["inside.chosen"] = chosen
        app.run()
        stage, found = (shown := picture(app))["stages"][chosen[0]], shown["calculation"]
        assert shown["chosen"] == chosen and chosen[1] in [tile["unit"] for tile in stage["tiles"]]
        if chosen[0] == 3:
            assert found["title"] == f"Filter {hidden} of Convolution 2" and not found["others"]
            expected = outputs["conv2d_4"][0, ..., hidden].ravel()
            np.testing.assert_allclose(unpacked(found["functions"][0]["values"]), expected, atol=1e-5)
    assert found["title"] == "Output for a 4" and found["functions"][0]["name"] == "softmax"

    for forged in ([0, 0], [4, 1], [1, 99], [-1, 0], ["1", None], {}, None):
        app.session_state["inside.chosen"] = forged
        app.run()
        assert not app.exception and picture(app)["chosen"][0] == 1


def test_the_picture_of_a_network_that_trains_is_updated(app: AppTest, runs_directory: Path) -> None:
    run = make_run(runs_directory, "perceptron")
    run.update(phase="running")
    open_page(app, "inside", run)
    before = picture(app)["stages"][-1]
    weights = {"output": [np.eye(784, 10, dtype=np.float32), np.arange(10, dtype=np.float32)]}
    run.network_file.write_bytes(onnx_writer.to_onnx(weights, run.config))
    app.run()
    assert not app.exception and picture(app)["stages"][-1] != before


def test_a_hard_digit_can_be_opened(app: AppTest, runs_directory: Path) -> None:
    run = make_run(runs_directory, "mlp")
    open_page(app, "inside", run)
    found = evaluation.evaluate(run.network_file, run.config, datasets.load(), run.path)
    view(app, "Hard digits")  # also while nothing is drawn
    least = int(found.unsure[0])
    app.button(key=f"inside.hard.{least}").click().run()
    assert not app.exception and app.session_state.test_at == least
    assert app.button_group(key="source").value == "Test digit"


def test_a_missing_evaluation_is_computed(app: AppTest, runs_directory: Path) -> None:
    run = make_run(runs_directory, "mlp")
    open_page(app, "inside", run)
    select_test_digit(app)
    view(app, "Nearest")
    wait_for(lambda: evaluation.read_current(run.path, run.network_file, datasets.load()))
    assert view(app, "Nearest").count("<figure") == 12


def test_a_blank_canvas_says_what_to_do(app: AppTest) -> None:
    open_page(app, "inside")
    assert not app.exception and "Draw a digit" in sentence(app) and "you see a test digit" in sentence(app)


def test_a_damaged_network_gives_an_error_sentence(app: AppTest, runs_directory: Path) -> None:
    run = make_run(runs_directory, "mlp")
    run.network_file.write_bytes(b"\x08\x01broken")
    open_page(app, "inside", run)
    select_test_digit(app)
    assert not app.exception and all(error.value.endswith(".") for error in app.error) and app.error
