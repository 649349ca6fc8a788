"""Fingers, palms and pens on the paper."""

import re

import pytest
from playwright.sync_api import expect

from harness.browser import digit_strokes, draw, settled_page, thinned

HINT = "Draw a digit on the black paper."
A_THREE = re.compile(r"^Looks like a 3 \(")


class Contacts:
    """What touches the paper of a phone; a point is x and y from 0 to 1 and optionally an id and a radius in pixels."""

    def __init__(self, page):
        self.page, self._chromium = page, page.context.new_cdp_session(page)
        self._box = page.locator("canvas.upper-canvas").bounding_box()

    def touch(self, kind, *points):
        touches = [self._place(*point[:2]) | dict(zip(("id", "radiusX"), point[2:], strict=False)) for point in points]
        self._chromium.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": touches})

    def draw(self, stroke, *others):
        """Draw a stroke with a finger while others touch the paper, without lifting it."""
        first, *rest = stroke.tolist()
        self.touch("Start", *others, (*first, 0))
        for point in rest:
            self.touch("Move", *others, (*point, 0))

    def pen(self, kind, point, **button):
        self._chromium.send(
            "Input.dispatchMouseEvent", {"type": f"mouse{kind}", "pointerType": "pen", **self._place(*point), **button}
        )

    def _place(self, x, y):
        return {"x": self._box["x"] + x * self._box["width"], "y": self._box["y"] + y * self._box["height"]}


@pytest.fixture
def contacts(server, browser):
    page = settled_page(browser, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(server.url)
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text(HINT)
    yield Contacts(page)
    page.context.close()


@pytest.fixture
def three():
    (stroke,) = digit_strokes(3)
    return thinned(stroke)


def expect_three(page):
    """Wait for the answer to the finished stroke."""
    status = page.get_by_role("status")
    expect(status).to_have_text(A_THREE)
    expect(status).to_have_attribute("aria-busy", "false")
    expect(page.locator(".strip:not(.empty) figure")).to_have_count(6)


@pytest.mark.parametrize("radius", [10, 60])
def test_a_palm_that_rests_before_the_finger_draws_leaves_nothing(contacts, three, radius):
    palm = (0.85, 0.95, 7, radius)
    contacts.touch("Start", palm)
    contacts.draw(three, palm)
    contacts.touch("End")
    expect_three(contacts.page)


def test_a_palm_that_comes_while_the_finger_draws_leaves_nothing(contacts, three):
    palm = (0.85, 0.95, 7, 10)
    contacts.draw(three[:8])
    for point in three[8:].tolist():
        contacts.touch("Move", (*point, 0), palm)
    contacts.touch("End")
    expect_three(contacts.page)


def test_a_wide_contact_and_a_tap_draw_nothing(contacts, three):
    contacts.touch("Start", (0.2, 0.2, 7, 60))
    contacts.touch("Move", (0.8, 0.8, 7, 60))
    contacts.touch("End")
    contacts.touch("Start", (0.7, 0.9))
    contacts.touch("End")
    contacts.draw(three)
    contacts.touch("End")
    expect_three(contacts.page)


def test_a_canceled_touch_keeps_its_stroke_which_is_read(contacts, three):
    contacts.draw(three)
    contacts.touch("Cancel")
    expect_three(contacts.page)
    contacts.page.get_by_role("button", name="Undo").click()
    expect(contacts.page.get_by_role("status")).to_have_text(HINT)
    contacts.draw(three)  # the next finger draws again
    contacts.touch("End")
    expect_three(contacts.page)


def test_a_pen_replaces_what_a_finger_has_begun(contacts, three):
    contacts.touch("Start", (0.2, 0.9))
    contacts.touch("Move", (0.8, 0.9))
    first, *rest = three.tolist()
    contacts.pen("Moved", first)
    contacts.pen("Pressed", first, button="left", buttons=1, clickCount=1)
    for point in rest:
        contacts.pen("Moved", point, button="left", buttons=1)
    contacts.pen("Released", rest[-1], button="left", clickCount=1)
    contacts.touch("End")
    expect_three(contacts.page)


def test_a_finger_does_nothing_while_a_pen_is_near(contacts, three):
    contacts.page.locator("canvas.upper-canvas").evaluate(
        """(paper, points) => {
            const { left, top, width, height } = paper.getBoundingClientRect();
            const send = (type, pointerType, [x, y]) => {
                const place = { clientX: left + x * width, clientY: top + y * height, pointerId: 9, button: 0 };
                paper.dispatchEvent(new PointerEvent(type, { pointerType, ...place, bubbles: true, composed: true }));
            };
            send("pointermove", "pen", points[0]); // hovers
            send("pointerdown", "touch", points[0]);
            for (const point of points) send("pointermove", "touch", point);
            send("pointerup", "touch", points[1]);
        }""",
        [[0.1, 0.9], [0.9, 0.9]],
    )
    draw(contacts.page, [three])
    expect_three(contacts.page)


@pytest.mark.parametrize("page_name", ["draw", "inside"])
def test_a_screen_of_320_pixels_shows_the_whole_paper(server, browser, page_name):
    page = settled_page(browser, viewport={"width": 320, "height": 568}, has_touch=True, is_mobile=True)
    page.goto(f"{server.url}/{page_name}")
    paper = page.locator("canvas.upper-canvas")
    expect(paper).to_be_visible()
    box, frame = paper.bounding_box(), page.locator(".st-key-paper").bounding_box()
    assert 270 <= box["width"] <= 288 and box["x"] == pytest.approx(16, abs=1)
    assert frame["width"] >= box["width"] - 1, "nothing is cut off"
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.context.close()
