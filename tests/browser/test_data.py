"""The Data page in a browser: image grid, enlarged image and map, by mouse and by keyboard."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect


@pytest.fixture
def data(server, page):
    page.goto(f"{server.url}/data")
    expect(page.locator(".sheet button")).to_have_count(100)
    selected = page.locator(".sheet button[aria-pressed=true]").get_attribute("title")
    number = re.search(r"training image ([\d,]+)", selected)[1].replace(",", "")
    expect(training_image(page)).to_have_value(number)  # the field is first drawn with its lowest value
    return page


def training_image(page):
    return page.get_by_role("spinbutton", name="Training image")


def view(page, name):
    page.get_by_test_id("stMain").get_by_role("radio", name=name, exact=True).click()


def test_a_click_or_enter_enlarges_an_image_of_this_or_another_hundred(data):
    buttons = data.locator(".sheet button")
    for place, select in ((57, lambda button: button.click()), (58, lambda button: button.press("Enter"))):
        if place == 58:
            buttons.nth(57).press("ArrowRight")
            expect(buttons.nth(58)).to_be_focused()
        select(buttons.nth(place))
        label, number = re.fullmatch(
            r"(\d): training image ([\d,]+)", buttons.nth(place).get_attribute("title")
        ).groups()
        expect(training_image(data)).to_have_value(number.replace(",", ""))
        expect(data.get_by_text(f"The label is the number {label}.")).to_be_visible()
        expect(buttons.nth(place)).to_have_attribute("aria-pressed", "true")
    first = buttons.first.get_attribute("title")
    data.get_by_role("button", name="Another hundred").click()
    expect(buttons.first).not_to_have_attribute("title", first)


def test_a_pixel_is_marked_in_the_flattened_row_and_the_other_way_round(data, digits):
    with np.load(digits) as arrays:
        image = arrays["x_train"][int(training_image(data).input_value())]
    grid, row, values = data.locator("canvas.grid"), data.locator("canvas.row"), data.locator(".values")
    box = grid.bounding_box()
    grid.hover(position={"x": 12.5 * box["width"] / 28, "y": 7.5 * box["height"] / 28})
    expect(values).to_contain_text(f"Row 7, column 12: value {image[7, 12]},")
    expect(values).to_contain_text("7 × 28 + 12 = number 208 of 784.")
    grid.press("ArrowDown")
    expect(values).to_contain_text("Row 8, column 12:")
    box = row.bounding_box()
    row.hover(position={"x": 363.5 * box["width"] / 784, "y": 15})
    expect(values).to_contain_text(f"Row 12, column 27: value {image[12, 27]},")
    row.press("ArrowRight")
    expect(values).to_contain_text("Row 13, column 0:")
    flight = data.locator("canvas.flight")  # the copies of the rows that fly to the flattened one
    expect(flight).to_be_hidden()  # whoever prefers less motion sees them only on request
    data.get_by_role("button", name="Unroll").click()
    expect(flight).to_be_visible()


def test_the_map_shows_the_selected_image(data):
    view(data, "Map")
    chart, caption = data.locator("canvas.map"), data.locator(".selected p")
    expect(caption).to_contain_text(": training image")
    data.get_by_role("button", name="7", exact=True).click()
    expect(caption).to_contain_text("7: training image")
    before = caption.inner_text()
    chart.press("ArrowRight")
    expect(caption).not_to_have_text(before)
    expect(caption).to_contain_text("7: training image")
    data.get_by_role("button", name="All", exact=True).click()
    for part in (0.1, 0.9):
        box = chart.bounding_box()
        chart.hover(position={"x": part * box["width"], "y": 0.5 * box["height"]})
        expect(caption).not_to_have_text(before)
        before = caption.inner_text()


def test_an_uploaded_data_set_can_be_trained_on(data, tmp_path):
    chance = np.random.default_rng(0)
    x, y = chance.integers(0, 256, (300, 16, 16, 3), np.uint8), np.arange(300) % 10
    np.savez(tmp_path / "mine.npz", x_train=x[:200], y_train=y[:200], x_test=x[200:], y_test=y[200:])
    (tmp_path / "broken.npz").write_bytes(b"nothing")
    data.get_by_role("button", name="Upload data").click()
    upload = data.locator("input[type=file]")
    expect(upload).to_have_count(1)
    upload.set_input_files(tmp_path / "broken.npz")
    expect(data.get_by_text("broken.npz must be an npz file")).to_be_visible()
    upload.set_input_files(tmp_path / "mine.npz")
    expect(data.get_by_text("200 training images and 100 test images")).to_be_visible()
    expect(data.get_by_role("radio", name="green")).to_be_visible()
    data.keyboard.press("Escape")
    data.get_by_role("link", name="Train on it").click()
    expect(data.get_by_role("heading", name="Train a network")).to_be_visible()


def test_every_view_fits_a_phone(server, page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/data")
    for name in ("Single images", "Whole data set", "Split", "Map"):
        view(page, name)
        expect(page.get_by_role("radio", name=name, exact=True)).to_be_checked()
        main = page.get_by_test_id("stMain")
        assert main.evaluate("main => main.scrollWidth <= main.clientWidth")
