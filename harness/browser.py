"""Chromium, and the actions of a user on the app's pages."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Locator, Page, TimeoutError, expect, sync_playwright

import run
from harness.waiting import TIMEOUT_SECONDS
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.drawing import synthetic_digits
from ui.entry import PAGES

NO_CHROMIUM = "no Chromium was found"
RUNNING = "[data-testid=stApp][data-test-script-state=running]"
LONG_TRAINING = replace(PRESETS["tutorial_b"].config, batch_size=1, epochs=200, training_examples=3_000)  # minutes
expect.set_options(timeout=1000 * TIMEOUT_SECONDS)

find_chromium = cache(lambda: run.find_chromium(Path(sys.executable)))


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """Run Chromium until the end of the block; exit with a message and status 2 if there is none."""
    if not (path := find_chromium()):
        print(f"{NO_CHROMIUM.capitalize()}: install one with `python run.py browser`.", file=sys.stderr)
        sys.exit(2)
    arguments = ["--disable-dev-shm-usage", "--process-per-site"]  # a context's pages share what they have compiled
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium refuses to run as root otherwise
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Open a browser context, which the server sees as another visitor."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 1000}, **options})
    context.set_default_timeout(1000 * TIMEOUT_SECONDS)
    return context


def new_page(browser: Browser, **options: Any) -> Page:
    """Open a page in a new browser context."""
    return new_context(browser, **options).new_page()


def settled_page(browser: Browser, **options: Any) -> Page:
    """Open a settled page in a new browser context."""
    return settle(new_page(browser, **options))


def settle(page: Page) -> Page:
    """Let a page's actions and expectations wait until no script runs, except `evaluate` and the mouse.

    While a script runs, the page mixes old and new elements, and a click on an old one may be lost.
    """
    page.add_locator_handler(page.locator(RUNNING), lambda: None)  # waits until this is gone, also before each retry
    return page


def open_from_menu(page: Page, title: str) -> None:
    """Open a page of the app by its title in the menu."""
    section = next(one.section for one in PAGES if one.title == title)
    if section:
        page.get_by_role("button", name=section, exact=True).click()
    page.get_by_role("menuitem" if section else "link", name=title, exact=True).click()


def open_form(page: Page, address: str, config: TrainingConfig) -> None:
    """Open Train with a configuration, by its link on the server at an address."""
    page.goto(f"{address}/train?config={config.to_link()}")
    expect(page.get_by_role("spinbutton", name="Epochs")).to_have_value(str(config.epochs))


def choose_preset(page: Page, preset: str, epochs: int | None = None) -> None:
    """Choose a lesson, a preset by its title, on Train, and optionally the number of epochs."""
    box = page.get_by_role("combobox", name="Lesson")
    field = page.get_by_role("spinbutton", name="Epochs")
    expect(field).to_be_visible()
    if box.input_value() != preset:
        old_form = field.element_handle()
        _choose_option(page, box, preset)
        old_form.wait_for_element_state("hidden")  # it would swallow the next input
    default = next(one.config.epochs for one in PRESETS.values() if one.title == preset)
    expect(field).to_have_value(str(default))
    if epochs is not None:
        field.fill(str(epochs))
        field.press("Enter")
        page.wait_for_url(lambda url: epochs == default or ((config := config_of(url)) and config.epochs == epochs))


def _choose_option(page: Page, box: Locator, name: str) -> None:
    """Choose an option of a select box, again if the page was rendered meanwhile, which closes the list."""
    option = page.get_by_role("option", name=name, exact=True)
    for _ in range(TIMEOUT_SECONDS // 10):
        box.click()
        with suppress(TimeoutError):
            option.click(timeout=10_000)
            return
    raise AssertionError(f"the list with {name!r} did not stay open")


def config_of(url: str) -> TrainingConfig | None:
    """Return the configuration in Train's URL, or None."""
    link = parse_qs(urlsplit(url).query).get("config")
    return TrainingConfig.from_link(link[0]) if link else None


def run_of(url: str) -> str:
    """Return the id of the run in a page's URL, or ""."""
    return parse_qs(urlsplit(url).query).get("run", [""])[0]


def train(page: Page) -> str:
    """Press Train and return the run's id."""
    before = run_of(page.url)
    page.get_by_test_id("stMain").get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url(lambda url: run_of(url) not in ("", before))
    return run_of(page.url)


def epochs_drawn(page: Page) -> float:
    """Return how many epochs the curve of the training loss shows; its points are thinned."""
    return page.evaluate("[...document.querySelector('.js-plotly-plot')?.data?.[0]?.x ?? []].at(-1) ?? 0")


def draw(page: Page, drawn: list[np.ndarray]) -> None:
    """Draw strokes with the mouse; coordinates are 0 to 1 on the paper."""
    canvas = page.locator("canvas.upper-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    for stroke in drawn:
        for place, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            if place == 0:
                page.mouse.down()
        page.mouse.up()


def thinned(stroke: np.ndarray) -> np.ndarray:
    """Return every fourth point of a stroke, and its last one: enough for the same curve."""
    return np.concatenate([stroke[:-1:4], stroke[-1:]])


def touch(page: Page, drawn: list[np.ndarray]) -> None:
    """Draw strokes with a finger; coordinates are 0 to 1 on the paper. Chromium takes a frame for each point."""
    box = page.locator("canvas.upper-canvas").bounding_box()
    finger = page.context.new_cdp_session(page)
    for stroke in drawn:
        points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in thinned(stroke)]
        finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
        for point in points[1:]:
            finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    finger.detach()


def ink(page: Page) -> int:
    """Return the number of white pixels on the paper."""
    canvas = page.locator("canvas.dc-canvas.lower-canvas")
    pixels = "canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data"
    return canvas.evaluate(f"canvas => {pixels}.filter((level, place) => place % 4 === 0 && level > 200).length")


def digit_strokes(number: int) -> list[np.ndarray]:
    """Return the strokes of a digit in careful handwriting."""
    style = next(iter(synthetic_digits.STYLES[number]))
    return synthetic_digits.pen_strokes(number, np.random.default_rng(0), style, variation=0)
