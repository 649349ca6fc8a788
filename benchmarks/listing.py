"""Speed of the list of runs: its rows after a start, with and without the saved index, and the page Runs.

Run `python -m benchmarks.listing`; it takes about 5 minutes and temporarily a gigabyte of disk space. Exits with status
1 if the list of 10,000 runs takes more than half a second, or a row is wrong.
"""

import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from playwright.sync_api import Browser, expect

from benchmarks.conditions import await_quiet, print_conditions
from harness.browser import new_page, open_chromium
from harness.server import Server
from harness.waiting import wait_for
from trainer.config.optimizers import OPTIMIZERS
from trainer.config.presets import PRESETS
from trainer.runs.index import INDEX_FILE, MAX_UNSAVED_ROWS, RunIndex, read_row
from trainer.runs.state import State
from trainer.runs.store import RunStore
from trainer.storage.files import json_line

RUN_COUNTS = (10, 100, 1_000, 10_000)
MAX_SECONDS = 0.5  # seconds
REPEATS = 7
EPOCHS, LINES = 20, 25  # per run, and lines per epoch


def make_runs(root: Path, number: int) -> None:
    """Create runs as trainings leave them, without networks."""
    chance = random.Random(0)
    presets = [preset.config for preset in PRESETS.values()]
    histories = [history(chance) for _ in range(50)]
    for place in range(number):
        config = replace(
            chance.choice(presets), epochs=EPOCHS, seed=place, optimizer=chance.choice([*OPTIMIZERS.values()])()
        )
        created = 1.79e9 - 600.0 * place
        folder = root / f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(created))}-{place:06x}"
        folder.mkdir()
        asked = {"config": json.loads(config.to_json()), "created": created, "versions": {}, "parent": "", "group": ""}
        state = State("finished", owner=f"{place % 30:064x}", device="CPU", data="MNIST", examples=54_000, steps=108)
        state = replace(state, seconds=chance.uniform(5, 300), test_loss=0.3, test_accuracy=chance.uniform(0.8, 0.99))
        (folder / "config.json").write_text(json.dumps(asked, indent=1))
        (folder / "state.json").write_text(json.dumps(asdict(state)))
        (folder / "meta.json").write_text(json.dumps({"name": f"run {place}", "note": "", "pinned": False}))
        (folder / "history.jsonl").write_bytes(chance.choice(histories))
        os.utime(folder, (created, created))


def history(chance: random.Random) -> bytes:
    lines = []
    for epoch in range(1, EPOCHS + 1):
        for place in range(LINES):
            lines.append(
                {"kind": "batch", "epoch": epoch, "step": (epoch - 1) * 108 + 4 * place, "loss": chance.random()}
                | {"accuracy": chance.random(), "learning_rate": 0.01, "seconds": 0.1}
            )
        lines.append(
            {"kind": "epoch", "epoch": epoch, "step": epoch * 108, "accuracy": chance.random(), "loss": chance.random()}
            | {"val_accuracy": 1 - chance.random() / epoch, "val_loss": chance.random(), "learning_rate": 0.01}
            | {"seconds": 0.1, "memory": 1_371_992_064, "reads": [chance.randrange(10) for _ in range(16)]}
        )
    return b"".join(map(json_line, lines))


def seconds(what: Callable[[], object]) -> float:
    begun = time.perf_counter()
    what()
    return time.perf_counter() - begun


def rows(store: RunStore) -> dict[str, float]:
    """Return the seconds that the rows take in Python, before and after the index is saved."""
    new = RunIndex(store)
    figures = {"unread_first_page": seconds(new.rows)}
    figures["unread_all"] = figures["unread_first_page"] + seconds(new.wait)
    figures["later"] = statistics.median(seconds(new.rows) for _ in range(REPEATS))
    if len(store.runs()) > MAX_UNSAVED_ROWS:
        wait_for((store.root / INDEX_FILE).is_file)
    after = RunIndex(store)
    figures["after_start"] = seconds(after.rows)
    listed = after.rows()
    some = random.Random(1).sample(listed, 10)
    if len(listed) != len(store.runs()) or any(row != read_row(store.get(row.id)) for row in some):
        sys.exit("A row of the index differs from its run.")
    return figures


def page(browser: Browser, root: Path) -> dict[str, float]:
    """Return the seconds from opening the page to the first rows, on a new server, and of sorting."""
    with Server(root) as server:
        visit = new_page(browser)
        table = visit.locator("tbody tr")
        visit.goto(server.url)
        expect(visit.get_by_role("heading", level=1)).to_be_visible()  # the app and its engine have started
        await_quiet()  # and so have the training processes
        begun = time.perf_counter()
        visit.goto(f"{server.url}/runs")
        expect(table.first).to_be_visible()
        figures = {"page_first": time.perf_counter() - begun}
        presses = []
        for place in range(REPEATS + 1):
            order = "ascending" if place % 2 else "descending"
            begun = time.perf_counter()
            visit.locator("th.test button").click()
            expect(visit.locator(f"th.test[aria-sort={order}]")).to_have_count(1)
            presses.append(time.perf_counter() - begun)
        visit.close()
        return figures | {"page_sorted": statistics.median(presses[1:])}


def main() -> int:
    print_conditions("streamlit", more=f"{EPOCHS} epochs a run, {EPOCHS * (LINES + 1)} lines")
    slow = False
    with open_chromium() as browser:
        for number in RUN_COUNTS:
            with tempfile.TemporaryDirectory() as folder:
                root = Path(folder) / "runs"
                root.mkdir()
                make_runs(root, number)
                figures = rows(RunStore(root)) | page(browser, root)
            for name, figure in figures.items():
                print(f"{number}.{name} {1000 * figure:.0f} ms", flush=True)
            slow = slow or max(figures["later"], figures["after_start"]) > MAX_SECONDS
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
