"""Waiting times of a user: from the start to the page, the canvas, the first bars and ready workers, from Train to the
first point, and from stopping the server during two trainings to the end of its last process.

Run `python -m benchmarks.startup` on an idle machine; it takes about 5 minutes. Figures are medians. Exits with status
1 if one is above its limit.
"""

import contextlib
import re
import socket
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import numpy as np
import psutil
from playwright.sync_api import Browser, Page

from benchmarks.conditions import await_quiet, print_conditions
from harness.browser import choose_preset, draw, new_page, open_chromium, train
from harness.server import Server
from harness.waiting import wait_for
from trainer.config.presets import PRESETS
from trainer.drawing import synthetic_digits
from trainer.runs.store import RunStore

TRIES = 3
TIMED = ("tutorial_a", "tutorial_b", "small_cnn")  # presets whose first point is timed
STROKES = 10  # drawn before the server's memory is measured
PROMISES = {
    "title": 3.0,
    "canvas": 6.0,
    "server_memory": 250.0,
    "first_point_tutorial_a": 2.5,
    "first_point_tutorial_b": 2.5,
    "first_point_small_cnn": 3.5,
    "gone": 10.0,
}

Figures = dict[str, list[float]]

# Whether a canvas has ink on it.
INK = """canvas => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.some((value, place) => place % 4 === 0 && value > 128);
}"""

# The seconds from the next click on Train to the first frame in which the curve of the training loss has a point.
STOPWATCH = """
window.waited = null;
addEventListener("click", (event) => {
    const points = () => document.querySelector(".js-plotly-plot")?.data?.[0]?.x?.length ?? 0;
    const look = () => {
        if (points()) window.waited = (performance.now() - event.timeStamp) / 1000;
        else requestAnimationFrame(look);
    };
    look();
}, { capture: true, once: true });
"""


def main() -> int:
    figures: Figures = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, open_chromium() as browser:
        runs = Path(folder) / "runs"
        libraries = ("streamlit", "streamlit-drawable-canvas", "plotly", "onnxruntime", "tensorflow", "distributed")
        print_conditions(*libraries, more=f"Chromium {browser.version}, {TRIES} tries")
        for _ in range(TRIES):
            open_title(browser, runs, figures)
            open_canvas(browser, runs, figures)
        print_figure(figures, "title", "s")
        print_figure(figures, "canvas", "s")
        print_figure(figures, "prediction", "s")
        print_figure(figures, "workers_ready", "s")
        print_figure(figures, "server_memory", "MB")
        print_figure(figures, "worker_memory", "MB")
        with Server(runs) as server:
            await_workers(server, browser)
            for _ in range(TRIES):
                for name in TIMED:
                    await_first_point(name, server, browser, figures)
        for name in TIMED:
            print_figure(figures, f"first_point_{name}", "s")
        for _ in range(TRIES):
            await_end(browser, runs, figures)
        print_figure(figures, "gone", "s")
    return int(any(median(figures[name]) > most for name, most in PROMISES.items()))


def print_figure(figures: Figures, name: str, unit: str) -> None:
    print(f"{name} {median(figures[name]):.{2 if unit == 's' else 0}f} {unit}", flush=True)


def open_title(browser: Browser, runs: Path, figures: Figures) -> None:
    """Start a server and stay on Train until its workers are ready."""
    await_quiet()
    began = time.perf_counter()
    with Server(runs, wait=False) as server:
        page = new_page(browser)
        open_at_once(page, server.train)
        page.get_by_role("heading", level=1).wait_for()
        figures["title"].append(time.perf_counter() - began)
        await_ready(page)
        figures["workers_ready"].append(time.perf_counter() - began)
        figures["worker_memory"] += [memory(worker) for worker in workers(server)]
        page.close()


def open_canvas(browser: Browser, runs: Path, figures: Figures) -> None:
    """Start a server and draw as soon as possible; then open Train and measure the server's memory."""
    await_quiet()
    began = time.perf_counter()
    rng = np.random.default_rng(0)
    with Server(runs, wait=False) as server:
        page = new_page(browser)
        open_at_once(page, server.url)
        page.locator("canvas.upper-canvas").wait_for()
        while not page.locator("canvas.lower-canvas").last.evaluate(INK):
            draw(page, [np.array([[0.5, 0.3], [0.5, 0.7]])])
        figures["canvas"].append(time.perf_counter() - began)
        page.get_by_text("Draw a digit on the black paper.").wait_for(state="hidden")
        figures["prediction"].append(time.perf_counter() - began)
        drawn = 1
        while drawn < STROKES:
            page.get_by_role("button", name="Clear").click()
            page.get_by_text("Draw a digit on the black paper.").wait_for()
            digit = synthetic_digits.pen_strokes(int(rng.integers(10)), rng)
            draw(page, digit)
            page.get_by_text("Draw a digit on the black paper.").wait_for(state="hidden")
            drawn += len(digit)
        page.get_by_role("link", name="Train", exact=True).click()
        page.get_by_role("heading", name="Train a network").wait_for()
        figures["server_memory"].append(memory(psutil.Process(server.process.pid)))
        page.close()


def open_at_once(page: Page, url: str) -> None:
    """Open the page as soon as the server listens on its port."""
    address = urlsplit(url)
    while True:
        with contextlib.suppress(OSError), socket.create_connection((address.hostname, address.port)):
            break
        time.sleep(0.01)
    page.goto(url, wait_until="commit")


def await_ready(page: Page) -> None:
    """Wait on Train until the workers are ready."""
    page.get_by_text(re.compile("^On this server, ")).wait_for()


def await_workers(server: Server, browser: Browser) -> None:
    page = new_page(browser)
    page.goto(server.train)
    await_ready(page)
    page.close()


def workers(server: Server) -> list[psutil.Process]:
    """Return the training processes."""
    family = psutil.Process(server.process.pid).children(recursive=True)
    return [process for process in family if "--multiprocessing-fork" in process.cmdline()]


def memory(process: psutil.Process) -> float:
    return process.memory_info().rss / 1e6


def await_first_point(name: str, server: Server, browser: Browser, figures: Figures) -> None:
    page = new_page(browser)
    page.goto(server.train)
    choose_preset(page, PRESETS[name].title)
    page.get_by_text(PRESETS[name].note).wait_for()
    if not await_quiet():
        print("# the machine was not idle before this try")
    page.evaluate(STOPWATCH)
    train(page)
    page.wait_for_function("window.waited !== null")
    figures[f"first_point_{name}"].append(page.evaluate("window.waited"))
    page.get_by_role("button", name="Stop and keep").click()
    page.get_by_text(re.compile("(Stopped|Finished): .* read correctly")).wait_for()
    page.close()


def await_end(browser: Browser, runs: Path, figures: Figures) -> None:
    """Stop a server during two trainings, and wait until it and all its processes have ended."""
    with Server(runs) as server:
        await_workers(server, browser)
        page = new_page(browser)
        page.goto(server.train)
        choose_preset(page, PRESETS["tutorial_a"].title, epochs=200)
        store = RunStore(runs)
        for run in [store.get(train(page)) for _ in range(2)]:
            wait_for(lambda run=run: store.history(run))
        process = psutil.Process(server.process.pid)
        family = [process, *process.children(recursive=True)]
        page.close()
        began = time.perf_counter()
        server.stop()
        _, alive = psutil.wait_procs(family, timeout=60)
        if alive:
            sys.exit(f"These processes did not end: {alive}")
        figures["gone"].append(time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())
