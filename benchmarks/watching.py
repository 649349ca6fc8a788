"""Cost of watching a live run: processor time of the server per poll, with all panels and five followed drawings.

Run `python -m benchmarks.watching` on an idle machine; it takes about 2 minutes. Exits with status 1 if a poll takes
more than 30 ms of the server's processor time.
"""

import re
import sys
import tempfile
from pathlib import Path
from secrets import token_hex

import numpy as np
import psutil
from playwright.sync_api import Page, expect

from benchmarks.conditions import print_conditions
from harness.browser import choose_preset, epochs_drawn, new_page, open_chromium, train
from harness.server import Server
from harness.waiting import wait_for
from trainer.drawing import synthetic_digits
from trainer.runs.requests import MAX_DRAWINGS, FollowedDrawing
from trainer.runs.run import Run
from trainer.runs.store import RunStore

SECONDS = 20.0  # with a watching page, and as many without
FINISHED = re.compile("^Finished: .* read correctly")
EPOCHS = 30  # of the run, 780 lines, before polls are counted
MAX_MILLISECONDS = 30.0


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, open_chromium() as browser, Server(Path(folder) / "runs") as server:
        print_conditions("streamlit", "plotly", more=f"Chromium {browser.version}, {SECONDS:g} s with and without")
        page = new_page(browser)
        page.goto(server.train)
        for _ in range(2):
            choose_preset(page, "Tutorial B", epochs=5)
            train(page)
            expect(page.get_by_text(FINISHED)).to_be_visible()
        choose_preset(page, "Tutorial A, scaled", epochs=200)
        run = Run(server.runs / train(page))
        for label, image in enumerate(synthetic_digits.make_digits(MAX_DRAWINGS)[0]):
            run.request("pin", **FollowedDrawing(token_hex(4), label, image / np.float32(255)).request())
        history = RunStore(server.runs).history
        wait_for(lambda: any(line["epoch"] > EPOCHS for line in history(run)))

        looks = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: looks.append(frame)))
        page.reload()
        wait_for(lambda: epochs_drawn(page) > EPOCHS and len(looks) > 5)
        looks.clear()
        watched = seconds_of(server, page)
        count = len(looks)
        page.goto("about:blank")
        alone = seconds_of(server, page)
    cost = 1000 * (watched - alone) / count
    print(f"look {cost:.1f} ms")
    print(f"looks_every {SECONDS / count:.2f} s")
    print(f"watching {1000 * (watched - alone) / SECONDS:.1f} ms/s")
    return int(cost > MAX_MILLISECONDS)


def seconds_of(server: Server, page: Page) -> float:
    """Return the processor seconds of the server over SECONDS."""
    process = psutil.Process(server.process.pid)
    before = process.cpu_times()
    page.wait_for_timeout(1000 * SECONDS)
    after = process.cpu_times()
    return after.user + after.system - before.user - before.system


if __name__ == "__main__":
    sys.exit(main())
