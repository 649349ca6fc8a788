"""Draw: write a digit and see what a network says."""

import time
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.delta_generator import DeltaGenerator
from streamlit_drawable_canvas import CanvasResult, st_canvas

from trainer import UserError, charts, digit
from trainer.inference import Network
from trainer.runs import Run

if "engine" not in st.session_state:  # the first page a fresh server shows runs without app.py
    st.switch_page("app.py", query_params={**st.query_params.to_dict(), "page": "draw"})

CANVAS = 300  # pixels a side, the same on a phone
PEN = 20
ANSWER = 456  # pixels wide, beside the canvas, or less on a phone
VIEW = 196  # pixels a side of what the network sees: 7 for each of its 28
NEWEST = 100  # networks to choose from

# The canvas waits 200 ms after the pen was lifted; its own button "Update the app" does not wait, so press that.
# Should a later version name it otherwise, the canvas still sends its drawing by itself.
send_at_once = st.components.v2.component(
    "digit_lab_send_at_once",
    js="""export default () => {
        const lifted = ["mouseup", "touchend", "touchcancel"];  // pointerup comes before the stroke is on the canvas
        let canvas = null;
        const down = (event) => {
            canvas = event.composedPath().find((node) => node instanceof HTMLCanvasElement);
        };
        const up = () => {
            const button = canvas?.getRootNode().querySelector('[aria-label="Update the app with this drawing"]');
            canvas = null;
            if (button) setTimeout(() => button.click());
        };
        addEventListener("pointerdown", down, true);
        lifted.forEach((name) => addEventListener(name, up, true));
        return () => {
            removeEventListener("pointerdown", down, true);
            lifted.forEach((name) => removeEventListener(name, up, true));
        };
    }""",
)


@dataclass
class Drawing:
    """What is on the paper. It stays while another page is looked at, which the canvas itself does not."""

    begun: dict[str, Any]  # what the canvas began with: where this changes, it begins anew
    now: dict[str, Any]  # as the canvas sent it: "raw", its strokes, and "data", its pixels


def clear() -> None:
    begun = {"objects": [], "sheet": uuid4().hex}  # like no other, so that the canvas takes it for a new beginning
    st.session_state.drawing = Drawing(begun, {"raw": begun, "data": None})
    st.session_state.canvas = {"drawing": st.session_state.drawing.now}


def ask_for_drawing() -> CanvasResult:
    """Show the paper and return what is on it."""
    if "drawing" not in st.session_state:
        clear()
    drawing = st.session_state.drawing
    if "canvas" not in st.session_state:  # back from another page
        drawing.begun = drawing.now["raw"]
        st.session_state.canvas = {"drawing": drawing.now}
    canvas = st_canvas(
        stroke_width=PEN,
        stroke_color="#ffffff",
        background_color="#000000",
        width=CANVAS,
        height=CANVAS,
        initial_drawing=drawing.begun,
        return_image_data=True,
        key="canvas",
    )
    drawing.now = st.session_state.canvas["drawing"]
    st.button(
        "Clear",
        on_click=clear,
        icon=":material/delete:",
        shortcut="Backspace",
        help="Take a clean sheet. Undo is above the paper.",
        width="stretch",
        key="clear",
    )
    return canvas


def pixels(canvas: CanvasResult) -> np.ndarray | None:
    """Return the canvas's pixels, (height, width, 4) uint8; a browser sent them, so they are measured first."""
    try:
        png = canvas.image_bytes
        if png is None:
            return None
        image = Image.open(BytesIO(png), formats=["PNG"])
        if image.size != (CANVAS, CANVAS):
            raise ValueError(image.size)
        return np.asarray(image.convert("RGBA"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(
            f"A drawing must be a PNG image of {CANVAS} x {CANVAS} pixels (got something else): press Clear."
        ) from error


@st.cache_resource(max_entries=20, show_spinner=False)
def load_network(path: Path, changed: int) -> Network:
    return Network(path)


def network_of(run: Run) -> Network:
    """Return the run's network as it is now: while it trains, its file is replaced every few seconds."""
    path = run.network
    if path is None:
        raise UserError("A network must be there to answer (got a run that has none any more): choose another.")
    return load_network(path, path.stat().st_mtime_ns)


def ago(seconds: float) -> str:
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if number := int(seconds // length):
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"


def labels(runs: list[Run]) -> dict[str, str]:
    """Return each run's text in the choice; no two are alike, since Streamlit tells options apart by their text."""
    seen: Counter[str] = Counter()
    texts = {}
    for run in runs:
        state = run.state
        accuracy = f", {100 * state.test_accuracy:.1f} %" if state.test_accuracy is not None else ""
        when = ago(time.time() - run.created) if state.ended else "training"
        text = f"{run.name}{accuracy}, {when}"
        seen[text] += 1
        texts[run.id] = f"{text} ({seen[text]})" if seen[text] > 1 else text
    return texts


def follow_choice() -> None:
    st.query_params["run"] = st.session_state.network


def choose_network() -> Run | None:
    """Ask which network answers: the one that the URL names, else the newest, until another is chosen."""
    store = st.session_state.engine.runs
    asked = store.get(st.query_params.get("run", ""))
    trained = [run for run in store.runs() if run.network]
    runs = trained[:NEWEST] + [run for run in trained[NEWEST:] if asked and run.id == asked.id]
    texts = labels(runs)
    chosen = None
    if runs:
        # Set anew each time, since the texts change with time and the browser knows its choice by its text only.
        begin = asked.id if asked and asked.id in texts else runs[0].id
        st.session_state.network = st.session_state.get("network", begin)
        chosen = st.selectbox(
            "Network",
            texts,
            format_func=lambda run_id: texts.get(run_id, run_id),
            on_change=follow_choice,
            help="Which of the networks trained so far answers, and how many of the test digits it reads.",
            key="network",
        )
    if asked and asked.id not in texts and not asked.state.ended:
        await_network(asked)
    elif runs and "run" in st.query_params and not (asked and asked.id in texts):
        st.caption("The network that the link names is no longer here.")
    return next((run for run in runs if run.id == chosen), None)


@st.fragment(run_every=1.0)
def await_network(run: Run) -> None:
    """Wait for the network of a run that has only begun, then let it answer."""
    if run.network:
        st.session_state.network = run.id
    if run.network or run.state.ended:
        st.rerun()
    st.caption(f"{run.name} has only begun to learn: it answers here some seconds from now.")


def two_columns(vertical_alignment: str) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return two places, side by side where both have room, else one above the other.

    Columns of Streamlit's would shrink, and cut the canvas off.
    """
    row = st.container(horizontal=True, gap="medium", vertical_alignment=vertical_alignment)
    return row.container(width=CANVAS), row.container(width=ANSWER)


@st.fragment
def draw(run: Run | None) -> None:
    """Show the paper and, after each stroke, the answer; a stroke runs this alone again."""
    left, right = two_columns("top")
    with left:
        canvas = ask_for_drawing()
    steps = None
    with right:
        try:
            rgba = pixels(canvas)
            steps = None if rgba is None else digit.from_canvas(rgba)
            if rgba is not None and steps is None and rgba[..., :3].any():
                raise UserError("A digit needs some paper around it (this one is inked all over): press Clear.")
            show_answer(run, steps)
        except UserError as error:
            st.error(str(error))
    st.space("xsmall")
    left, right = two_columns("center")
    left.image(charts.digit_view(steps), width=VIEW, alt="The drawing as 28 × 28 pixels, its box and its centre")
    right.subheader("What the network sees", anchor=False)
    right.markdown(
        "28 × 28 pixels, no more. Your digit is fitted into a box of 20 × 20 :blue[(blue)] and moved until its centre "
        "of mass :orange[(orange cross)] lies in the middle, where the grey lines meet, as the digits it learned from "
        "were. So draw it where and as large as you like."
    )


def show_answer(run: Run | None, steps: digit.Steps | None) -> None:
    if run is None:
        st.info("No network has been trained yet. The first one you train answers here.")
        st.page_link("pages/train.py", label="Train a network", icon=":material/model_training:")
        return
    network = network_of(run)  # also for blank paper, so that the first stroke need not wait for it
    probabilities = None if steps is None else network.probabilities(steps.image[None])[0]
    sentence = charts.probability_sentence(probabilities)
    st.plotly_chart(charts.probability_bars(probabilities), config={"staticPlot": True}, alt=sentence, key="bars")
    st.markdown(f"##### {sentence}")


left, right = two_columns("bottom")
left.title("Draw a digit", anchor=False)
with right:
    run = choose_network()
st.space("xsmall")  # for the canvas's own tools, which appear above it
draw(run)
send_at_once()
