"""Latency of drawing: time from a point, and from lifting the pen, to new bars on the page, in Chromium.

Run `python -m benchmarks.drawing_latency` on an idle machine; it takes about 3 minutes. The ready-made network answers.
"point" is the time from the last point of an unfinished stroke that was sent to the bars that it changed, "lift" that
from lifting the pen. Every third stroke is sent as the unmodified canvas sends it, after lifting the pen ("stock"), for
comparison. Exits with status 1 if a percentile is above its limit, or the median of "lift" above a quarter of that of
"stock".
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page

from benchmarks.conditions import await_quiet, print_conditions
from harness.browser import new_page, open_chromium
from harness.server import Server
from trainer.drawing import synthetic_digits

STROKES = 90  # of all kinds
WARM_UP = 5  # earlier changes of the bars of each kind, not counted
POINT_MILLISECONDS = 16  # between two points, as a mouse reports them
SETTLE_MILLISECONDS = 700  # after lifting the pen, in which the last bars come
PAUSE_MILLISECONDS = 300  # between strokes, about as long as a person's
MAX_MILLISECONDS = {("point", 50): 45.0, ("point", 95): 80.0, ("lift", 50): 50.0, ("lift", 95): 80.0}
MAX_RATIO = 1 / 4

# Times each change of the bars since the last message to the server while the pen is down, and since it was lifted.
STOPWATCH = """
const shadow = () => document.querySelector(".st-key-bars [data-testid=stBidiComponentIsolated]")?.shadowRoot;
window.bars = () => [...(shadow()?.querySelectorAll(".bar") ?? [])].map((bar) => bar.style.width).join();
let before = "", sent = 0, lifted = 0;
window.times = { point: [], lift: [] };
const stopwatch = new MutationObserver(() => {
    const now = bars();
    if (now === before) return;
    before = now;
    if (lifted) times.lift.push(performance.now() - lifted);
    else times.point.push(performance.now() - sent);
});
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (message) {
    sent = performance.now();
    send.call(this, message);
};
addEventListener("mousedown", () => {
    stopwatch.observe(shadow(), { subtree: true, attributes: true });
    before = bars();
    lifted = 0;
}, true);
addEventListener("mouseup", (event) => { lifted = event.timeStamp; }, true);

const click = HTMLElement.prototype.click;
window.stock = false;
HTMLElement.prototype.click = function () {
    if (!window.stock || !this.ariaLabel?.startsWith("Update the app")) click.call(this);
};
"""


def measure(page: Page) -> dict[str, list[float]]:
    """Draw digits and return the milliseconds of each change of the bars, by kind."""
    rng = np.random.default_rng(0)
    times: dict[str, list[float]] = {"point": [], "lift": [], "stock": []}
    drawn = 0
    while drawn < STROKES:
        page.get_by_role("button", name="Clear").click()
        page.wait_for_function("bars().split(',').every((width) => width === '0%')")
        box = page.locator("canvas.upper-canvas").bounding_box()
        assert box is not None
        corner, size = np.array([box["x"], box["y"]]), np.array([box["width"], box["height"]])
        for stroke in synthetic_digits.pen_strokes(int(rng.integers(10)), rng):
            points = (corner + stroke * size).tolist()
            stock = drawn % 3 == 2
            drawn += 1
            page.wait_for_timeout(PAUSE_MILLISECONDS)
            page.evaluate("stock => { window.stock = stock; window.times = { point: [], lift: [] }; }", stock)
            page.mouse.move(*points[0])
            page.mouse.down()
            for point in points[2::2]:
                page.mouse.move(*point)
                page.wait_for_timeout(POINT_MILLISECONDS)
            page.mouse.up()
            page.wait_for_timeout(SETTLE_MILLISECONDS)
            taken = page.evaluate("window.times")
            times["point"] += taken["point"]
            times["stock" if stock else "lift"] += taken["lift"][-1:]
    return {kind: values[WARM_UP:] for kind, values in times.items()}


def draw(browser: Browser, address: str) -> int:
    page = new_page(browser)
    page.add_init_script(STOPWATCH)
    page.goto(address)
    page.locator("canvas.upper-canvas").wait_for()
    quiet = await_quiet()  # the training processes have loaded TensorFlow
    libraries = ("streamlit", "streamlit-drawable-canvas", "onnxruntime")
    print_conditions(*libraries, more=f"Chromium {browser.version}")
    print(f"# training processes {'idle' if quiet else 'still busy: figures are too high'}")
    times = measure(page)
    for kind, values in times.items():
        print(f"# {kind}: {len(values)} changes of the bars")
    percentiles = {(kind, percent): float(np.percentile(times[kind], percent)) for kind, percent in MAX_MILLISECONDS}
    stock = float(np.median(times["stock"]))
    ratio = percentiles["lift", 50] / stock
    for (kind, percent), value in percentiles.items():
        print(f"{kind}_to_bars_p{percent} {value:.0f} ms")
    print(f"stock_to_bars_p50 {stock:.0f} ms")
    print(f"lift_to_bars_ratio {ratio:.2f}")
    return int(ratio > MAX_RATIO or any(percentiles[key] > most for key, most in MAX_MILLISECONDS.items()))


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, open_chromium() as browser, Server(Path(folder) / "runs") as server:
        return draw(browser, server.url)


if __name__ == "__main__":
    sys.exit(main())
