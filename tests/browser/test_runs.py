"""Runs in a browser: select, compare, sort, rename, delete and restore runs, on a desktop and on a phone."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from harness.browser import settled_page
from harness.server import Server
from tests.support.apps import TINY
from trainer.config.optimizers import Adam
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.runs.store import RunStore
from trainer.storage.files import json_line

ME = "x" * 32  # the token in the browser's cookie


def trained(server: Server, name: str, accuracy: float, parent: str = "", group: str = "") -> Run:
    config = replace(TINY, optimizer=Adam(), learning_rate=accuracy)
    run = RunStore(server.runs).create(config, owner_hash(ME), parent, group=group)
    ends = [
        {"kind": "epoch", "epoch": epoch, "step": 10 * epoch, "loss": 1.0, "accuracy": 0.5, "val_accuracy": accuracy}
        for epoch in (1, 2)
    ]
    (run.path / "history.jsonl").write_bytes(b"".join(map(json_line, ends)))
    run.describe(name=name)
    run.update(phase="finished", test_accuracy=accuracy, seconds=2.0, steps=10, examples=100)
    return run


@pytest.fixture(scope="module")
def server(own_server: Server) -> Server:
    """A server with these runs only."""
    return own_server


@pytest.fixture(scope="module")
def runs(server: Server) -> list[Run]:
    """A first run, one that continues from it, and a third."""
    first = trained(server, "first", 0.5)
    return [first, trained(server, "<i>second</i>", 0.75, first.id), trained(server, "third", 0.25)]


def come(page: Page, server: Server, rows: int = 3) -> None:
    page.context.add_cookies([{"name": "digit_lab_owner", "value": ME, "url": server.url}])
    page.goto(f"{server.url}/runs")
    expect(page.locator("tbody tr")).to_have_count(rows)


def names(page: Page, *expected: str) -> None:
    expect(page.locator("tbody td.name a")).to_have_text(list(expected))


def test_two_runs_are_selected_and_compared(page: Page, server: Server, runs: list[Run]) -> None:
    come(page, server)
    page.get_by_role("checkbox", name="Compare first", exact=True).check()
    page.get_by_role("checkbox", name="Compare <i>second</i>", exact=True).check()
    expect(page.get_by_role("button", name="Compare 2 runs")).to_have_count(1)
    expect(page.locator("tbody tr.chosen")).to_have_count(2)
    page.get_by_role("button", name="Compare 2 runs").click()
    page.wait_for_url(re.compile("compare"))
    assert runs[0].id in page.url and runs[1].id in page.url and runs[2].id not in page.url
    page.go_back()
    expect(page.locator("tbody tr.chosen")).to_have_count(2)


def test_a_header_sorts_by_click_and_by_keyboard(page: Page, server: Server, runs: list[Run]) -> None:
    come(page, server)
    page.get_by_role("button", name="Test", exact=True).click()
    names(page, "<i>second</i>", "first", "third")
    header = page.get_by_role("button", name=re.compile("^Test"))
    expect(page.locator("th.test")).to_have_attribute("aria-sort", "descending")
    header.press("Enter")
    names(page, "third", "first", "<i>second</i>")
    expect(header).to_be_focused()


def test_a_run_is_opened_renamed_deleted_and_restored(page: Page, server: Server, runs: list[Run]) -> None:
    come(page, server)
    page.get_by_role("link", name="third", exact=True).click()
    expect(page.get_by_role("heading", name="third", exact=True)).to_have_count(1)
    expect(page.get_by_role("button", name="Save note")).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()  # the page is complete
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("last")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="last", exact=True)).to_have_count(1)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    assert runs[2].read().name == "last"
    runs[2].describe(name="third")


def test_the_list_follows_a_run_in_training(page: Page, server: Server, runs: list[Run]) -> None:
    runs[0].update(phase="running")
    come(page, server)
    row = page.locator("tbody tr").filter(has_text="first")
    expect(row).to_contain_text("running")
    runs[0].update(phase="finished")
    expect(row).to_contain_text("finished")


def test_a_sweep_opens_and_list_and_lineage_fit_a_phone(browser, server: Server, runs: list[Run]) -> None:
    for name in ("small", "large"):
        trained(server, name, 0.4, group=runs[0].id)
    page = settled_page(browser, viewport={"width": 390, "height": 844})
    come(page, server, rows=4)
    sweep = page.get_by_role("button", name="Sweep", exact=True)
    expect(sweep).to_have_attribute("aria-expanded", "false")
    sweep.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(6)
    expect(sweep).to_have_attribute("aria-expanded", "true")
    fits(page)
    sweep.click()
    expect(page.locator("tbody tr")).to_have_count(4)
    page.get_by_role("link", name="<i>second</i>", exact=True).click()
    members = page.get_by_role("list", name="Lineage").get_by_role("listitem")
    expect(members).to_have_count(2)
    fits(page)
    members.get_by_role("link", name="first").click()
    expect(page.get_by_role("heading", name="first", exact=True)).to_have_count(1)
    page.go_back()
    expect(page.get_by_role("heading", name="<i>second</i>", exact=True)).to_have_count(1)
    page.close()


def fits(page: Page) -> None:
    main = "document.querySelector('[data-testid=stMain]')"
    assert page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")
