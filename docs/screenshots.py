"""Take the pictures of the README: `python -m docs.screenshots`; it takes about 2 minutes.

Trains the Small CNN and draws a digit, as a user would, with runs of its own. `--all FOLDER` also writes both pages in
the light and the dark theme, for a desktop and a phone, to look at them.
"""

import argparse
import re
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from harness.browser import choose, digit, draw, new_page, open_chromium, train
from harness.server import Server

HERE = Path(__file__).parent
DIGIT = 3
WIDTH = 1280
SCREENS: dict[str, dict[str, Any]] = {
    str(WIDTH): {"viewport": {"width": WIDTH, "height": 1000}},
    "390": {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True},
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m docs.screenshots", description="Take the pictures of the README.")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="write every theme and width there, too")
    folder = parser.parse_args().all
    with (
        tempfile.TemporaryDirectory() as temporary,
        open_chromium() as browser,
        Server(Path(temporary) / "runs") as server,
    ):
        run_id = picture_training(browser, server)
        picture_drawing(browser, server, run_id, HERE / "draw.png")
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            picture_all(browser, server, run_id, folder)


def picture_training(browser: Browser, server: Server) -> str:
    """Train, with a picture while it goes on; return the run's id when it is over."""
    page = new_page(browser, **SCREENS[str(WIDTH)])
    page.goto(server.train)
    choose(page, "Small CNN")
    run_id = train(page)
    page.get_by_text(re.compile("^Epoch 4 of")).wait_for()
    page.evaluate("for (let timer = 0; timer < 100_000; timer++) clearInterval(timer)")  # hold still: ask for no news
    take(page, HERE / "train.png")
    page.reload()
    await_result(page)
    page.close()
    return run_id


def picture_drawing(browser: Browser, server: Server, run_id: str, path: Path, **screen: Any) -> None:
    page = new_page(browser, **(screen or SCREENS[str(WIDTH)]))
    page.goto(f"{server.url}/?run={run_id}")
    page.locator("canvas.upper-canvas").wait_for()
    draw(page, digit(DIGIT))
    page.get_by_text(re.compile(f"(Looks like|Not sure:) a {DIGIT} ")).wait_for()
    take(page, path)
    page.close()


def picture_all(browser: Browser, server: Server, run_id: str, folder: Path) -> None:
    for theme in ("light", "dark"):
        for width, screen in SCREENS.items():
            screen = {**screen, "color_scheme": theme}
            page = new_page(browser, **screen)
            page.goto(f"{server.train}?run={run_id}")
            await_result(page)
            take(page, folder / f"train_{theme}_{width}.png")
            page.close()
            picture_drawing(browser, server, run_id, folder / f"draw_{theme}_{width}.png", **screen)


def await_result(page: Page) -> None:
    expect(page.get_by_text("Finished: reads")).to_be_visible()


def take(page: Page, path: Path) -> None:
    """Take a picture of the whole page, which scrolls in a part of its own: make the window as high as the page."""
    height = page.evaluate("document.querySelector('.stMainBlockContainer').scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": height})
    page.mouse.move(0, 0)  # no tooltip
    page.wait_for_timeout(1000)  # Plotly draws anew in the new window
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.screenshot(path=path)


if __name__ == "__main__":
    main()
