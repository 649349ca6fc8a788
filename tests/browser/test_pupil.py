"""A pupil in a browser: joins by a link, draws ten digits with a finger or the keyboard, and deletes everything."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from harness.browser import digit_strokes, ink, settled_page, touch
from harness.server import Server
from harness.waiting import wait_for
from trainer.classroom.classroom import Classroom
from trainer.classroom.classrooms import Classrooms
from trainer.shipped import network as shipped


@pytest.fixture
def classroom(server: Server) -> Classroom:
    return Classrooms(server.runs).open("6b")[0]


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    page = settled_page(browser, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    yield page
    page.close()


def join(page: Page, server: Server, classroom: Classroom, nickname: str = "") -> None:
    page.goto(f"{server.url}/classroom?class={classroom.code}")
    page.get_by_role("textbox", name="Nickname").fill(nickname)
    page.get_by_role("button", name="Join", exact=True).click()
    page.wait_for_url(lambda url: "class=" not in url)


def asked(page: Page) -> int:
    """Return the digit that is asked for, on blank paper."""
    heading = page.get_by_role("heading", name=re.compile("^Draw an? [0-9]$"))
    expect(heading).to_be_visible()
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    wait_for(lambda: ink(page) == 0)
    return int(heading.inner_text()[-1])


def draw_with_finger(page: Page, digit: int) -> None:
    strokes = digit_strokes(digit)
    for place, stroke in enumerate(strokes):
        before = ink(page)
        touch(page, [stroke])
        wait_for(lambda before=before: ink(page) > before)
        assert place < len(strokes)


def expect_drawn(page: Page, count: int) -> None:
    expect(page.get_by_role("status").filter(has_text=re.compile(f"^{count} of 10 drawn"))).to_be_visible()


def test_a_pupil_joins_on_a_phone_draws_ten_digits_and_deletes_everything(
    server: Server, phone: Page, classroom: Classroom
) -> None:
    join(phone, server, classroom, "Zoë")
    expect(phone.get_by_text("You are Zoë, number")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    box = phone.locator("canvas.upper-canvas").bounding_box()
    assert box["width"] == pytest.approx(box["height"]) and box["x"] >= 0 and box["x"] + box["width"] <= 390
    save = phone.get_by_role("button", name="Save and next")
    assert save.bounding_box()["y"] < 844 - 40  # in sight, like the paper

    save.tap()
    expect(phone.get_by_text("The paper must show")).to_be_visible()
    first = asked(phone)
    draw_with_finger(phone, first)
    phone.get_by_role("button", name="Undo").tap()
    if len(digit_strokes(first)) == 1:
        wait_for(lambda: ink(phone) == 0)
    else:
        full = ink(phone)
        wait_for(lambda: ink(phone) <= full)
    phone.get_by_role("button", name="Skip").tap()  # it comes last
    expect(phone.get_by_role("heading", name=re.compile(f"^Draw an? {first}$"))).to_have_count(0)
    for count in range(9):
        digit = asked(phone)
        assert digit != first
        draw_with_finger(phone, digit)
        save.tap()
        if count < 8:
            expect_drawn(phone, count + 1)
    expect(phone.get_by_text(f"Still to draw: {first}.")).to_be_visible()
    phone.get_by_role("button", name=re.compile(f"^Draw an? {first}$")).tap()
    draw_with_finger(phone, asked(phone))
    save.tap()
    expect(phone.get_by_text("Thank you! Your ten digits are in.")).to_be_visible()
    digits = classroom.digits()
    assert np.array_equal(digits.labels, np.arange(10))
    assert (shipped.network().probabilities(digits.inputs).argmax(axis=1) == digits.labels).sum() >= 9
    expect(phone.get_by_role("table")).to_contain_text("Ready-made network")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390

    phone.goto(f"{server.url}/privacy")
    expect(phone.get_by_role("table")).to_contain_text("6b: Zoë, 10 digits")
    phone.get_by_role("button", name="Delete everything now").tap()
    expect(phone.get_by_text("your nickname Zoë and 10 digits in 6b")).to_be_visible()
    phone.get_by_role("button", name="Delete it all").tap()
    expect(phone.get_by_text("Everything is deleted.")).to_be_visible()
    assert classroom.members() == [] and len(classroom.digits().labels) == 0
    phone.goto(f"{server.url}/classroom")
    expect(phone.get_by_role("heading", name="Join a class")).to_be_visible()


def test_a_digit_is_drawn_and_saved_by_keyboard(server: Server, page: Page, classroom: Classroom) -> None:
    join(page, server, classroom)
    first = asked(page)
    page.locator("canvas.upper-canvas").focus()
    for _ in range(2):  # the second paper has the focus without a click
        before = len(classroom.digits().labels)
        asked(page)
        for key in ("ArrowUp", "ArrowUp", "Space", *["ArrowDown"] * 8, *["ArrowRight"] * 4, "Space"):
            page.keyboard.press(key)
        wait_for(lambda: ink(page) > 0)
        page.keyboard.press("Enter")
        expect_drawn(page, before + 1)
        wait_for(lambda: page.evaluate("document.activeElement.shadowRoot?.activeElement?.tagName") == "CANVAS")
    second = asked(page)
    skip = page.get_by_role("button", name="Skip")
    skip.focus()
    page.keyboard.press("Enter")  # presses that button, and does not save
    expect(page.get_by_role("heading", name=re.compile(f"^Draw an? {second}$"))).to_have_count(0)
    expect(page.get_by_text("The paper must show")).to_have_count(0)
    page.get_by_role("button", name=re.compile(f"^Draw an? {first} again$")).click()
    expect(page.get_by_role("heading", name=re.compile(f"^Draw an? {first}$"))).to_be_visible()
    assert len(classroom.digits().labels) == 2
