import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_train import RESULT
from tests.serving import choose, digit, draw, new_page, train


@pytest.fixture(scope="module")
def reader(server, browser):
    """The address of Draw with a network that a user has trained, one that reads well."""
    page = new_page(browser)
    page.goto(server.url)
    choose(page, "Small CNN", epochs=1)
    run_id = train(page)
    expect(page.get_by_text(RESULT)).to_be_visible()
    page.close()
    return f"{server.url}/draw?run={run_id}"


def test_draw_first_on_a_fresh_server(start, page):
    page.goto(f"{start().url}/draw?run=20260101-000000-abcdef")
    expect(page.get_by_role("heading", name="Draw a digit", exact=True)).to_be_visible()
    expect(page.get_by_text("No network has been trained yet")).to_be_visible()
    expect(page.get_by_role("link", name="Train", exact=True)).to_be_visible()
    assert "run=20260101-000000-abcdef" in page.url
    page.get_by_text("Train a network").click()
    expect(page.get_by_role("heading", name="Train a network")).to_be_visible()


@pytest.mark.parametrize("number", [3, 7])
def test_a_drawn_digit_wins(reader, page, number):
    page.goto(reader)
    expect(page.get_by_text("Draw a digit on the black paper.")).to_be_visible()
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    draw(page, digit(number))
    expect(page.get_by_text(re.compile(f"(Looks like|Could be) a {number} "))).to_be_visible()
    bars = page.evaluate("[...document.querySelector('.js-plotly-plot').data[0].x]")
    assert len(bars) == 10 and bars.index(max(bars)) == number


def test_clear_and_draw_again(reader, page):
    page.goto(reader)
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    draw(page, digit(3))
    expect(page.get_by_text(re.compile("(Looks like|Could be) a 3 "))).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Draw a digit on the black paper.")).to_be_visible()
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    draw(page, digit(7))
    expect(page.get_by_text(re.compile("(Looks like|Could be) a 7 "))).to_be_visible()


def test_a_drawing_stays_while_other_pages_are_looked_at(reader, page):
    page.goto(reader)
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    draw(page, digit(3))
    expect(page.get_by_text(re.compile("(Looks like|Could be) a 3 "))).to_be_visible()
    page.get_by_role("link", name="Train", exact=True).click()
    expect(page.get_by_role("heading", name="Train a network")).to_be_visible()
    page.get_by_role("link", name="Draw", exact=True).click()
    expect(page.get_by_text(re.compile("(Looks like|Could be) a 3 "))).to_be_visible()


def test_a_network_can_be_drawn_with_while_it_trains(server, reader, browser, page):
    other = new_page(browser)
    other.goto(server.url)
    choose(other, "Tutorial B", epochs=200)
    run_id = train(other)  # its network is not there yet
    page.goto(f"{server.url}/draw?run={run_id}")
    expect(page.get_by_role("combobox", name="Network")).to_have_value("Tutorial B, training")
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    draw(page, digit(7))
    expect(page.get_by_text(re.compile("(Looks like|Could be) an? [0-9] "))).to_be_visible()
    other.get_by_role("button", name="Stop").click()
    expect(other.get_by_text(RESULT)).to_be_visible()
    other.close()


def test_a_phone_has_the_whole_canvas(reader, browser):
    page = browser.new_page(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page.goto(reader)
    canvas = page.locator("canvas.upper-canvas")
    expect(canvas).to_be_visible()
    box = canvas.bounding_box()
    assert box["width"] >= 280 and box["x"] >= 0 and box["x"] + box["width"] <= 390
    page.close()
