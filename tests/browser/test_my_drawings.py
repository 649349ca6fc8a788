"""My drawings in a browser: from the first label to a network that was fine-tuned on them."""

import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from harness.browser import digit_strokes, draw, settled_page, train
from trainer.drawing import synthetic_digits
from trainer.drawing.collection import CELL, Collection
from trainer.drawing.strokes import Strokes
from trainer.runs.owner import owner_hash
from trainer.shipped import network as shipped


def meant(page, number):
    return page.get_by_role("button", name=f"I meant {'an' if number == 8 else 'a'} {number}", exact=True)


def counted(page, words):
    expect(page.locator(".st-key-meant").get_by_text(words)).to_be_visible()


def draw_next(page, number):
    """Clear the canvas and draw a digit."""
    page.get_by_role("button", name="Clear").click()
    expect(meant(page, 0)).to_be_disabled()
    draw(page, digit_strokes(number))
    all_read(page, number)


def all_read(page, number):
    """Wait until the page shows the answer to the last stroke."""
    expect(page.get_by_role("status").get_by_text(re.compile(rf"an? {number} \("))).to_be_visible()
    expect(meant(page, 0)).to_be_enabled()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


@pytest.fixture
def paper(server, page):
    """Open the page as a new visitor and draw a 7."""
    page.goto(server.url)
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    expect(meant(page, 0)).to_be_disabled()
    draw(page, digit_strokes(7))
    all_read(page, 7)
    return page


def test_a_press_labels_a_drawing_and_another_corrects_it(server, paper, browser):
    meant(paper, 1).click()
    counted(paper, "1 drawing, 0 read correctly")
    expect(meant(paper, 1)).to_have_attribute("aria-pressed", "true")
    paper.get_by_role("heading", level=1).click()
    paper.keyboard.press("7")
    counted(paper, "1 drawing, 1 read correctly")
    meant(paper, 7).press("Enter")  # removes the label
    expect(paper.locator(".st-key-meant").get_by_text("read correctly")).to_have_count(0)
    paper.keyboard.press("7")
    draw_next(paper, 3)
    expect(meant(paper, 7)).to_have_attribute("aria-pressed", "false")
    meant(paper, 3).click()
    counted(paper, "2 drawings, 2 read correctly")

    paper.reload()
    counted(paper, "2 drawings, 2 read correctly")
    other = settled_page(browser)
    other.goto(server.url)
    expect(other.get_by_role("button", name="My drawings")).to_be_disabled()
    other.close()


def test_digits_typed_into_a_field_are_no_labels(paper):
    field = paper.get_by_role("combobox", name="Network")
    field.click()
    paper.keyboard.type("3")
    paper.keyboard.press("Escape")
    draw_next(paper, 4)
    meant(paper, 4).click()
    counted(paper, "1 drawing, 1 read correctly")


def test_drawings_are_downloaded_and_deleted(paper, tmp_path):
    meant(paper, 7).click()
    counted(paper, "1 drawing, 1 read correctly")
    draw_next(paper, 3)
    meant(paper, 3).click()
    counted(paper, "2 drawings, 2 read correctly")
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

    shown = paper.get_by_role("dialog").get_by_role("img", name="Your drawing of a")
    expect(shown).to_have_count(2)
    paper.get_by_role("button", name="Delete the drawing of a 3").click()
    expect(shown).to_have_count(1)
    paper.get_by_role("button", name="Delete all").click()
    paper.get_by_role("button", name="Delete them").click()
    expect(paper.get_by_text("There are no drawings any more.")).to_be_visible()
    paper.keyboard.press("Escape")
    expect(paper.get_by_role("button", name="My drawings")).to_be_disabled()


def test_a_network_is_fine_tuned_on_them_twice(server, paper, browser):
    meant(paper, 7).click()
    counted(paper, "1 drawing, 1 read correctly")
    paper.get_by_role("button", name="My drawings").click()
    paper.get_by_role("link", name="Fine-tune on my drawings").click()
    expect(paper.get_by_text(f"Continues from {shipped.NAME} with your 1 drawing")).to_be_visible()
    epochs = paper.get_by_role("spinbutton", name="Epochs")
    expect(epochs).to_have_value("3")
    epochs.fill("1")
    run_id = train(paper)
    expect(paper.get_by_text("Your drawings in this training: 1 of 1 read correctly before")).to_be_visible()
    other = settled_page(browser)
    other.goto(f"{server.train}?run={run_id}")
    expect(other.get_by_text("Its owner's drawings in this training: 1 of 1 read correctly before")).to_be_visible()
    other.close()
    paper.get_by_role("button", name="Continue training").click()
    expect(
        paper.get_by_text(re.compile("Continues from .*, (continued|fine-tuned) with your 1 drawing"))
    ).to_be_visible()
    paper.get_by_role("button", name="Draw with it").click()
    expect(paper.get_by_role("combobox", name="Network")).to_have_value(re.compile("continued|fine-tuned"))


def test_ten_labeled_drawings_teach_it_a_hand(server, page):
    """Somebody's 7 is a 1 to everybody else; nine were labeled in an earlier visit."""
    me = "h" * 32
    saved = Collection(server.runs / "drawings" / owner_hash(me))
    for number in range(9):
        strokes = synthetic_digits.pen_strokes(7, np.random.default_rng(number))
        lines = [300 * line for line in strokes]
        saved.add(Strokes(lines, [20.0] * len(lines), 300).whole.image, 1, 7)
    page.context.add_cookies([{"name": "digit_lab_owner", "value": me, "url": server.url}])
    page.goto(server.url)
    expect(page.get_by_text("1 more labeled drawing to go")).to_be_visible()
    expect(page.get_by_role("switch", name="Learn my hand")).to_be_disabled()
    draw(page, digit_strokes(7))
    all_read(page, 7)
    meant(page, 1).click()
    page.get_by_text("Learn my hand").click()
    all_read(page, 1)
    expect(page.get_by_text(re.compile("^With your hand, .* of your 10 drawings are read correctly"))).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(meant(page, 0)).to_be_disabled()
    draw(page, [stroke * 0.7 + 0.1 for stroke in digit_strokes(7)])  # smaller
    all_read(page, 1)
    page.get_by_text("Learn my hand").click()
    all_read(page, 7)
