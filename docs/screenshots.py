"""Screenshots of the app, for the README and to look at every page.

`python -m docs.screenshots` takes the pictures of the README in about 2 minutes. `python -m docs.screenshots --all
FOLDER` also writes every page and view to FOLDER in about 15 minutes, each 1280, 768 and 390 pixels wide, light and
dark; Draw and Train also while a network trains, and presented on a projector. Use it to look at all pages after a
change of layout or texts.

The script trains networks and draws a digit as a user would, on a server with its own runs.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from harness.browser import (
    RUNNING,
    choose_preset,
    digit_strokes,
    draw,
    new_context,
    open_chromium,
    open_form,
    settle,
    train,
)
from harness.server import Server
from trainer.config.presets import PRESETS

HERE = Path(__file__).parent
DIGIT = 3
SCREENS: dict[str, dict[str, Any]] = {
    "1280": {"viewport": {"width": 1280, "height": 800}},
    "768": {"viewport": {"width": 768, "height": 1024}, "has_touch": True},
    "390": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}
PROJECTOR: dict[str, Any] = {"viewport": {"width": 1280, "height": 720}}
THEMES = ("light", "dark")
LIVE = replace(PRESETS["small_cnn"].config, epochs=100)  # outlasts the pictures of a training


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m docs.screenshots", description="Take screenshots of the app.")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="also write every page, view and size to FOLDER")
    folder = parser.parse_args().all
    with (
        tempfile.TemporaryDirectory() as temporary,
        open_chromium() as browser,
        Server(Path(temporary) / "runs") as server,
        new_context(browser, **SCREENS["1280"]) as context,
    ):
        run_id = take_training(context, server)
        take_drawing(context, server, run_id)
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            sys.exit("\n".join(take_all(browser, context, server, run_id, folder)))


def take_training(context: BrowserContext, server: Server) -> str:
    """Train a network, take a picture during the training, and return the run's id after it."""
    page = context.new_page()
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


def take_drawing(context: BrowserContext, server: Server, run_id: str) -> None:
    page = context.new_page()
    page.goto(f"{server.url}/?run={run_id}")
    draw_digit(page)
    take(page, HERE / "draw.png")
    page.close()


def draw_digit(page: Page) -> None:
    page.locator("canvas.upper-canvas").wait_for()
    draw(page, digit_strokes(DIGIT))
    page.get_by_text(re.compile(f"(Looks like|Not sure:) a {DIGIT} ")).first.wait_for()


# --- all pages ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """A page to look at, and the views of it."""

    name: str
    address: str
    prepare: Callable[[Page], None] = lambda page: None
    views: str = ""  # key of the choice of a view, whose options are all looked at


def all_looks(run_id: str, other_id: str, sweep_id: str) -> list[Look]:
    """Return all pages and views, with two runs and a sweep that have finished."""
    return [
        Look("draw_empty", "/"),
        Look("draw", f"/?run={run_id}", draw_digit, views="source"),
        Look("train", "/train?preset=tutorial_a"),
        Look("train_result", f"/train?run={run_id}", await_result),
        Look("learn", "/learn", views="learn-lesson"),
        Look("learn_glossary", "/learn", lambda page: page.get_by_role("tab", name="Glossary").click()),
        Look("data", "/data", views="data_view"),
        Look("evaluate", "/evaluate", views="look"),
        Look("inside", "/inside", draw_digit, views="inside-view"),
        Look("runs", "/runs", lambda page: page.locator("tbody tr").first.wait_for()),
        Look("run", f"/runs?run={run_id}"),
        Look("compare", f"/compare?runs={run_id},{other_id}", views="compare-view"),
        Look("compare_empty", "/compare"),
        Look("classroom", "/classroom"),
        Look("privacy", "/privacy"),
        Look("sweep", "/sweep"),
        Look("sweep_result", f"/sweep?sweep={sweep_id}", lambda page: page.locator(".sweep button").first.wait_for()),
    ]


def take_all(browser: Browser, context: BrowserContext, server: Server, run_id: str, folder: Path) -> list[str]:
    """Write every page as `<page>_<view>_<width>_<theme>.png` and return a line for each that could not be written."""
    looks = all_looks(run_id, train_another(context, server), run_sweep(context, server))
    failures = [*take_looks(browser, context, server, looks, folder)]
    live_id = start_training(context, server)
    presented = [
        Look("present_draw", f"/?present=1&run={run_id}", draw_digit),
        Look("present_train", f"/train?present=1&run={run_id}"),
        Look("present_train_live", f"/train?present=1&run={live_id}"),
    ]
    live = [Look("draw_live", "/", draw_digit), Look("train_live", f"/train?run={live_id}")]
    failures += take_looks(browser, context, server, live, folder)
    failures += take_looks(browser, context, server, presented, folder, {"720": PROJECTOR})
    return failures


def take_looks(
    browser: Browser,
    context: BrowserContext,
    server: Server,
    looks: list[Look],
    folder: Path,
    screens: dict[str, dict[str, Any]] = SCREENS,
) -> Iterator[str]:
    """Write pictures of pages as the visitor of a context sees them, and yield a line for each that failed."""
    for width, screen in screens.items():
        with new_context(browser, **screen, storage_state=context.storage_state()) as visitor:
            for look in looks:
                page = settle(visitor.new_page())
                try:
                    page.goto(f"{server.url}{look.address}")
                    page.locator("h1").first.wait_for(state="attached")
                    look.prepare(page)
                    for view in views(page, look):
                        name = re.sub(r"\W+", "_", f"{look.name} {view}".strip().lower())
                        for theme in THEMES:
                            page.emulate_media(color_scheme=theme)
                            take(page, folder / f"{name}_{width}_{theme}.png")
                        page.set_viewport_size(screen["viewport"])
                except (Error, AssertionError) as error:
                    yield f"{look.name} at {width} pixels: {error}"
                page.close()


def views(page: Page, look: Look) -> Iterator[str]:
    """Yield the title of each view of a page once it is shown, or "" for a page without views."""
    options = page.locator(f".st-key-{look.views} [role=radio]")
    if not look.views:
        yield ""
        return
    options.first.wait_for()
    for place in range(options.count()):
        options.nth(place).click()
        yield options.nth(place).inner_text().strip(" ✓")


def train_another(context: BrowserContext, server: Server) -> str:
    """Train a second network to compare with, and return its run's id."""
    page = context.new_page()
    page.goto(server.train)
    choose_preset(page, "Tutorial B")
    run_id = train(page)
    await_result(page)
    page.close()
    return run_id


def run_sweep(context: BrowserContext, server: Server) -> str:
    """Run a sweep with its default plan on few digits, and return its id."""
    page = settle(context.new_page())
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


def start_training(context: BrowserContext, server: Server) -> str:
    """Start a training that goes on, and return its run's id once it has curves."""
    page = context.new_page()
    open_form(page, server.url, LIVE)
    run_id = train(page)
    page.get_by_text(re.compile("^Epoch 2 of")).wait_for()
    page.close()
    return run_id


def await_result(page: Page) -> None:
    expect(page.get_by_text(re.compile("Finished: .* read correctly"))).to_be_visible()


def take(page: Page, path: Path) -> None:
    """Save a picture of the whole page, whose content scrolls inside it: make the window as high as the content."""
    page.mouse.move(0, 0)  # no tooltip
    page.wait_for_timeout(700)  # what has begun to run shows that it runs
    expect(page.locator(f"{RUNNING}, [data-testid=stSkeleton]")).to_have_count(0)
    if "present=1" not in page.url:
        page.evaluate(  # in a higher window, the paper would be larger
            "document.documentElement.style.setProperty('--paper-zoom', getComputedStyle(document.documentElement)"
            ".getPropertyValue('--paper-zoom'))"
        )
        width, height = page.viewport_size["width"], page.viewport_size["height"]
        content = page.evaluate("document.querySelector('.stMainBlockContainer').scrollHeight")
        page.set_viewport_size({"width": width, "height": max(height, content)})
    page.wait_for_timeout(700)  # Plotly redraws in the new window
    page.screenshot(path=path)


if __name__ == "__main__":
    main()
