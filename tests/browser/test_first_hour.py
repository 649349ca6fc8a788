"""A newcomer's first hour in a browser: the whole job by keyboard, and an error understood by mouse."""

import re
from dataclasses import replace

from playwright.sync_api import Locator, Page, expect

from harness.browser import choose_preset, digit_strokes, draw, open_form
from trainer.config.presets import PRESETS

SHORT = replace(PRESETS["tutorial_b"].config, epochs=1, training_examples=2_000)
MAX_KEYS, MAX_CLICKS = 25, 12
FINISHED = re.compile("^Finished: .* read correctly")
ANSWER = re.compile(r"\d %")


def answer(page: Page) -> Locator:
    return page.locator(".st-key-draw-sentence")


def button(page: Page, name: str) -> Locator:
    return page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True)


def test_the_whole_job_takes_few_keys(server, page):
    keys = []

    def press(key, times=1):
        keys.extend([key] * times)
        for _ in range(times):
            page.keyboard.press(key)

    def move_to(control):
        expect(control).to_be_enabled()
        while not control.evaluate("control => control === document.activeElement"):
            press("Tab")
            assert len(keys) < MAX_KEYS, keys

    open_form(page, server.url, SHORT)
    move_to(button(page, "Train"))
    press("Enter")
    expect(page.get_by_text(FINISHED)).to_be_visible()
    move_to(button(page, "Draw with it"))
    press("Enter")
    expect(page.get_by_role("application", name=re.compile("^Paper"))).to_be_focused()
    press("Space")
    press("ArrowDown", times=6)
    press("Space")
    expect(answer(page)).to_contain_text(ANSWER)
    assert len(keys) < MAX_KEYS, keys


def test_an_error_is_understood_after_few_clicks(server, page):
    clicks = []

    def click(control):
        clicks.append(str(control))
        control.click()

    page.goto(server.url)
    draw(page, digit_strokes(0))
    clicks.append("a zero, drawn in one stroke")
    expect(answer(page)).to_contain_text(ANSWER)
    click(page.get_by_role("link", name="Train", exact=True))
    choose_preset(page, "Tutorial B", epochs=1)  # in ten times as many it would only be longer
    clicks.extend(["the list of lessons", "Tutorial B"])
    click(button(page, "Train"))
    expect(page.get_by_text(FINISHED)).to_be_visible()
    click(button(page, "Evaluate"))
    click(page.get_by_role("radio", name="Hardest"))
    click(button(page, "Why is the first one misread?"))
    expect(page.get_by_role("heading", name="Look inside")).to_be_visible()
    expect(page.get_by_role("radio", name="Why")).to_be_checked()
    expect(page.get_by_role("img", name=re.compile("^A test digit:"))).to_be_visible()
    assert len(clicks) <= MAX_CLICKS, clicks
