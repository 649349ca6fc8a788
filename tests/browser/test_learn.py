"""The Learn page in a browser: lessons, tutorials, glossary links, and the width of a phone."""

import re

from playwright.sync_api import Page, expect


def open_lesson(page: Page, server, place: int) -> None:
    page.goto(f"{server.url}/learn?lesson={place}")
    expect(page.get_by_role("heading", name=re.compile(rf"^{place}\."))).to_have_count(1)


def test_lessons_follow_each_other_and_have_links(server, page):
    open_lesson(page, server, 2)
    expect(page.get_by_role("figure", name="20 of 40 points on the correct side.")).to_have_count(1)
    page.get_by_role("button", name="20 steps").click()
    expect(page.get_by_role("figure", name="40 of 40 points on the correct side.")).to_have_count(1)
    page.get_by_role("button", name=re.compile("Next: Layers")).click()
    expect(page.get_by_role("heading", name="3. What do layers contain?")).to_have_count(1)
    expect(page).to_have_url(re.compile("lesson=3"))
    page.reload()
    expect(page.get_by_role("heading", name="3. What do layers contain?")).to_have_count(1)


def test_a_step_of_gradient_descent_is_shown(server, page):
    open_lesson(page, server, 6)
    expect(page.get_by_text("before the first step")).to_be_visible()
    page.get_by_role("button", name="One step").click()
    expect(page.get_by_text("in step 1 the loss fell by")).to_be_visible()
    expect(page.get_by_alt_text("weights of 7", exact=True)).to_be_visible()
    expect(page.get_by_role("figure", name=re.compile("The loss over 1 step,"))).to_have_count(1)


def test_a_kernel_slides_over_a_digit_and_its_weights_are_edited(server, page):
    open_lesson(page, server, 9)
    total = page.locator(".sum")
    expect(total).to_contain_text("Row 8, column 10: the nine products add up to")
    image = page.locator("canvas.image")
    image.press("ArrowRight")
    expect(total).to_contain_text("Row 8, column 11:")
    box = image.bounding_box()
    image.hover(position={"x": 3.5 * box["width"] / 28, "y": 5.5 * box["height"] / 28})
    expect(total).to_contain_text("Row 4, column 2:")
    for place in range(9):
        weight = page.get_by_label(f"Weight in row {place // 3}, column {place % 3}")
        weight.fill("0")
        weight.press("Enter")
        expect(page.get_by_text("Your own kernel.")).to_be_visible()
    expect(total).to_contain_text("add up to 0. relu makes it 0;")
    slide = page.get_by_role("button", name="Slide the kernel")
    # started, and stopped before its first step
    shown = slide.evaluate("button => { button.click(); const text = button.textContent; button.click(); return text }")
    assert shown == "Stop"
    expect(slide).to_be_visible()
    expect(total).to_contain_text("Row 4, column 2:")
    slide.click()
    expect(total).to_contain_text("Row 25, column 25:")  # its end
    expect(slide).to_be_visible()


def test_a_tutorial_opens_on_train(server, page):
    open_lesson(page, server, 7)
    page.get_by_role("radio", name="Tutorial B").click()
    expect(page.get_by_text("7,960 parameters")).to_be_visible()
    page.get_by_role("link", name="Open in Train").click()
    expect(page.get_by_role("heading", name="Train a network")).to_be_visible()
    expect(page.get_by_role("combobox", name="Lesson")).to_have_value("Tutorial B")


def test_the_link_to_a_tutorials_program_scrolls_to_it(server, page):
    open_lesson(page, server, 7)
    page.get_by_role("link", name="Full program").click()
    code = page.locator(".st-key-code").get_by_test_id("stCode")
    expect(code).to_contain_text("batch_size=500")
    expect(code).to_be_in_viewport()


def test_terms_and_lessons_fit_a_phone(server, page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{server.url}/learn?term=epoch")
    expect(page.get_by_text("One pass through all training digits").first).to_be_visible()
    for place in range(1, 10):
        open_lesson(page, server, place)
        expect(page.get_by_role("button", name=re.compile("Next:|Previous:")).first).to_be_visible()
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


def test_a_related_term_opens_in_the_same_session(server, page):
    open_lesson(page, server, 1)
    page.get_by_role("button", name="Let chance guess 100 times").click()
    counted = page.get_by_role("cell", name=re.compile(r"^\d+ of 100$"))
    expect(counted).to_have_count(1)
    page.get_by_role("tab", name="Glossary").click()
    page.get_by_role("link", name="validation", exact=True).first.click()
    expect(page.get_by_role("button", name="Close")).to_be_visible()
    expect(page).to_have_url(re.compile("term=validation"))
    page.get_by_role("tab", name="Lessons").click()
    expect(counted).to_have_count(1)  # the state of the lesson is kept
    assert page.context.pages[-1] == page
