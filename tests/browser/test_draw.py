"""Draw page in a browser, with real strokes.

Longer than 300 lines because the page has many kinds of input.
"""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from harness.browser import (
    LONG_TRAINING,
    choose_preset,
    digit_strokes,
    draw,
    ink,
    open_form,
    open_from_menu,
    settled_page,
    touch,
    train,
)
from harness.waiting import wait_for
from trainer.drawing import synthetic_digits
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped

BARS = ".st-key-bars .bars"


@pytest.fixture(scope="module")
def twin(server):
    """Return the id of a run whose network is a copy of the ready-made one."""
    run = RunStore(server.runs).create(shipped.CONFIG, "")
    run.network_file.write_bytes(shipped.PATH.read_bytes())
    run.update(phase="finished", test_accuracy=0.99)
    run.describe(name="Twin")
    return run.id


@pytest.fixture
def paper(server, page):
    """The page with a blank canvas; no unfinished stroke was sent together with a finished one."""
    yield open_paper(page, server.url)
    mixed = [message.text for message in page.console_messages() if "fragmentIds" in message.text]
    assert not mixed  # Streamlit would have rerun the fragment of one of them only


def open_paper(page, address):
    page.goto(address)
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Draw a digit on the black paper.")
    return page


def looks_like(number):
    return re.compile(rf"Looks like an? {number} \(")


def expect_answer(page, text):
    expect(page.get_by_role("status")).to_have_text(text)


def shares(page):
    """Return the lengths of the bars in percent."""
    chart = page.locator(BARS)
    expect(chart).to_have_count(1)
    return chart.evaluate("chart => [...chart.querySelectorAll('.bar')].map((bar) => parseFloat(bar.style.width))")


def beside(*numbers):
    """Return the strokes of digits side by side."""
    width, height = 1 / len(numbers), 1 / 2
    return [
        stroke * [width, height] + [place * width, 0.25]
        for place, number in enumerate(numbers)
        for stroke in digit_strokes(number)
    ]


def test_the_ready_made_network_answers_a_new_visitors_first_stroke(server, page):
    open_paper(page, f"{server.url}/draw?run=20260101-000000-abcdef")  # Streamlit serves Draw at / only
    assert page.url == f"{server.url}/?run=20260101-000000-abcdef"
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("no longer here")).to_be_visible()
    page.goto(page.url.partition("?")[0])
    expect(
        page.get_by_text(re.compile(r"Comes with Digit Lab and reads \d\d\.\d % of MNIST's test digits correctly"))
    ).to_be_visible()
    expect(page.get_by_role("combobox", name="Network")).to_have_value(re.compile("Ready-made network, "))
    expect(page.locator(".st-key-frame").get_by_text("Ready-made network")).to_be_visible()
    draw(page, digit_strokes(3))
    expect_answer(page, looks_like(3))

    page.get_by_role("button", name="Present", exact=True).click()
    expect(page.get_by_role("button", name="End the presentation")).to_be_visible()
    assert page.url.endswith("present=1")
    expect(page.get_by_role("link", name="Train", exact=True)).not_to_be_visible()
    expect(page.get_by_role("status")).to_be_visible()
    wait_for(lambda: page.locator(BARS).bounding_box()["height"] == 600)  # twice its size
    page.get_by_role("button", name="End the presentation").click()
    expect(page.get_by_role("link", name="Train", exact=True)).to_be_visible()

    page.get_by_text("Train your own").click()
    expect(page.get_by_role("heading", name="Train a network")).to_be_visible()


def test_bars_sentence_and_steps_follow_the_strokes(paper):
    steps = paper.locator(".strip figure")
    expect(steps).to_have_count(6)
    paper.get_by_role("status").evaluate("sentence => { window.sentence = sentence }")
    place = paper.locator(BARS).bounding_box()
    for number in (3, 7):
        draw(paper, digit_strokes(number))
        expect_answer(paper, looks_like(number))
        assert paper.locator(BARS).bounding_box() == place  # nothing jumps
        lengths = shares(paper)
        assert len(lengths) == 10 and int(np.argmax(lengths)) == number
        expect(paper.get_by_role("figure", name=looks_like(number))).to_be_visible()  # description of the bars
        expect(paper.locator(".strip:not(.empty) figure")).to_have_count(6)
        expect(steps.nth(4)).to_have_text(re.compile("^(Moved |Centered: no move)"))
        paper.get_by_role("button", name="Clear").click()
        expect_answer(paper, "Draw a digit on the black paper.")
    # Screen readers announce changes only in an element that stays.
    assert paper.get_by_role("status").evaluate("sentence => sentence === window.sentence")


def test_the_bars_follow_the_pen_before_it_is_lifted(paper):
    """Until the mouse button is up, the canvas sends nothing by itself."""
    (stroke,) = digit_strokes(3)
    box = paper.locator("canvas.upper-canvas").bounding_box()
    begin, *rest = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
    paper.mouse.move(*begin)
    paper.mouse.down()
    for point in rest[: len(rest) // 3]:
        paper.mouse.move(*point)
    expect(paper.get_by_role("status")).not_to_have_text("Draw a digit on the black paper.")
    assert paper.get_by_role("status").get_attribute("aria-busy") == "true"
    for point in rest[len(rest) // 3 :]:
        paper.mouse.move(*point)
    expect_answer(paper, looks_like(3))
    assert int(np.argmax(shares(paper))) == 3
    paper.mouse.up()
    expect(paper.locator(".strip:not(.empty) figure")).to_have_count(6)
    expect(paper.get_by_role("status")).to_have_attribute("aria-busy", "false")
    expect_answer(paper, looks_like(3))
    paper.get_by_role("button", name="Undo").click()
    expect_answer(paper, "Draw a digit on the black paper.")


def test_toggles_show_the_answers_to_alternative_normalizations(paper):
    draw(paper, [0.3 * stroke for stroke in digit_strokes(4)])
    expect_answer(paper, looks_like(4))
    paper.get_by_text("Without centering").click()
    paper.get_by_text("Whole paper squeezed").click()
    otherwise = paper.locator(".strip .otherwise")
    expect(otherwise).to_have_text(
        [re.compile(r"^Uncentered: [=≠] an? \d \("), re.compile(r"^Squeezed: [=≠] an? \d \(")]
    )
    expect(otherwise.get_by_role("img").first).to_be_visible()


def test_a_scribble_a_dot_and_a_filled_square_are_no_digits(paper):
    scribble = np.random.default_rng(0).uniform(0.05, 0.95, (60, 2))
    dot = np.array([[0.5, 0.5], [0.51, 0.5]])
    square = np.array([[0.3 + 0.4 * (place % 2), 0.3 + 0.03 * place] for place in range(15)])
    for strokes in (scribble, dot, square):
        draw(paper, [strokes])
        expect_answer(paper, re.compile("This does not look like a digit"))
        paper.get_by_role("button", name="Clear").click()
        expect_answer(paper, "Draw a digit on the black paper.")


def test_networks_read_the_same_drawing(twin, paper):
    draw(paper, digit_strokes(2))
    expect_answer(paper, looks_like(2))
    paper.get_by_role("combobox", name="Compare with").click()
    paper.get_by_role("option", name=re.compile("Twin")).click()
    paper.keyboard.press("Escape")
    both = paper.get_by_role("figure", name="Both networks say 2.")
    expect(both).to_be_visible()
    bars, rows = paper.locator(BARS).bounding_box(), both.bounding_box()
    assert rows["y"] < bars["y"] + bars["height"] + 30  # beside the first answer or right below it
    expect(paper.locator(".st-key-judges .barlayer .point")).to_have_count(20)
    paper.get_by_role("button", name="Clear", exact=True).click()
    expect_answer(paper, "Draw a digit on the black paper.")
    draw(paper, digit_strokes(7))
    expect(paper.get_by_role("figure", name="Both networks say 7.")).to_be_visible()


def test_several_digits_are_read_in_order_with_a_box_each(paper):
    draw(paper, beside(4, 2, 0))
    expect_answer(paper, re.compile(r"^Reads 4\?? 2\?? 0\??$"))
    marked = paper.get_by_role("img", name=re.compile("^A box around each digit, read as 4"))
    expect(marked).to_be_visible()
    wait_for(lambda: marked.bounding_box() == paper.locator("canvas.upper-canvas").bounding_box())  # it is drawn anew
    assert int(np.argmax(shares(paper))) == 0
    paper.get_by_role("radio", name="1st").click()
    wait_for(lambda: shares(paper)[4] > 50)


def test_undo_clear_and_the_pen(paper):
    paper.get_by_role("radio", name="Thick").click()
    expect(paper.get_by_role("radio", name="Thick")).to_be_checked()
    one, two = [np.array([[0.5, 0.1], [0.5, 0.9]])], [np.array([[0.1, 0.9], [0.9, 0.9]])]
    draw(paper, one)
    wait_for(lambda: inked(paper) > 3000)
    only_one = inked(paper)
    assert only_one > 0.8 * 240 * 30  # pixels of a thick stroke
    draw(paper, two)
    wait_for(lambda: inked(paper) > only_one)
    paper.get_by_role("button", name="Undo").click()
    wait_for(lambda: inked(paper) == only_one)
    expect_answer(paper, re.compile(r"\d \("))
    paper.keyboard.press("Control+z")
    expect_answer(paper, "Draw a digit on the black paper.")
    wait_for(lambda: inked(paper) == 0)
    draw(paper, one)
    expect_answer(paper, re.compile(r"\d \("))
    paper.keyboard.press("Backspace")
    expect_answer(paper, "Draw a digit on the black paper.")
    for name in ("Undo", "Clear", "Thin", "Test digit"):  # large enough for a finger
        target = paper.get_by_role("radio" if name in ("Thin", "Test digit") else "button", name=name)
        box = target.locator("xpath=ancestor-or-self::*[self::label or self::button][1]").bounding_box()
        assert box["width"] >= 24 and box["height"] >= 24


def test_the_drawing_survives_visits_to_other_pages(paper):
    draw(paper, digit_strokes(3))
    expect_answer(paper, looks_like(3))
    for name, title in (("Look inside", "Look inside"), ("Train", "Train a network")):
        open_from_menu(paper, name)
        expect(paper.get_by_role("heading", name=title)).to_be_visible()
        if name == "Look inside":
            expect(paper.get_by_text(re.compile(r"Looks like a 3 \("))).to_be_visible()
        open_from_menu(paper, "Draw")
        expect_answer(paper, looks_like(3))
        wait_for(lambda: inked(paper) > 100)
    paper.get_by_text("Without centering").click()  # another run: the answer stays
    expect(paper.locator(".strip .otherwise")).to_have_count(1)
    expect_answer(paper, looks_like(3))
    paper.get_by_role("button", name="Undo").click()  # also for strokes of an earlier visit
    expect_answer(paper, "Draw a digit on the black paper." if len(digit_strokes(3)) == 1 else re.compile(r"\d \("))


def test_the_arrow_keys_draw(paper):
    paper.get_by_role("application", name=re.compile("^Paper")).focus()
    for key in ["ArrowUp"] * 9 + ["Space"] + ["ArrowDown"] * 18 + ["Space"]:
        paper.keyboard.press(key)
    expect_answer(paper, re.compile("a 1"))
    assert inked(paper) > 0.8 * 180 * 20  # pixels of a line


def test_labels_of_drawings_are_saved(paper):
    draw(paper, digit_strokes(3))
    expect_answer(paper, looks_like(3))
    paper.get_by_role("button", name="I meant a 3").click()
    expect(paper.get_by_text("1 drawing, 1 read correctly")).to_be_visible()
    paper.get_by_role("button", name="Clear").click()
    expect_answer(paper, "Draw a digit on the black paper.")
    draw(paper, digit_strokes(7))
    expect_answer(paper, looks_like(7))
    expect(paper.get_by_role("button", name="I meant a 1")).to_be_enabled()  # enabled after the bars have changed
    paper.keyboard.press("1")
    expect(paper.get_by_text("2 drawings, 1 read correctly")).to_be_visible()
    expect(paper.get_by_role("link", name="Fine-tune on my drawings")).to_be_visible()


def test_test_digits_work_by_keyboard(paper):
    paper.get_by_role("radio", name="Draw").focus()
    paper.keyboard.press("ArrowRight")
    expect(paper.get_by_role("radio", name="Test digit")).to_be_focused()
    paper.keyboard.press("Space")
    expect_answer(paper, re.compile(r"(Correct|Wrong: it is an? \d)\.$"))
    shown = paper.get_by_role("img", name=re.compile("^A test digit: "))
    before = shown.get_attribute("src")
    paper.get_by_role("button", name="Next").focus()
    paper.keyboard.press("Enter")
    expect(shown).not_to_have_attribute("src", before)
    paper.get_by_role("switch", name="Only misread").or_(paper.get_by_label("Only misread")).first.focus()
    paper.keyboard.press("Space")
    expect_answer(paper, re.compile(r"Wrong: it is an? \d\.$|reads all of these"))


def test_a_photo_is_read(paper):
    ink = synthetic_digits.draw(beside(4, 2), 900, 40)[..., 0] / 255
    light = np.linspace(240, 150, 900)  # from one side
    picture = io.BytesIO()
    Image.fromarray(np.uint8(light * (1 - 0.8 * ink))).convert("RGB").save(picture, "JPEG")
    paper.get_by_text("Photo", exact=True).click()
    chosen = paper.locator("input[type=file]")
    chosen.set_input_files({"name": "note.txt.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(paper.get_by_role("alert")).to_contain_text("must be")
    chosen.set_input_files({"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": picture.getvalue()})
    expect_answer(paper, re.compile(r"^Reads 4\?? 2\??$"))
    expect(paper.get_by_role("img", name=re.compile("^A box around each digit, read as 4"))).to_be_visible()
    paper.get_by_role("button", name="Another photo").click()
    expect_answer(paper, "Choose a photo of digits on paper.")


def test_a_finger_draws_and_the_page_does_not_scroll(server, browser):
    page = settled_page(browser, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    open_paper(page, server.url)
    canvas = page.locator("canvas.upper-canvas")
    box = canvas.bounding_box()
    assert box["width"] == pytest.approx(box["height"]) and 350 < box["width"] <= 358 and box["x"] >= 16
    bars = page.locator(BARS).bounding_box()
    assert bars["y"] < 700  # above the fold, right below the canvas
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
    before = page.evaluate(scrolled)
    touch(page, digit_strokes(7))
    expect_answer(page, looks_like(7))
    assert page.evaluate(scrolled) == before
    page.close()


def test_a_network_answers_while_it_trains(server, browser, page):
    other = settled_page(browser)
    open_form(other, server.url, LONG_TRAINING)
    run_id = train(other)  # it has no network yet
    page.goto(f"{server.url}/?run={run_id}")
    expect(page.get_by_role("combobox", name="Network")).to_have_value("Tutorial B, training")
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    draw(page, digit_strokes(7))
    expect_answer(page, re.compile(r"an? \d \("))
    other.get_by_role("button", name="Stop and keep").click()
    expect(other.get_by_role("button", name="Draw with it")).to_be_visible()
    other.close()


def inked(page):
    """Return the number of white pixels on the canvas."""
    expect(page.locator("canvas.dc-canvas.lower-canvas")).to_be_visible()
    return ink(page)


def test_digits_are_followed_from_the_canvas_to_the_curves(paper):
    page = paper
    draw(page, digit_strokes(3))
    page.get_by_role("button", name="I meant a 3").click()
    page.get_by_role("button", name="Follow this digit").click()
    expect(page.get_by_role("button", name="Stop following")).to_be_visible()

    page.get_by_role("link", name="Train", exact=True).click()
    asked = page.get_by_test_id("stPopoverBody")
    yours = page.get_by_role("button", name="Followed digits")
    yours.click()
    expect(asked.get_by_role("button", name="a 3")).to_be_visible()
    draw(page, digit_strokes(7))
    expect(asked.get_by_role("radio", name="7")).to_be_enabled()

    def survives_closing():
        page.keyboard.press("Escape")
        expect(asked).not_to_be_visible()
        yours.click()
        return inked(page) > 100

    wait_for(survives_closing)  # repeated, since the server may merge two quick clicks
    asked.get_by_role("radio", name="7").click()
    expect(asked.get_by_role("button", name="a 7")).to_be_visible()
    page.keyboard.press("Escape")

    choose_preset(page, "Tutorial B", epochs=1)
    train(page)
    figure = page.get_by_role("figure", name=re.compile("a 3: read as an? [0-9] .*a 7: read as an? [0-9] "))
    expect(figure).to_be_visible()
