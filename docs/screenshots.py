"""Screenshots of the app, for the README and to look at every page.

`python -m docs.screenshots` takes the pictures of the README in about 2 minutes. `python -m docs.screenshots --all
FOLDER` also writes every page to FOLDER in about 10 minutes: Draw, Train before and after a run, Data, Evaluate, Look
inside, Learn, Runs, Compare, and Sweep with a finished sweep, each at 1280 and 390 pixels, light and dark. Use it to
look at all pages after a change of layout or texts.

The script trains networks and draws a digit as a user would, on a server with its own runs.
"""

import argparse
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from harness.browser import choose_preset, digit_strokes, draw, new_page, open_chromium, settled_page, train
from harness.server import Server

HERE = Path(__file__).parent
DIGIT = 3
WIDTH = 1280
SCREENS: dict[str, dict[str, Any]] = {
    str(WIDTH): {"viewport": {"width": WIDTH, "height": 1000}},
    "390": {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True},
}
THEMES = ("light", "dark")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m docs.screenshots", description="Take screenshots of the app.")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="also write every page, theme and width to FOLDER")
    folder = parser.parse_args().all
    with (
        tempfile.TemporaryDirectory() as temporary,
        open_chromium() as browser,
        Server(Path(temporary) / "runs") as server,
    ):
        run_id = take_training(browser, server)
        take_drawing(browser, server, run_id, HERE / "draw.png")
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            take_all(browser, server, run_id, folder)


def take_training(browser: Browser, server: Server) -> str:
    """Train a network, take a picture during the training, and return the run's id after it."""
    page = new_page(browser, **SCREENS[str(WIDTH)])
    page.goto(server.train)
    choose_preset(page, "Small CNN")
    run_id = train(page)
    page.get_by_text(re.compile("^Epoch 4 of")).wait_for()
    page.evaluate("for (let timer = 0; timer < 100_000; timer++) clearInterval(timer)")  # stop the page's updates
    take(page, HERE / "train.png")
    page.reload()
    await_result(page)
    page.close()
    return run_id


def take_drawing(browser: Browser, server: Server, run_id: str, path: Path, **screen: Any) -> None:
    page = new_page(browser, **(screen or SCREENS[str(WIDTH)]))
    page.goto(f"{server.url}/?run={run_id}")
    draw_digit(page)
    take(page, path)
    page.close()


def draw_digit(page: Page) -> None:
    page.locator("canvas.upper-canvas").wait_for()
    draw(page, digit_strokes(DIGIT))
    page.get_by_text(re.compile(f"(Looks like|Not sure:) a {DIGIT} ")).first.wait_for()


# --- all pages ------------------------------------------------------------------------------------------------


def take_all(browser: Browser, server: Server, run_id: str, folder: Path) -> None:
    """Write every page in both themes and widths, as `<page>_<theme>_<width>.png`."""
    other_id, sweep_id = train_another(browser, server), run_sweep(browser, server)
    both = f"{run_id},{other_id}"
    pages: dict[str, tuple[str, Callable[[Page], None]]] = {
        "draw": (f"/?run={run_id}", draw_digit),
        "train": ("/train", await_chart),
        "train_result": (f"/train?run={run_id}", await_result),
        "data": ("/data", await_chart),
        "evaluate": (f"/evaluate?run={run_id}", await_chart),
        "inside": (f"/inside?run={run_id}", draw_digit),
        "learn": ("/learn", await_chart),
        "runs": ("/runs", lambda page: expect(page.locator("tbody tr").first).to_be_visible()),
        "run": (f"/runs?run={run_id}", await_chart),
        "compare": (f"/compare?runs={both}", await_chart),
        "sweep": ("/sweep", lambda page: page.get_by_role("button", name=re.compile("^Start ")).wait_for()),
        "sweep_result": (f"/sweep?sweep={sweep_id}", lambda page: page.locator(".sweep button").first.wait_for()),
    }
    for theme in THEMES:
        for width, screen in SCREENS.items():
            for name, (address, prepare) in pages.items():
                page = settled_page(browser, **screen, color_scheme=theme)
                page.goto(f"{server.url}{address}")
                page.get_by_role("heading", level=1).first.wait_for()
                prepare(page)
                take(page, folder / f"{name}_{theme}_{width}.png")
                page.close()


def train_another(browser: Browser, server: Server) -> str:
    """Train a second network to compare with, and return its run's id."""
    page = new_page(browser)
    page.goto(server.train)
    choose_preset(page, "Tutorial B")
    run_id = train(page)
    await_result(page)
    page.close()
    return run_id


def run_sweep(browser: Browser, server: Server) -> str:
    """Run a sweep with its default plan on few digits, and return its id."""
    page = settled_page(browser)
    page.goto(f"{server.url}/sweep")
    for label, value in (("Epochs", "1"), ("Training digits", "500")):
        field = page.get_by_label(label, exact=True)
        field.fill(value)
        field.press("Enter")
    page.get_by_role("button", name=re.compile("^Start ")).click()
    page.get_by_role("button", name="Open the best in Train").wait_for()
    sweep_id = page.url.partition("sweep=")[2].partition("&")[0]
    page.close()
    return sweep_id


def await_chart(page: Page) -> None:
    """Wait until no script runs and the charts, if the page has any, are drawn."""
    page.wait_for_timeout(1500)
    expect(page.locator("[data-testid=stApp][data-test-script-state=running]")).to_have_count(0)


def await_result(page: Page) -> None:
    expect(page.get_by_text(re.compile("Finished: .* read correctly"))).to_be_visible()


def take(page: Page, path: Path) -> None:
    """Save a picture of the whole page, whose content scrolls inside it: make the window as high as the content."""
    height = page.evaluate("document.querySelector('.stMainBlockContainer').scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": height})
    page.mouse.move(0, 0)  # no tooltip
    page.wait_for_timeout(1000)  # Plotly redraws in the new window
    if page.locator(".js-plotly-plot").count():
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.screenshot(path=path)


if __name__ == "__main__":
    main()
