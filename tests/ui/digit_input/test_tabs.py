"""What a page follows while the pen is on the paper."""

import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from harness.browser import digit_strokes
from harness.visitor import fabric_path
from harness.waiting import TIMEOUT_SECONDS

PAGE = """
import streamlit as st
from ui.digit_input import canvas, tabs
from ui.digit_input.inputs import NO_IMAGES, DigitInput

if "rendered" not in st.session_state:
    canvas.clear(tabs.CANVAS_KEY)
if "rendered" not in st.session_state or st.button("Finish the stroke", key="finish"):
    st.session_state.rendered = DigitInput(NO_IMAGES, "Draw a digit.")
with tabs.follow_pen(st.session_state.rendered) as source:
    st.text(f"{'unfinished' if source.is_unfinished else 'finished'}, {len(source.images)}")
"""
(THREE,) = digit_strokes(3)


@pytest.fixture
def page() -> AppTest:
    return AppTest.from_string(PAGE, default_timeout=TIMEOUT_SECONDS).run()


def shown(page: AppTest) -> str:
    assert not page.exception
    return str(page.text[0].value)


def send(page: AppTest, number: int, points: np.ndarray) -> None:
    """Rerun the page as with a browser's message."""
    page.session_state["live.message"] = {"number": number, "points": points.tolist()}
    page.run()


def test_what_the_paper_shows_stays_until_more_is_drawn_or_the_stroke_is_finished(page: AppTest) -> None:
    assert shown(page) == "finished, 0"
    send(page, 1, THREE[:10])
    assert shown(page) == "unfinished, 1"
    page.run()  # by a timer, while the network trains
    assert shown(page) == "unfinished, 1"
    page.button(key="finish").click().run()
    assert shown(page) == "finished, 0"
    page.run()
    assert shown(page) == "finished, 0"


def test_a_message_that_comes_together_with_its_finished_stroke_is_not_followed(page: AppTest) -> None:
    sheet: Any = page.session_state["canvas.sheet"]
    sheet.current = {"raw": {"objects": [fabric_path((300 * THREE).tolist())]}, "data": None}
    send(page, 1, THREE[:-5])
    assert shown(page) == "finished, 0"
    send(page, 2, 1 - THREE)  # the next stroke
    assert shown(page).startswith("unfinished, ")


def test_the_browser_is_answered_after_all_that_the_block_renders(page: AppTest) -> None:
    send(page, 7, THREE)
    text, answer = list(page.main)[-2:]
    assert text.type == "text" and json.loads(answer.proto.json)["answered"] == 7
