"""The Evaluate page in a real browser: what a click on the matrix shows, and that a phone has room for it."""

import pytest
from playwright.sync_api import Page, expect

from tests.serving import Server, new_page
from trainer import datasets, evaluation, shipped


@pytest.fixture(scope="module", autouse=True)
def found(server: Server, digits, tmp_path_factory) -> evaluation.Evaluation:
    """What the shipped network says, kept where the server looks for it."""
    dataset = datasets.load(path=digits)
    return evaluation.make(shipped.PATH, shipped.CONFIG, dataset, server.runs / "shipped")


def open_matrix(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/evaluate")
    expect(page.locator(".js-plotly-plot .point")).to_have_count(100)


def press(page: Page, label: int, read_as: int) -> None:
    """Press a square of the matrix in its middle."""
    square = page.locator(".js-plotly-plot .point").nth(10 * label + read_as)
    square.scroll_into_view_if_needed()
    box = square.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_a_click_on_a_square_shows_its_images(page: Page, server: Server, found: evaluation.Evaluation) -> None:
    open_matrix(page, server)
    for label, read_as in ((3, 3), (8, 8), (0, 1)):
        press(page, label, read_as)
        what = f"{label} read right" if label == read_as else f"{label} read as {read_as}"
        count = int(found.confusion[label, read_as])
        expect(page.get_by_text(f"{what}: {count:,} of")).to_have_count(1)
        expect(page.locator(".sheet img")).to_have_count(min(40, count))


def test_each_side_fits_a_phone(browser, server: Server) -> None:
    page = new_page(browser, viewport={"width": 390, "height": 844})
    open_matrix(page, server)
    for name, shown in (
        ("Expected and predicted", ".sheet figure"),
        ("Hardest", ".sheet figure"),
        ("One by one", ".by-class"),
        ("How sure", ".js-plotly-plot"),
    ):
        page.get_by_role("radio", name=name, exact=True).click()
        expect(page.locator(shown).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        main = "document.querySelector('[data-testid=stMain]')"
        assert page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")
    page.close()
