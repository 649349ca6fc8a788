"""Every page that reads a drawing reads its strokes: here the paper's pixels show another digit."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from harness.browser import digit_strokes
from harness.visitor import data_url, fabric_path
from tests.support.apps import open_page, texts
from trainer.drawing import synthetic_digits
from trainer.drawing.strokes import Strokes
from trainer.runs.run import Run
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped

PIXELS = data_url(synthetic_digits.draw(digit_strokes(7), 300, 20))


def make_twin(runs_directory: Path) -> Run:
    """Return a run whose network is a copy of the ready-made one."""
    run = RunStore(runs_directory).create(shipped.CONFIG, "")
    run.network_file.write_bytes(shipped.PATH.read_bytes())
    run.update(phase="finished", test_accuracy=0.99)
    return run


def put_on(app: AppTest, *drawn: np.ndarray, key: str = "canvas", side: int = 300) -> Strokes:
    """Put strokes on a canvas as a browser does, with the pixels of a 7."""
    lines = [side * line for line in drawn]
    objects = [fabric_path(line.tolist()) for line in lines]
    app.session_state[key] = {"drawing": {"raw": {"objects": objects}, "data": PIXELS}}
    app.run()
    assert not app.exception and not app.error
    return Strokes(lines, [20.0] * len(lines), side)


def shown(app: AppTest) -> str:
    """Return all texts of the page and the sentence that follows the pen."""
    live = [str(element.proto.json) for element in app.get("bidi_component") if "live_text" in str(element.proto)]
    return "\n".join([texts(app), *live]).replace("\\", "")


def test_draw_and_its_comparison_after_undo(app: AppTest, runs_directory: Path) -> None:
    twin = make_twin(runs_directory)
    open_page(app, "draw")
    app.multiselect(key="others").set_value([twin.id]).run()
    put_on(app, *(stroke * [0.6, 1] for stroke in digit_strokes(3)), np.array([[0.9, 0.1], [0.9, 0.5], [0.9, 0.9]]))
    assert "Reads 3 1" in shown(app)
    app.button(key="undo").click().run()
    assert "Looks like a 3 (" in shown(app) and "Both networks say 3" in shown(app)


def test_look_inside(app: AppTest) -> None:
    open_page(app, "inside")
    put_on(app, *digit_strokes(3))
    assert "Looks like a 3 (" in shown(app)


def test_compare(app: AppTest, runs_directory: Path) -> None:
    app.run()
    app.query_params.update({"runs": ",".join(make_twin(runs_directory).id for _ in range(2)), "view": "drawing"})
    app.switch_page("pages/compare.py").run()
    put_on(app, *digit_strokes(3))
    assert "Both networks say 3" in shown(app)


def test_what_is_followed_and_labeled(app: AppTest) -> None:
    open_page(app, "draw")
    steps = put_on(app, *digit_strokes(3)).whole
    assert steps is not None
    app.session_state["meant.press"] = {"drawing": f"{app.session_state['canvas.sheet'].id} 0 of 1", "digit": 3}
    app.run()
    app.button(key="follow").click().run()
    (followed,) = app.session_state.pins
    (saved,) = app.session_state.engine.collection(app.session_state.owner).images
    for image in (followed.image, saved):
        assert image == pytest.approx(steps.image, abs=0.05)


def test_what_is_followed_from_trains_own_canvas(app: AppTest) -> None:
    open_page(app, "train")
    app.session_state["your_digits"] = True
    app.run()
    steps = put_on(app, *digit_strokes(3), key="your_digit", side=210).whole
    assert steps is not None
    app.button_group(key="your_digit_is").set_value(3).run()
    (followed,) = app.session_state.pins
    assert followed.image == pytest.approx(steps.image, abs=0.05)
