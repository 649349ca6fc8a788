"""The Evaluate page in a browser: clicks and taps on the confusion matrix, glossary links, and the width of a phone."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect

from harness.browser import open_from_menu, settled_page
from harness.server import Server
from harness.waiting import wait_for
from trainer.analysis import evaluation
from trainer.data import datasets
from trainer.shipped import network as shipped


@pytest.fixture(scope="module", autouse=True)
def found(server: Server, digits, tmp_path_factory) -> evaluation.Evaluation:
    """The evaluation of the ready-made network, saved where the server reads it."""
    dataset = datasets.load(path=digits)
    return evaluation.evaluate(shipped.PATH, shipped.CONFIG, dataset, server.runs / "shipped")


def open_matrix(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/evaluate")
    expect(page.locator(".js-plotly-plot .point")).to_have_count(100)


PLACE = """nth => {
    const square = document.querySelectorAll(".js-plotly-plot .point")[nth];
    square?.scrollIntoView({ block: "center" });
    const box = square?.getBoundingClientRect();
    return box ? [box.x + box.width / 2, box.y + box.height / 2] : null;
}"""


IDLE = "() => new Promise(resolve => requestIdleCallback(() => requestIdleCallback(resolve)))"


def middle(page: Page, label: int, read_as: int) -> tuple[float, float]:
    """Return the center of a square of the matrix once it is in view and has stopped moving."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_have_count(1)
    page.evaluate(IDLE)  # the squares are drawn again after a click, and one in between is lost
    places = [None]
    wait_for(lambda: places.append(page.evaluate(PLACE, 10 * label + read_as)) or places[-1] == places[-2] is not None)
    return tuple(places[-1])


@pytest.mark.parametrize("finger", (False, True))
def test_one_click_or_tap_on_a_square_shows_its_images(
    browser: Browser, server: Server, found: evaluation.Evaluation, finger: bool
) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = settled_page(browser, **(phone if finger else {}))
    open_matrix(page, server)
    for label, read_as in ((3, 3), (8, 8), (0, 1)):
        what = f"{label} read correctly" if label == read_as else f"{label} read as {read_as}"
        count = int(found.confusion[label, read_as])
        shown = page.get_by_text(f"{what}: {count:,} of")

        def select(shown=shown, label=label, read_as=read_as):
            (page.touchscreen.tap if finger else page.mouse.click)(*middle(page, label, read_as))
            with suppress(TimeoutError):
                shown.wait_for(timeout=20_000)
            return shown.count() == 1

        wait_for(select)  # a click while the squares are drawn again is lost
        expect(page.locator(".sheet img")).to_have_count(min(40, count))
    page.close()


def test_a_glossary_link_keeps_the_session(page: Page, server: Server) -> None:
    open_matrix(page, server)
    page.get_by_role("radio", name="By class", exact=True).click()
    page.get_by_role("link", name="recall", exact=True).click()
    expect(page).to_have_url(re.compile(r"learn\?term=recall$"))
    expect(page.get_by_text("the share that the network predicts as 7").first).to_be_visible()
    expect(page.get_by_role("button", name="Close")).to_be_visible()
    open_from_menu(page, "Evaluate")
    expect(page.locator(".by-class")).to_be_visible()  # the view is still selected
    assert page.context.pages[-1] == page


def test_each_view_fits_a_phone(browser, server: Server) -> None:
    page = settled_page(browser, viewport={"width": 390, "height": 844})
    open_matrix(page, server)
    for name, shown in (
        ("Random sample", ".sheet figure"),
        ("Hardest images", ".sheet figure"),
        ("By class", ".by-class"),
        ("Calibration", ".js-plotly-plot"),
    ):
        page.get_by_role("radio", name=name, exact=True).click()
        expect(page.locator(shown).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        main = "document.querySelector('[data-testid=stMain]')"
        assert page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")
    page.close()
