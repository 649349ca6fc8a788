"""A training on the Train page in a browser: watched, reloaded, stopped, diverging and interrupted."""

import re
import signal

import psutil
import pytest
from playwright.sync_api import expect

from harness.browser import LONG_TRAINING, epochs_drawn, open_form, settled_page, train
from harness.waiting import TIMEOUT_SECONDS, wait_for
from tests.support.apps import DIVERGING

PROGRESS = re.compile(r"Epoch \d+ of \d+")
RESULT = re.compile(r"Stopped: [\d.]+ % of the test digits read correctly")


def curves_top(page):
    """Return how far below the upper edge of the screen the first curves are, in whole pixels."""
    return round(page.locator(".js-plotly-plot").first.bounding_box()["y"])


def test_a_visitor_trains_reloads_stops_and_draws(server, page, browser):
    page.goto(server.train)
    expect(page.get_by_role("heading", name="Train a network")).to_be_attached()
    expect(page.get_by_text("640,890 parameters", exact=True)).to_be_visible()
    expect(page.get_by_text("Press Train: the curves grow here")).to_be_visible()
    expect(page.get_by_role("button", name="Stop and keep")).to_be_disabled()
    open_form(page, server.url, LONG_TRAINING)
    expect(page.get_by_text("7,960 parameters", exact=True)).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    before = curves_top(page)
    run_id = train(page)
    expect(page.get_by_text(PROGRESS)).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_in_viewport(ratio=1)
    assert curves_top(page) == before  # nothing has moved
    some = wait_for(lambda: epochs_drawn(page))
    wait_for(lambda: epochs_drawn(page) > some)  # the curve grows while it runs

    page.reload()
    expect(page.get_by_text(PROGRESS)).to_be_visible()
    assert run_id in page.url
    assert wait_for(lambda: epochs_drawn(page)) >= some
    expect(page.get_by_role("button", name="Stop and keep")).to_be_visible()  # the reload kept the owner

    other = settled_page(browser)
    other.goto(page.url)
    expect(other.get_by_text(PROGRESS)).to_be_visible()
    expect(other.get_by_role("button", name="Stop and keep")).to_have_count(0)  # another browser is not the owner
    other.close()

    page.get_by_role("link", name="Draw", exact=True).click()  # leave while it runs
    expect(page.get_by_role("heading", name="Draw a digit", exact=True)).to_be_visible()
    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_role("button", name="Stop and keep").click()
    expect(page.get_by_text(RESULT)).to_be_visible()
    page.get_by_role("button", name="Draw with it").click()
    name = re.compile("^Tutorial B, ")
    for _ in range(2):  # a reload too, and its address names no network
        expect(page.get_by_role("heading", name="Draw a digit", exact=True)).to_be_visible()
        expect(page.get_by_role("combobox", name="Network")).to_have_value(name)
        expect(page.locator(".st-key-frame")).to_contain_text("Tutorial B")
        page.goto(server.url)


def test_a_diverging_run_ends_with_a_suggestion(server, page):
    open_form(page, server.url, DIVERGING)
    train(page)
    expect(page.get_by_text(re.compile("train again with a smaller learning rate, such as 10"))).to_be_visible()


@pytest.mark.long
def test_a_run_is_interrupted_when_the_server_is_killed(start, page):
    server = start()
    open_form(page, server.url, LONG_TRAINING)
    run_id = train(page)
    expect(page.get_by_text(re.compile(r"Epoch [2-9]"))).to_be_visible()
    family = psutil.Process(server.process.pid).children(recursive=True)
    server.stop(signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=TIMEOUT_SECONDS)
    assert not alive

    page.goto(f"{start().train}?run={run_id}")
    expect(page.get_by_text("The training process ended before the training did")).to_be_visible()
    expect(page.get_by_text(re.compile(r"[1-9]\d* of 200 epochs are done"))).to_be_visible()
    assert wait_for(lambda: epochs_drawn(page)) > 1  # its curves are still there


def test_the_page_fits_a_phone(server, browser):
    page = settled_page(browser, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page.goto(server.train)
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    page.close()
