"""Look inside page in a browser: every view of a drawing, and a phone's width."""

import re

from playwright.sync_api import expect

from harness.browser import digit_strokes, draw


def test_every_view_shows_a_drawing_and_it_is_turned_into_another_digit(server, page):
    page.goto(f"{server.url}/inside")
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    expect(page.get_by_text("what happens inside the network")).to_be_visible()
    draw(page, digit_strokes(3))
    expect(page.get_by_text(re.compile(r"Looks like a 3 \("))).to_be_visible()
    expect(page.locator(".inside-layer").filter(has=page.get_by_role("heading", name="output"))).to_have_count(1)
    for view, seen in (
        ("Units", "with its bias"),
        ("Weights", "weights from"),
        ("Contributions", "The numbers shown are rounded"),
        ("Why", "A gray square of"),
    ):
        page.get_by_role("radio", name=view, exact=True).click()
        expect(page.get_by_text(seen)).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Turn it into")).click()
    expect(page.get_by_text(re.compile("enough: the network reads the changed image"))).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_a_phone_needs_no_horizontal_scrolling(server, page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/inside")
    page.get_by_role("radio", name="Test digit").click()
    for view, seen in (("Layers", "The probabilities."), ("Contributions", "The numbers shown are rounded")):
        page.get_by_role("radio", name=view, exact=True).click()
        expect(page.get_by_text(seen)).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
