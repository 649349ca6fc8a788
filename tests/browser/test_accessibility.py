"""axe-core finds nothing against WCAG 2.2, levels A and AA, on any page and view, in the light and the dark theme."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from harness.browser import RUNNING, digit_strokes, draw
from harness.server import Server
from tests.support.histories import GOOD
from trainer.runs.run import Run
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped
from trainer.storage.files import json_line
from ui.entry import PAGES

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LIGHT = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
DARK = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}  # all that differs
# A browser that has nothing to draw may never call back without a time-out.
IDLE = """new Promise(resolve => {
    requestIdleCallback(() => requestIdleCallback(resolve, { timeout: 500 }), { timeout: 500 });
})"""
VIEWS = {  # class of the choice of view on a page, whose options are all looked at
    "draw": "st-key-source",
    "data": "st-key-data_view",
    "learn": "st-key-learn-lesson",
    "evaluate": "st-key-look",
    "inside": "st-key-inside-view",
    "compare": "st-key-compare-view",
}


@pytest.fixture(scope="module")
def runs(server: Server) -> list[Run]:
    """Two finished runs with the ready-made network."""
    store = RunStore(server.runs)
    made = [store.create(shipped.CONFIG, "") for _ in range(2)]
    for run in made:
        run.network_file.write_bytes(shipped.PATH.read_bytes())
        lines = [{**line, "step": 10 * line["epoch"], "learning_rate": 0.1, "seconds": 1.0} for line in GOOD[1:]]
        (run.path / "history.jsonl").write_bytes(b"".join(map(json_line, lines)))
        run.update(phase="finished", test_accuracy=0.99, steps=10, examples=1_000, device="CPU", data="MNIST")
    return made


def addresses(page: str, runs: list[Run]) -> list[str]:
    first, second = (run.id for run in runs)
    return {
        "draw": ["/"],
        "train": ["/train", f"/train?run={first}"],
        "runs": ["/runs", f"/runs?run={first}"],
        "compare": [f"/compare?runs={first},{second}"],
    }.get(page, [f"/{page}"])


def looks(page: Page, name: str) -> Iterator[str]:
    """Yield the name of each view of a page once it is shown."""
    options = page.locator(f".{VIEWS.get(name, 'none')} [role=radio]")
    if name in VIEWS:
        expect(options.first).to_be_visible()
    for place in range(max(1, options.count())):
        view = options.nth(place).inner_text() if name in VIEWS else ""
        if view:
            options.nth(place).click()
            page.mouse.move(0, 0)  # a tooltip would hide what is behind it
        settle(page)
        yield view


def settle(page: Page) -> None:
    """Wait until no script runs, and nothing is faded as old or still loading."""
    page.evaluate(IDLE)  # it has begun
    expect(page.locator(RUNNING)).to_have_count(0)
    expect(page.locator("[data-stale=true]")).to_have_count(0)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def violations(page: Page) -> list[str]:
    """Return what axe-core finds in both themes, one line for each element."""
    found = []
    for theme, options in (("light", LIGHT), ("dark", DARK)):
        page.emulate_media(color_scheme=theme)
        scheme = f"getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === '{theme}'"
        page.wait_for_function(scheme)
        result: Any = Axe().run(page, options=options).response
        found += [
            f"{theme}: {one['id']}: {node['html'][:300]} {[check['message'] for check in node['any']][:1]}"
            for one in result["violations"]
            for node in one["nodes"]
        ]
    return found


@pytest.mark.parametrize("name", [page.name for page in PAGES])
def test_a_page_has_no_violations_in_any_view(name: str, server: Server, runs: list[Run], page: Page) -> None:
    found = {}
    for address in addresses(name, runs):
        page.goto(server.url + address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if name == "draw":
            draw(page, digit_strokes(3))
        for view in looks(page, name):
            if lines := violations(page):
                found[f"{address} {view}"] = lines
    assert not found, "\n".join(f"{where}:\n  " + "\n  ".join(lines) for where, lines in found.items())
