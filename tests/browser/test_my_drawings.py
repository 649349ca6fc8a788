"""I meant a ...: one's own drawings in a browser, from the first press to a network that learned them."""

import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from harness.browser import calm_page, digit, draw, train
from trainer.drawing.collection import CELL
from trainer.shipped import network as shipped


def meant(page, number):
    return page.get_by_role("button", name=f"I meant {'an' if number == 8 else 'a'} {number}", exact=True)


def counted(page, words):
    expect(page.locator(".st-key-meant").get_by_text(words)).to_be_visible()


def draw_next(page, number):
    """Draw a digit on a clean sheet."""
    page.get_by_role("button", name="Clear").click()
    expect(meant(page, 0)).to_be_disabled()
    draw(page, digit(number))
    all_read(page, number)


def all_read(page, number):
    """Wait until the server has read the last stroke as well, and has shown what it says."""
    expect(page.get_by_role("status").get_by_text(re.compile(rf"an? {number} \("))).to_be_visible()
    expect(meant(page, 0)).to_be_enabled()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


@pytest.fixture
def paper(server, page):
    """A new visitor's page, with a 7 on the paper."""
    page.goto(server.url)
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    expect(meant(page, 0)).to_be_disabled()
    draw(page, digit(7))
    all_read(page, 7)
    return page


def test_one_press_keeps_a_drawing_and_another_corrects_it(server, paper, browser):
    meant(paper, 1).click()
    counted(paper, "1 drawn, 0 right")
    expect(meant(paper, 1)).to_have_attribute("aria-pressed", "true")
    paper.get_by_role("heading", level=1).click()
    paper.keyboard.press("7")
    counted(paper, "1 drawn, 1 right")
    meant(paper, 7).press("Enter")  # takes it back
    expect(paper.locator(".st-key-meant").get_by_text("drawn")).to_have_count(0)
    paper.keyboard.press("7")
    draw_next(paper, 3)
    expect(meant(paper, 7)).to_have_attribute("aria-pressed", "false")
    meant(paper, 3).click()
    counted(paper, "2 drawn, 2 right")

    paper.reload()
    counted(paper, "2 drawn, 2 right")
    other = calm_page(browser)
    other.goto(server.url)
    expect(other.get_by_role("button", name="My drawings")).to_be_disabled()
    other.close()


def test_digits_that_are_typed_into_a_field_are_no_answer(paper):
    field = paper.get_by_role("combobox", name="Network")
    field.click()
    paper.keyboard.type("3")
    paper.keyboard.press("Escape")
    draw_next(paper, 4)
    meant(paper, 4).click()
    counted(paper, "1 drawn, 1 right")


def test_drawings_are_taken_along_and_deleted(paper, tmp_path):
    meant(paper, 7).click()
    counted(paper, "1 drawn, 1 right")
    draw_next(paper, 3)
    meant(paper, 3).click()
    counted(paper, "2 drawn, 2 right")
    paper.get_by_role("button", name="My drawings").click()
    saved = {}
    for kind in ("npz", "PNG"):
        with paper.expect_download() as download:
            paper.get_by_role("button", name=kind, exact=True).click()
        saved[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[kind])
    with np.load(saved["npz"], allow_pickle=False) as arrays:
        assert arrays["images"].shape == (2, 28, 28) and arrays["labels"].tolist() == [7, 3] == arrays["said"].tolist()
    with Image.open(saved["PNG"]) as sheet:
        assert sheet.height == 2 * CELL

    paper.mouse.move(0, 0)  # away from the last button: its tooltip lies over the drawings below
    paper.get_by_role("button", name="3", exact=True).click()
    counted(paper, "1 drawn, 1 right")
    paper.get_by_role("button", name="Delete all").click()
    paper.get_by_role("button", name="Delete them").click()
    expect(paper.get_by_role("button", name="My drawings")).to_be_disabled()


def test_a_network_learns_them_and_goes_on_answering(server, paper, browser):
    meant(paper, 7).click()
    counted(paper, "1 drawn, 1 right")
    paper.get_by_role("button", name="My drawings").click()
    paper.get_by_role("link", name="Fine-tune a network on them").click()
    expect(paper.get_by_text(f"Goes on from {shipped.NAME} with your 1 drawing")).to_be_visible()
    epochs = paper.get_by_role("spinbutton", name="Epochs")
    expect(epochs).to_have_value("3")
    epochs.fill("1")
    run_id = train(paper)
    expect(paper.get_by_text("Your drawings, which it learned from: 1 of 1 right before")).to_be_visible()
    other = calm_page(browser)
    other.goto(f"{server.train}?run={run_id}")
    expect(other.get_by_text("Its owner's drawings, which it learned from: 1 of 1 right before")).to_be_visible()
    other.close()
    paper.get_by_role("button", name="Train further").click()
    expect(paper.get_by_text(re.compile("Goes on from .*, continued with your 1 drawing"))).to_be_visible()
    paper.get_by_role("button", name="Draw with it").click()
    expect(paper.get_by_role("combobox", name="Network")).to_have_value(re.compile("continued"))
