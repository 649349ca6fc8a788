"""Look inside page in a browser: the picture of a network, every view of a drawing, and a phone's width."""

import re

import numpy as np
from playwright.sync_api import expect

from harness.browser import digit_strokes, draw
from trainer.shipped import network as shipped


def test_every_view_shows_a_drawing_and_it_is_turned_into_another_digit(server, page):
    page.goto(f"{server.url}/inside")
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    expect(page.get_by_text("Until then, you see a test digit")).to_be_visible()
    draw(page, digit_strokes(3))
    expect(page.get_by_text(re.compile(r"Looks like a 3 \(")).first).to_be_visible()
    answer = page.get_by_role("button", name=re.compile("^Output 3: (>99|9\\d) %"))
    answer.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Output for a 3")).to_be_visible()
    expect(answer).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("button", name=re.compile("^Output 2: "))).to_be_focused()
    for view, seen in (
        ("Weights", "weights from"),
        ("Contributions", "The numbers shown are rounded"),
        ("Why", "A gray square of"),
    ):
        page.get_by_role("radio", name=view, exact=True).click()
        expect(page.get_by_text(seen)).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Turn it into")).click()
    expect(page.get_by_text(re.compile("enough: the network reads the changed image"))).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_a_filter_is_computed_place_by_place_and_a_phone_needs_no_horizontal_scrolling(server, page, digits):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/inside")
    page.get_by_role("radio", name="Test digit").click()
    with np.load(digits) as arrays:
        image = arrays["x_test"][:1] / np.float32(255)
    outputs = shipped.network().layers(image)
    tile = page.get_by_role("button", name=re.compile(r"^Filter \d+ of Convolution 2:")).first
    unit = int(re.search(r"\d+", tile.get_attribute("aria-label")).group())
    tile.click()
    expect(page.get_by_role("heading", name=f"Filter {unit} of Convolution 2")).to_be_visible()
    place = page.get_by_text(re.compile(r"^row \d+, column \d+$"))
    for _ in range(2):
        row, column = map(int, re.findall(r"\d+", place.inner_text()))
        shown = re.search(r"(?:=|Sum:) (−?[\d.]+)", page.locator("p.sum").inner_text()).group(1)
        name = next(row.name for row in shipped.CONFIG.table[4:] if row.name.startswith("conv2d"))
        assert abs(float(shown.replace("−", "-")) - outputs[name][0, row, column, unit]) < 0.006
        page.get_by_role("button", name="One step back").click()
    page.get_by_role("button", name="Play").click()
    expect(place).not_to_have_text(f"row {row}, column {column}")
    page.get_by_role("button", name="Pause").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("radio", name="Contributions", exact=True).click()
    expect(page.get_by_text("The numbers shown are rounded")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
