"""Charts that update in place in a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from harness.server import Server
from harness.waiting import wait_for

GROWING = """
import streamlit as st
from trainer.analysis.learning_curves import learning_curves
from ui.components.plot import plot

@st.fragment(run_every=0.3)
def watch():
    lines = st.session_state.setdefault("lines", [])
    step = len(lines) + 1
    lines.append({"kind": "batch", "step": step, "loss": 1 / step, "accuracy": 1 - 1 / step})
    ends = [{"kind": "epoch", "step": 1, "accuracy": 0.3, "val_accuracy": 0.4}]
    plot(learning_curves(lines + ends, 1, 100, "accuracy"), "curve.accuracy", f"step {step}")

watch()
"""
HIDE_PLOTLY = "Object.defineProperty(window, 'Plotly', {get() {}, set() {}})"
BLANKS = """() => {
    window.blanks = 0;
    const look = () => {
        if (!document.querySelector(".scatterlayer .js-line")?.getAttribute("d")) blanks++;
        requestAnimationFrame(look);
    };
    look();
}"""


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Server]:
    """Serve a page with a chart that grows all the time."""
    directory = tmp_path_factory.mktemp("growing")
    script = directory / "growing.py"
    script.write_text(GROWING)
    with Server(directory / "runs", app=script) as server:
        yield server


def open_chart(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.wait_for_selector(".js-plotly-plot .scatterlayer .js-line", state="attached")
    grow(page)


def points(page: Page) -> int:
    return page.evaluate("document.querySelector('.js-plotly-plot')?.data?.[0].x?.length ?? 0")


def grow(page: Page) -> None:
    """Wait until the chart has grown by a few points."""
    before = points(page)
    wait_for(lambda: points(page) > before + 2)


def hovered(page: Page) -> str:
    return " ".join(page.locator(".js-plotly-plot .hoverlayer text").all_text_contents())


def test_a_chart_grows_in_place_and_keeps_its_hover(growing: Server, page: Page) -> None:
    open_chart(page, growing)
    page.evaluate("window.chart = document.querySelector('.js-plotly-plot')")
    page.evaluate(BLANKS)
    box = page.locator(".js-plotly-plot .nsewdrag").bounding_box()
    assert box
    for x in (4, 5):
        page.mouse.move(box["x"] + x, box["y"] + 90)
    wait_for(lambda: "training" in hovered(page))
    text = hovered(page)
    grow(page)
    assert hovered(page) == text
    assert page.evaluate("chart === document.querySelector('.js-plotly-plot') && blanks === 0")


def test_a_curve_hidden_in_the_legend_stays_hidden(growing: Server, page: Page) -> None:
    open_chart(page, growing)
    page.locator(".js-plotly-plot .legendtoggle").first.click()
    shown = "document.querySelector('.js-plotly-plot').data.map((trace) => trace.visible ?? true)"
    wait_for(lambda: page.evaluate(shown)[0] == "legendonly")
    grow(page)
    assert page.evaluate(shown) == ["legendonly", True]


def test_a_chart_follows_theme_and_width_and_has_a_description(growing: Server, page: Page) -> None:
    open_chart(page, growing)
    paper = "document.querySelector('.js-plotly-plot')._fullLayout.paper_bgcolor"
    light = page.evaluate(paper)
    page.emulate_media(color_scheme="dark")
    wait_for(lambda: page.evaluate(paper) != light)
    page.set_viewport_size({"width": 390, "height": 800})
    wait_for(lambda: page.evaluate("document.querySelector('.js-plotly-plot').layout.width") <= 390)
    grow(page)
    assert page.evaluate(paper) != light
    assert (page.get_by_role("figure").get_attribute("aria-label") or "").startswith("step ")


def test_a_chart_still_grows_if_it_cannot_be_updated_in_place(growing: Server, page: Page) -> None:
    page.add_init_script(HIDE_PLOTLY)
    open_chart(page, growing)
