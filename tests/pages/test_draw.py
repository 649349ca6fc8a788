"""Draw page without a browser: drawings, test digits and photos, and the answers to them.

Longer than 300 lines because the page has many kinds of input.
"""

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from harness.browser import digit_strokes
from harness.server import ROOT
from harness.visitor import canvas_value, data_url, fabric_path
from harness.waiting import TIMEOUT_SECONDS
from tests.support.apps import TINY, open_page, texts
from trainer.analysis import evaluation
from trainer.data import datasets
from trainer.drawing import normalize, strokes, synthetic_digits
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped


def written(label: int, pen: float = 20) -> np.ndarray:
    return synthetic_digits.draw(synthetic_digits.pen_strokes(label, np.random.default_rng(label)), 300, pen)


def side_by_side(*labels: int) -> np.ndarray:
    """Draw digits side by side on one canvas."""
    digits = [synthetic_digits.pen_strokes(label, np.random.default_rng(label)) for label in labels]
    placed = [(line * [1, 1.4] + [at, 0]) / [len(digits), 2] for at, digit in enumerate(digits) for line in digit]
    return synthetic_digits.draw(placed, 300, 14)


def put_on_canvas(app: AppTest, rgba: np.ndarray) -> AppTest:
    app.session_state["canvas"] = {"drawing": {"raw": {"objects": []}, "data": data_url(rgba)}}
    return app.run()


def proto(app: AppTest, kind: str, key: str) -> Any:
    (found,) = [element.proto for element in app.get(kind) if element.proto.id.endswith(f"-{key}")]
    return found


def sentence(app: AppTest) -> str:
    text: str = json.loads(proto(app, "bidi_component", "sentence").json)["sentence"]
    return text


def bars(app: AppTest, key: str = "bars") -> list[float]:
    shares: list[float]
    if key == "bars":
        shares = json.loads(proto(app, "bidi_component", "bars.chart").bytes)["shares"]
    else:
        shares = json.loads(proto(app, "plotly_chart", key).spec)["data"][0]["y"]
    return shares


def badge(app: AppTest) -> str:
    """Return the name of the network that answers, as another tab of the visitor shows it at its top."""
    tab = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_SECONDS)
    tab.session_state.owner = app.session_state.owner
    tab.query_params.update(app.query_params)
    return next(str(one.value) for one in tab.run().markdown if ":material/draw:" in one.value)


def steps(app: AppTest) -> str:
    return next(element.body for element in app.html if 'class="strip' in element.body)


def test_a_new_visitor_gets_the_ready_made_network(app: AppTest) -> None:
    app.run()
    assert not app.exception and app.title[0].value == "Draw a digit"
    assert app.selectbox(key="network").value == "shipped" and "Comes with Digit Lab" in texts(app)
    assert sentence(app) == "Draw a digit on the black paper." and bars(app) == []
    assert "Ready\\-made network" in badge(app)
    put_on_canvas(app, written(3))
    assert not app.exception and sentence(app).startswith("Looks like a 3 (")
    assert int(np.argmax(bars(app))) == 3 and len(bars(app)) == 10


def test_a_link_names_the_network_of_its_page_until_the_visitor_chooses_it(app: AppTest, network_run: Run) -> None:
    open_page(app, "draw", network_run)
    assert app.selectbox(key="network").value == network_run.id and "16 relu" in badge(app)
    put_on_canvas(app, written(3))
    assert not app.exception and re.match(r"Looks like an? \d|Not sure: an? \d", sentence(app))
    app.query_params.clear()
    app.run()
    assert app.selectbox(key="network").value == "shipped" and "Ready\\-made network" in badge(app)
    app.query_params["run"] = network_run.id
    app.run()
    assert app.button(key="network.offer").label == "Use it on all pages"
    app.button(key="network.offer").click().run()
    assert not app.exception and "run" not in app.query_params
    assert app.selectbox(key="network").value == network_run.id and "16 relu" in badge(app)


def test_the_chosen_network_answers_on_every_page_and_in_every_tab(app: AppTest, network_run: Run) -> None:
    open_page(app, "draw")
    app.selectbox(key="network").set_value(network_run.id).run()
    assert "12.3 % of the test digits" in texts(app) and "16 relu" in badge(app)
    app.switch_page("pages/inside.py").run()
    assert app.selectbox(key="network").value == network_run.id
    app.selectbox(key="network").set_value("shipped").run()
    app.switch_page("pages/draw.py").run()
    assert app.selectbox(key="network").value == "shipped" and "Ready\\-made network" in badge(app)
    app.selectbox(key="network").set_value(network_run.id).run()
    app.session_state.engine.runs.delete(network_run)
    app.run()
    assert app.selectbox(key="network").value == "shipped" and "that you chose is no longer here" in texts(app)


def test_a_finished_network_is_offered_but_never_chosen_by_itself(app: AppTest, network_run: Run) -> None:
    open_page(app, "draw")
    network_run.update(owner=owner_hash(app.session_state.owner), phase="stopped")
    app.run()
    assert app.selectbox(key="network").value == "shipped"
    assert "network.offer" not in [button.key for button in app.button]
    network_run.update(phase="finished")
    app.run()
    offer = app.button(key="network.offer")
    assert app.selectbox(key="network").value == "shipped" and offer.label.endswith("16 relu, 12.3 %")
    offer.click().run()
    assert app.selectbox(key="network").value == network_run.id
    assert "network.offer" not in [button.key for button in app.button]


def test_a_link_to_a_deleted_run_says_so(app: AppTest) -> None:
    open_page(app, "draw", "20260101-000000-abcdef")
    assert "no longer here" in texts(app) and app.selectbox(key="network").value == "shipped"


def test_an_image_that_is_no_digit_is_reported(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "looks_like_digit", lambda image: False)
    open_page(app, "draw")
    put_on_canvas(app, written(3))
    assert sentence(app).startswith("This does not look like a digit. Closest: a 3")


@pytest.mark.parametrize(
    ("paper", "sentence"),
    [
        (np.zeros((10, 10, 4), np.uint8), "300 x 300"),
        (np.zeros((2000, 2000, 4), np.uint8), "300 x 300"),
        (np.full((300, 300, 4), 255, np.uint8), "inked all over"),
    ],
)
def test_an_invalid_drawing_gives_an_error_sentence(app: AppTest, paper: np.ndarray, sentence: str) -> None:
    open_page(app, "draw")
    put_on_canvas(app, paper)
    assert not app.exception and sentence in app.error[0].value


def test_a_damaged_network_gives_an_error_sentence(app: AppTest, network_run: Run) -> None:
    (network_run.path / "model.onnx").write_bytes(b"\x08\x01broken")
    open_page(app, "draw", network_run)
    put_on_canvas(app, side_by_side(3, 4))
    assert not app.exception and app.error[0].value.endswith(".")


def test_a_stroke_is_read_while_it_is_drawn_together_with_those_before_it(app: AppTest) -> None:
    """A browser's message is received by a callback, which AppTest has none of for components."""
    message = "live.message"
    app.run()
    (whole,) = digit_strokes(3)
    app.session_state[message] = {"number": 1, "points": whole[: len(whole) // 3].tolist()}
    app.run()
    assert sentence(app) != "Draw a digit on the black paper." and "not look like" not in sentence(app)
    app.session_state[message] = {"number": 2, "points": whole.tolist()}
    app.run()
    assert sentence(app).startswith("Looks like a 3 (") and int(np.argmax(bars(app))) == 3
    assert message not in app.session_state, "it holds for one run"
    app.run()
    assert sentence(app) == "Draw a digit on the black paper."

    hat = [[30.0, 30], [230, 28]]
    body = fabric_path([[60.0, 30], [60, 130], [150, 115], [220, 170], [200, 260], [60, 265]])
    app.session_state["canvas"] = {"drawing": {"raw": {"objects": [body]}, "data": None}}
    app.session_state[message] = {"number": 3, "points": (np.array(hat) / 300).tolist()}
    app.run()
    assert not app.exception and sentence(app).startswith("Looks like a 5 (")


@pytest.mark.parametrize("message", [7, {"points": "?"}, {"number": {}, "points": [[0.5, 0.5]] * 999}])
def test_a_forged_stroke_changes_nothing(app: AppTest, message: object) -> None:
    put_on_canvas(app.run(), written(3))
    before = bars(app)
    app.session_state["live.message"] = message
    app.run()
    assert not app.exception and bars(app) == before


def test_clear_empties_the_canvas(app: AppTest) -> None:
    open_page(app, "draw")
    put_on_canvas(app, written(3))
    app.button(key="clear").click().run()
    assert not app.exception and sentence(app) == "Draw a digit on the black paper."


def test_undo_removes_a_stroke_that_arrives_with_the_press(app: AppTest) -> None:
    open_page(app, "draw")
    picture = data_url(written(3))
    app.session_state["canvas"] = {"drawing": {"raw": {"objects": ["first"]}, "data": picture}}
    app.run()
    app.session_state["canvas"] = {"drawing": {"raw": {"objects": ["first", "second"]}, "data": picture}}
    app.button(key="undo").click().run()
    assert app.session_state["canvas"]["drawing"]["raw"]["objects"] == ["first"]


def test_a_changed_stroke_width_is_shown_in_the_steps(app: AppTest) -> None:
    open_page(app, "draw")
    put_on_canvas(app, written(0, pen=60))
    assert "strokes made thinner" in steps(app)
    put_on_canvas(app, written(0))
    assert "strokes made" not in steps(app) and "Cropped" in steps(app)
    app.session_state["canvas"] = json.loads(canvas_value(digit_strokes(3)))
    assert sentence(app.run()).startswith("Looks like a 3")
    assert "drawn again" in steps(app) and not re.search("strokes made|Cropped", steps(app))


def test_toggles_show_the_answers_to_alternative_normalizations(app: AppTest) -> None:
    open_page(app, "draw")
    put_on_canvas(app, written(4))
    assert steps(app).count("<figure") == 6
    app.toggle(key="uncentered").set_value(True).run()
    app.toggle(key="squeezed").set_value(True).run()
    assert steps(app).count("<figure") == 8
    assert re.search(r"Uncentered: .*an? \d \(", steps(app)) and re.search(r"Squeezed: .*an? \d \(", steps(app))


def test_several_digits_are_read_in_order_with_a_box_each(app: AppTest) -> None:
    open_page(app, "draw")
    put_on_canvas(app, side_by_side(4, 2, 0))
    assert not app.exception and sentence(app).startswith("Reads 4 2 0")
    assert int(np.argmax(bars(app))) == 0  # the last one
    assert any("read as 4 2 0" in element.body for element in app.html)
    app.button_group(key="focus.Draw.3").set_value(0).run()
    assert int(np.argmax(bars(app))) == 4


def test_several_networks_read_the_same_drawing(app: AppTest, network_run: Run, runs_directory: Path) -> None:
    other = RunStore(runs_directory).create(TINY, "")
    (other.path / "model.onnx").write_bytes((network_run.path / "model.onnx").read_bytes())
    other.update(phase="finished")
    open_page(app, "draw")
    app.multiselect(key="others").set_value([network_run.id, other.id]).run()
    assert not app.exception and bars(app, "judges") == []
    put_on_canvas(app, written(3))
    assert len(bars(app, "judges")) == 30
    verdict = texts(app).replace("\\", "")  # Markdown escapes
    assert "All 3 networks say 3" in verdict or "They disagree: Ready-made network says 3" in verdict
    (other.path / "model.onnx").unlink()
    put_on_canvas(app, written(4))
    assert not app.exception and len(bars(app, "judges")) == 20  # the others are still shown
    app.selectbox(key="network").set_value(network_run.id).run()
    assert not app.exception and app.multiselect(key="others").value == []  # it is the selected one now


def test_test_digits_can_be_stepped_through_and_filtered_by_label(app: AppTest) -> None:
    open_page(app, "draw")
    dataset = datasets.load()
    app.button_group(key="source").set_value("Test digit").run()
    assert not app.exception and app.session_state.test_at == 0
    assert sentence(app).endswith(
        ("Correct.", f"Wrong: it is a {dataset.y_test[0]}.", f"it is an {dataset.y_test[0]}.")
    )
    app.button(key="test_next").click().run()
    assert app.session_state.test_at == 1
    app.button(key="test_previous").click().run()
    app.button(key="test_previous").click().run()
    assert app.session_state.test_at == len(dataset.y_test) - 1
    app.selectbox(key="test_label").set_value(7).run()
    app.button(key="test_random").click().run()
    assert dataset.y_test[app.session_state.test_at] == 7
    assert app.toggle(key="squeezed").disabled and "come prepared" in texts(app)


def test_test_digits_that_the_network_gets_wrong_are_found(app: AppTest, network_run: Run) -> None:
    open_page(app, "draw", network_run)
    app.button_group(key="source").set_value("Test digit").run()
    app.toggle(key="test_misread").set_value(True).run()
    assert not app.exception and "Wrong: it is" in sentence(app)
    app.button(key="test_next").click().run()
    assert "Wrong: it is" in sentence(app)


def test_misread_digits_come_from_the_evaluation_if_there_is_one(
    app: AppTest, network_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.run()
    found = evaluation.evaluate(network_run.network_file, TINY, datasets.load(), network_run.path)
    monkeypatch.delattr("trainer.analysis.answer.misread")
    open_page(app, "draw", network_run)
    app.button_group(key="source").set_value("Test digit").run()
    app.toggle(key="test_misread").set_value(True).run()
    assert not app.exception and app.session_state.test_at == int(np.flatnonzero(~found.right)[0])


def test_a_photo_is_read_in_order_and_can_be_replaced(app: AppTest) -> None:
    ink = side_by_side(4, 2)[..., 0] / 255
    picture = io.BytesIO()
    Image.fromarray(np.uint8(210 - 170 * ink)).convert("RGB").save(picture, "JPEG")
    open_page(app, "draw")
    app.button_group(key="source").set_value("Photo").run()
    assert sentence(app) == "Choose a photo of digits on paper."
    app.file_uploader(key="photo_taken").set_value(("photo.jpg", picture.getvalue(), "image/jpeg")).run()
    assert not app.exception and sentence(app).startswith("Reads 4 2")
    assert "Your photo" in steps(app)
    app.button(key="photo_again").click().run()
    assert sentence(app) == "Choose a photo of digits on paper."


def test_an_invalid_photo_gives_an_error_sentence(app: AppTest) -> None:
    open_page(app, "draw")
    app.button_group(key="source").set_value("Photo").run()
    app.file_uploader(key="photo_taken").set_value(("photo.jpg", b"no photo", "image/jpeg")).run()
    assert not app.exception and app.error[0].value.endswith(".")


def test_the_selected_input_survives_a_visit_to_another_page(app: AppTest) -> None:
    open_page(app, "draw")
    put_on_canvas(app, written(3))
    app.button_group(key="pen").set_value("Thick").run()
    app.button_group(key="source").set_value("Test digit").run()
    app.button(key="test_next").click().run()
    app.switch_page("pages/train.py").run()
    app.switch_page("pages/draw.py").run()
    assert app.button_group(key="source").value == "Test digit" and app.session_state.test_at == 1
    app.button_group(key="source").set_value("Draw").run()
    assert app.button_group(key="pen").value == "Thick" and sentence(app).startswith("Looks like a 3")


def test_a_labeled_drawing_keeps_the_strokes_of_the_digit_in_focus_and_a_picture_has_none(app: AppTest) -> None:
    open_page(app, "draw")
    two = [line * [0.5, 1] + [place / 2, 0] for place, number in enumerate((4, 7)) for line in digit_strokes(number)]
    app.session_state["canvas"] = json.loads(canvas_value(two))
    app.run()
    label(app, "1 of 2", 7)
    put_on_canvas(app, written(3))
    label(app, "0 of 1", 3)
    drawings = app.session_state.engine.collection(app.session_state.owner).drawings
    assert drawings.labels.tolist() == [7, 3]
    assert [len(lines) for lines in drawings.lines] == [len(digit_strokes(7)), 0]
    assert strokes.image(drawings.lines[0]) == pytest.approx(drawings.images[0] / 255, abs=0.05)


def label(app: AppTest, place: str, digit: int) -> None:
    """Press "I meant", which AppTest cannot: it has no components."""
    drawing = f"{app.session_state['canvas.sheet'].id} {place}"
    app.session_state["meant.press"] = {"drawing": drawing, "digit": digit}
    app.run()
    assert not app.exception


def hand_switch(app: AppTest) -> Any:
    (found,) = [toggle for toggle in app.toggle if toggle.label == "Learn my hand"]
    return found


def test_ten_labeled_drawings_teach_it_a_hand(app: AppTest, ones: np.ndarray) -> None:
    open_page(app, "draw")
    collection = app.session_state.engine.collection(app.session_state.owner)
    paper = written(1)
    collection.add(normalize.from_canvas(paper).image, 7, 1)
    for image in ones[:8]:
        collection.add(image / np.float32(255), 7, 1)
    put_on_canvas(app, paper)
    assert "a 1 (" in sentence(app)
    assert hand_switch(app).disabled and "1 more labeled drawing to go" in texts(app)

    collection.add(ones[8] / np.float32(255), 7, 1)
    app.run()
    hand_switch(app).set_value(True).run()
    assert not app.exception and "a 7 (" in sentence(app)
    gain = re.search(r"With your hand, (\d+) of your 10 drawings are read correctly, without it (\d+)", texts(app))
    assert gain and int(gain[1]) > int(gain[2])

    hand_switch(app).set_value(False).run()
    assert not app.exception and "a 1 (" in sentence(app) and "With your hand" not in texts(app)
