"""Draw without a browser: what each way in leads to, and what is said of it."""

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from harness.visitor import data_url
from tests.support.apps import TINY, come, texts
from trainer.analysis import evaluation
from trainer.data import datasets
from trainer.drawing import synthetic_digits
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped


def written(label: int, pen: float = 20) -> np.ndarray:
    return synthetic_digits.draw(synthetic_digits.pen_strokes(label, np.random.default_rng(label)), 300, pen)


def side_by_side(*labels: int) -> np.ndarray:
    """Draw digits beside each other."""
    placed = []
    for place, label in enumerate(labels):
        for stroke in synthetic_digits.pen_strokes(label, np.random.default_rng(label)):
            placed.append((stroke * [1, 1.4] + [place, 0]) / [len(labels), 2])
    return synthetic_digits.draw(placed, 300, 14)


def put_on_canvas(app: AppTest, rgba: np.ndarray) -> AppTest:
    app.session_state["canvas"] = {"drawing": {"raw": {"objects": []}, "data": data_url(rgba)}}
    return app.run()


def proto(app: AppTest, kind: str, key: str) -> Any:
    (found,) = [element.proto for element in app.get(kind) if element.proto.id.endswith(f"-{key}")]
    return found


def sentence(app: AppTest) -> str:
    said: str = json.loads(proto(app, "bidi_component", "sentence").json)
    return said


def bars(app: AppTest, key: str = "bars") -> list[float]:
    trace = json.loads(proto(app, "plotly_chart", key).spec)["data"][0]
    shares: list[float] = trace["x" if key == "bars" else "y"]
    return shares


def strip(app: AppTest) -> str:
    return next(element.body for element in app.html if 'class="strip' in element.body)


def test_a_newcomer_is_answered_by_the_shipped_network_and_told_so(app: AppTest) -> None:
    come(app, "draw")
    assert not app.exception and app.title[0].value == "Draw a digit"
    assert app.selectbox(key="network").value == "shipped" and "ships with Digit Lab" in texts(app)
    assert sentence(app) == "Draw a digit on the black paper." and bars(app) == []
    assert "Shipped network" in app.sidebar.get("markdown")[-1].value
    put_on_canvas(app, written(3))
    assert not app.exception and sentence(app).startswith("Looks like a 3 (")
    assert int(np.argmax(bars(app))) == 3 and len(bars(app)) == 10


def test_a_link_names_the_network_that_answers(app: AppTest, network_run: Run) -> None:
    come(app, "draw", network_run)
    assert app.selectbox(key="network").value == network_run.id
    put_on_canvas(app, written(3))
    assert not app.exception and re.match(r"Looks like an? \d|Not sure: an? \d", sentence(app))
    app.selectbox(key="network").set_value("shipped").run()
    assert sentence(app).startswith("Looks like a 3 (") and "".join(app.query_params["run"]) == "shipped"


def test_whoever_has_trained_a_network_is_answered_by_it(app: AppTest, network_run: Run) -> None:
    come(app, "train")
    network_run.update(owner=owner_hash(app.session_state.owner))
    app.switch_page("pages/draw.py").run()
    assert app.selectbox(key="network").value == network_run.id and "12.3 % of the test digits" in texts(app)


def test_a_link_to_a_run_that_is_gone_is_told_of(app: AppTest) -> None:
    come(app, "draw", "20260101-000000-abcdef")
    assert "no longer here" in texts(app) and app.selectbox(key="network").value == "shipped"


def test_what_is_no_digit_is_told(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "looks_like_digit", lambda image: False)
    come(app, "draw")
    put_on_canvas(app, written(3))
    assert sentence(app).startswith("This does not look like a digit. Nearest: a 3")


@pytest.mark.parametrize(
    ("paper", "sentence"),
    [
        (np.zeros((10, 10, 4), np.uint8), "300 x 300"),
        (np.zeros((2000, 2000, 4), np.uint8), "300 x 300"),
        (np.full((300, 300, 4), 255, np.uint8), "inked all over"),
    ],
)
def test_what_is_no_drawing_is_a_sentence(app: AppTest, paper: np.ndarray, sentence: str) -> None:
    come(app, "draw")
    put_on_canvas(app, paper)
    assert not app.exception and sentence in app.error[0].value


def test_a_damaged_network_is_a_sentence(app: AppTest, network_run: Run) -> None:
    (network_run.path / "model.onnx").write_bytes(b"\x08\x01broken")
    come(app, "draw", network_run)
    put_on_canvas(app, side_by_side(3, 4))
    assert not app.exception and app.error[0].value.endswith(".")


def test_clear_takes_a_clean_sheet(app: AppTest) -> None:
    come(app, "draw")
    put_on_canvas(app, written(3))
    app.button(key="clear").click().run()
    assert not app.exception and sentence(app) == "Draw a digit on the black paper."


def test_the_pens_thickness_is_told_where_it_was_changed(app: AppTest) -> None:
    come(app, "draw")
    put_on_canvas(app, written(0, pen=60))
    assert "strokes made thinner" in strip(app)
    put_on_canvas(app, written(0))
    assert "strokes made" not in strip(app)


def test_switches_show_what_would_have_been_said(app: AppTest) -> None:
    come(app, "draw")
    put_on_canvas(app, written(4))
    assert strip(app).count("<figure") == 6
    app.toggle(key="uncentred").set_value(True).run()
    app.toggle(key="squeezed").set_value(True).run()
    assert strip(app).count("<figure") == 8
    assert re.search(r"Uncentred: .*an? \d \(", strip(app)) and re.search(r"Squeezed: .*an? \d \(", strip(app))


def test_several_digits_are_read_in_order_with_a_box_each(app: AppTest) -> None:
    come(app, "draw")
    put_on_canvas(app, side_by_side(4, 2, 0))
    assert not app.exception and sentence(app).startswith("Reads 4 2 0")
    assert int(np.argmax(bars(app))) == 0  # the last one
    assert any("read as 4 2 0" in element.body for element in app.html)
    app.button_group(key="focus.Draw.3").set_value(0).run()
    assert int(np.argmax(bars(app))) == 4


def test_several_networks_judge_the_same_drawing(app: AppTest, network_run: Run, runs_directory: Path) -> None:
    other = RunStore(runs_directory).create(TINY, "")
    (other.path / "model.onnx").write_bytes((network_run.path / "model.onnx").read_bytes())
    other.update(phase="finished")
    come(app, "draw")
    app.multiselect(key="others").set_value([network_run.id, other.id]).run()
    assert not app.exception and bars(app, "judges") == []
    put_on_canvas(app, written(3))
    assert len(bars(app, "judges")) == 30
    verdict = texts(app).replace("\\", "")  # which keep names from being Markdown
    assert "All 3 networks say 3" in verdict or "They disagree: Shipped network says 3" in verdict
    (other.path / "model.onnx").unlink()
    put_on_canvas(app, written(4))
    assert not app.exception and len(bars(app, "judges")) == 20  # the others go on
    app.selectbox(key="network").set_value(network_run.id).run()
    assert not app.exception and app.multiselect(key="others").value == []  # it answers now


def test_a_test_digit_is_looked_at_without_a_pointer(app: AppTest) -> None:
    come(app, "draw")
    dataset = datasets.load()
    app.button_group(key="source").set_value("Test digit").run()
    assert not app.exception and app.session_state.test_at == 0
    assert sentence(app).endswith(("Right.", f"Wrong: it is a {dataset.y_test[0]}.", f"it is an {dataset.y_test[0]}."))
    app.button(key="test_next").click().run()
    assert app.session_state.test_at == 1
    app.button(key="test_previous").click().run()
    app.button(key="test_previous").click().run()
    assert app.session_state.test_at == len(dataset.y_test) - 1
    app.selectbox(key="test_label").set_value(7).run()
    app.button(key="test_random").click().run()
    assert dataset.y_test[app.session_state.test_at] == 7
    assert app.toggle(key="squeezed").disabled and "comes as it is" in texts(app)


def test_test_digits_that_the_network_gets_wrong_are_found(app: AppTest, network_run: Run) -> None:
    come(app, "draw", network_run)
    app.button_group(key="source").set_value("Test digit").run()
    app.toggle(key="test_misread").set_value(True).run()
    assert not app.exception and "Wrong: it is" in sentence(app)
    app.button(key="test_next").click().run()
    assert "Wrong: it is" in sentence(app)


def test_what_a_network_gets_wrong_is_known_from_its_evaluation(
    app: AppTest, network_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.run()
    found = evaluation.make(network_run.network_file, TINY, datasets.load(), network_run.path)
    monkeypatch.delattr("trainer.analysis.answer.misread")
    come(app, "draw", network_run)
    app.button_group(key="source").set_value("Test digit").run()
    app.toggle(key="test_misread").set_value(True).run()
    assert not app.exception and app.session_state.test_at == int(np.flatnonzero(~found.right)[0])


def test_a_photo_is_read_in_order_and_can_be_replaced(app: AppTest) -> None:
    ink = side_by_side(4, 2)[..., 0] / 255
    picture = io.BytesIO()
    Image.fromarray(np.uint8(210 - 170 * ink)).convert("RGB").save(picture, "JPEG")
    come(app, "draw")
    app.button_group(key="source").set_value("Photo").run()
    assert sentence(app) == "Choose a photo of digits on paper."
    app.file_uploader(key="photo_taken").set_value(("photo.jpg", picture.getvalue(), "image/jpeg")).run()
    assert not app.exception and sentence(app).startswith("Reads 4 2")
    assert "Your photo" in strip(app)
    app.button(key="photo_again").click().run()
    assert sentence(app) == "Choose a photo of digits on paper."


def test_what_is_no_photo_is_a_sentence(app: AppTest) -> None:
    come(app, "draw")
    app.button_group(key="source").set_value("Photo").run()
    app.file_uploader(key="photo_taken").set_value(("photo.jpg", b"no photo", "image/jpeg")).run()
    assert not app.exception and app.error[0].value.endswith(".")


def test_every_way_in_is_as_it_was_after_another_page(app: AppTest) -> None:
    come(app, "draw")
    put_on_canvas(app, written(3))
    app.button_group(key="pen").set_value("Thick").run()
    app.button_group(key="source").set_value("Test digit").run()
    app.button(key="test_next").click().run()
    app.switch_page("pages/train.py").run()
    app.switch_page("pages/draw.py").run()
    assert app.button_group(key="source").value == "Test digit" and app.session_state.test_at == 1
    app.button_group(key="source").set_value("Draw").run()
    assert app.button_group(key="pen").value == "Thick" and sentence(app).startswith("Looks like a 3")
