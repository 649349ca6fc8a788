"""The Sweep page in a browser: a small sweep runs to its end, squares open their runs, and the page fits a phone."""

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from harness.browser import settled_page
from harness.server import Server
from trainer.runs.store import RunStore
from trainer.runs.sweep import Sweeps, best_cell, read_cells

TIMEOUT_MILLISECONDS = 600_000  # for four trainings, on any machine


def fill(page: Page, label: str, value: str) -> None:
    box = page.get_by_label(label, exact=True)
    box.fill(value)
    box.press("Enter")
    expect(box).to_have_value(value)


def start(page: Page, server: Server) -> None:
    """Start a sweep of four perceptrons, one epoch of 500 digits each."""
    page.goto(f"{server.url}/sweep")
    expect(page.get_by_role("button", name="Start 9 runs")).to_be_enabled()
    fill(page, "Values of learning rate", "0.01, 0.1")
    expect(page.get_by_role("button", name="Start 6 runs")).to_be_enabled()
    fill(page, "Values of batch size", "20, 50")
    expect(page.get_by_role("button", name="Start 4 runs")).to_be_enabled()
    fill(page, "Epochs", "1")
    fill(page, "Training digits", "500")
    page.get_by_role("button", name="Start 4 runs").click()
    expect(page.get_by_role("heading", name="Learning rate × batch size")).to_be_visible()


def run_of(url: str) -> str:
    return parse_qs(urlsplit(url).query).get("run", [""])[0]


def test_a_sweep_runs_to_its_end_and_its_runs_open_on_train(page: Page, server: Server) -> None:
    start(page, server)
    squares = page.locator(".sweep button")
    expect(squares).to_have_count(4)
    expect(page.locator(".sweep button[data-known=yes]")).to_have_count(4, timeout=TIMEOUT_MILLISECONDS)
    expect(page.get_by_text("★ best")).to_have_count(1)
    expect(page.get_by_role("button", name="Open the best in Train")).to_have_count(1, timeout=TIMEOUT_MILLISECONDS)
    expect(page.get_by_role("button", name="Stop the sweep")).to_have_count(0)
    store, sweeps = RunStore(server.runs), Sweeps(server.runs / "sweeps")
    sweep = sweeps.get(sweeps.ids()[0])
    assert sweep and f"sweep={sweep.id}" in page.url
    known = read_cells(sweep, store)
    for place, cell in enumerate(known):
        expect(squares.nth(place).locator("b")).to_have_text(f"{100 * (cell.accuracy or 0):.1f}")
    squares.nth(2).click()
    page.wait_for_url("**/train?*")
    assert run_of(page.url) == sweep.runs[2]
    page.goto(f"{server.url}/sweep?sweep={sweep.id}")
    page.get_by_role("button", name="Open the best in Train").click()
    page.wait_for_url("**/train?*")
    winner = best_cell(known)
    assert winner and run_of(page.url) == winner.run


def test_a_sweep_fits_a_phone(browser, server: Server) -> None:
    page = settled_page(browser, viewport={"width": 390, "height": 844})
    sweeps = Sweeps(server.runs / "sweeps")
    if not sweeps.ids():
        start(page, server)
    page.goto(f"{server.url}/sweep?sweep={sweeps.ids()[0]}")
    expect(page.locator(".sweep button")).to_have_count(4)
    page.get_by_text("Plan another sweep").click()
    expect(page.get_by_role("button", name="Start 9 runs")).to_be_visible()
    main = "document.querySelector('[data-testid=stMain]')"
    assert page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
