"""Look inside page in a browser: the picture of a network, every view of a drawing, and a phone's width."""

import re

import numpy as np
from playwright.sync_api import expect

from harness.browser import LONG_TRAINING, digit_strokes, draw, open_form, settled_page, train
from harness.waiting import wait_for
from trainer.runs.store import RunStore
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


def test_the_answer_and_the_picture_follow_the_pen_and_keep_their_place(server, page):
    """Until the mouse button is up, the canvas sends nothing by itself."""
    page.goto(f"{server.url}/inside")
    answer = answer_on(page)
    expect(answer).to_have_text(re.compile("Until then, you see a test digit"))
    page.get_by_role("button", name=re.compile(r"^Filter \d+ of Convolution 3:")).first.click()
    chosen = page.get_by_role("heading", name=re.compile(r"^Filter \d+ of Convolution 3$"))
    expect(chosen).to_be_visible()
    title, tiles = chosen.inner_text(), names_of_tiles(page)
    paper, pressed = page.locator("canvas.upper-canvas"), page.get_by_role("button", pressed=True)
    expect(pressed).to_have_count(1)
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop = 40")
    for name, element in (("paper", paper), ("tile", pressed), ("answer", answer)):
        element.evaluate(f"element => {{ window.{name} = element }}")

    (stroke,) = digit_strokes(3)
    box = paper.bounding_box()
    begin, *rest = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
    page.mouse.move(*begin)
    page.mouse.down()
    for point in rest[: len(rest) // 3]:
        page.mouse.move(*point)
    expect(answer).to_have_text(re.compile(r"an? \d \("))
    expect(answer).to_have_attribute("aria-busy", "true")
    for point in rest[len(rest) // 3 :]:
        page.mouse.move(*point)
    expect(answer).to_have_text(re.compile(r"a 3 \("))
    expect(page.get_by_role("button", name=re.compile("^Output 3: (>99|9\\d) %"))).to_be_visible()
    assert names_of_tiles(page) == tiles and chosen.inner_text() == title
    for name, element in (("paper", paper), ("tile", pressed), ("answer", answer)):
        assert element.evaluate(f"element => element === window.{name}"), name
    assert paper.bounding_box() == box
    page.get_by_role("radio", name="Contributions").evaluate("choice => choice.click()")  # the mouse is busy
    expect(page.get_by_text("The numbers shown are rounded")).to_have_count(1)
    expect(answer).to_have_attribute("aria-busy", "true")

    page.mouse.up()
    expect(answer).to_have_attribute("aria-busy", "false")
    expect(answer).to_have_text(re.compile(r"^Looks like a 3 \("))
    expect(page.get_by_text("The numbers shown are rounded")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(answer).to_have_text(re.compile("Until then, you see a test digit"))
    # No unfinished stroke was sent together with a finished one: Streamlit would rerun the fragment of one of them.
    assert not [message.text for message in page.console_messages() if "fragmentIds" in message.text]


def test_a_stroke_stays_in_sight_while_the_network_trains(server, browser, page):
    other = settled_page(browser)
    open_form(other, server.url, LONG_TRAINING)
    run = RunStore(server.runs).get(train(other))
    wait_for(lambda: run.state.phase == "running" and run.network_file.exists())
    page.goto(f"{server.url}/inside?run={run.id}")
    answer, outputs = answer_on(page), page.get_by_role("button", name=re.compile(r"^Output \d: "))
    expect(answer).to_have_text(re.compile("Until then, you see a test digit"))
    box = page.locator("canvas.upper-canvas").bounding_box()
    (stroke,) = digit_strokes(3)
    for place, (x, y) in enumerate(stroke):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if place == 0:
            page.mouse.down()
    expect(answer).to_have_attribute("aria-busy", "true")
    for _ in range(3):  # the first change may still be the last point's
        before = names(outputs)
        wait_for(lambda before=before: names(outputs) != before)  # the network has been replaced
        assert answer.get_attribute("aria-busy") == "true" and "test digit" not in answer.inner_text()
    page.mouse.up()
    expect(answer).to_have_attribute("aria-busy", "false")
    assert "test digit" not in answer.inner_text()
    other.close()


def names(buttons):
    return buttons.evaluate_all("buttons => buttons.map((button) => button.ariaLabel)")


def answer_on(page):
    return page.locator(".st-key-inside-head").get_by_role("status")


def names_of_tiles(page):
    """Return the names of the maps that the picture shows, without their values."""
    tiles = names(page.get_by_role("button", name=re.compile(r"^Filter \d+ of Convolution")))
    return [name.partition(":")[0] for name in tiles]


def test_several_digits_have_a_box_each_and_one_is_looked_at(server, page):
    page.goto(f"{server.url}/inside")
    expect(page.get_by_text("Until then, you see a test digit")).to_be_visible()
    draw(page, [stroke * [0.5, 1] + [at, 0] for number, at in ((4, 0), (7, 0.5)) for stroke in digit_strokes(number)])
    marked = page.get_by_role("img", name=re.compile("^A box around each digit, read as 4"))
    expect(marked).to_be_visible()
    paper = page.locator("canvas.upper-canvas")
    wait_for(lambda: marked.bounding_box() == paper.bounding_box())  # it is drawn anew
    expect(answer_on(page)).to_have_text(re.compile(r"a 7 \("))
    page.get_by_role("radio", name="1st").click()
    expect(answer_on(page)).to_have_text(re.compile(r"a 4 \("))


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
