"""Open files and memory of the server while visitors reload their pages, and after they have left.

Run `python -m benchmarks.sessions`; it takes about 8 minutes: 30 visitors open Train and Data and reload each of them
15 times, then nobody comes for five minutes. Every reload is a new websocket and a new session, as in a browser. Exits
with status 1 if reloads open more and more files, or if memory stays more than 20 % above what it was before the
visitors came.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import psutil

from benchmarks.conditions import await_quiet, print_conditions
from harness.server import Server
from harness.visitor import visit

PAGES = ("train", "data")  # the second one maps the data set
MAX_MEMORY_RATIO = 1.2  # after the wait, relative to before
MAX_FILES_A_STORED_SESSION = 3  # its event loop; Streamlit keeps a session for two minutes, in case its browser returns
MAX_STORED_SESSIONS = 128  # of Streamlit's MemorySessionStorage


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.sessions", description="Measure what departed sessions hold.")
    parser.add_argument("--visitors", type=int, default=30, help="visitors at a time (default: %(default)s)")
    parser.add_argument("--reloads", type=int, default=15, help="reloads of each (default: %(default)s)")
    parser.add_argument("--wait", type=float, default=300, help="seconds without visitors (default: %(default)s)")
    options = parser.parse_args()
    if options.visitors < 1 or options.reloads < 1 or options.wait < 0:
        parser.error("--visitors and --reloads must be at least 1, and --wait at least 0")
    print_conditions("streamlit", more=f"{options.visitors} visitors x {options.reloads} reloads")
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "runs") as server:
        missed = asyncio.run(measure(server, options.visitors, options.reloads, options.wait))
    for sentence in missed:
        print(f"# missed: {sentence}")
    return int(bool(missed))


async def measure(server: Server, visitors: int, reloads: int, wait: float) -> list[str]:
    """Print the figures and return a sentence for each missed limit."""
    process = psutil.Process(server.process.pid)
    owners = [f"{number:032}" for number in range(visitors)]
    for page in ("", *PAGES):  # the imports are done, and the data set has been mapped
        await load([owners[0]], server.url, page)
    if not await asyncio.to_thread(await_quiet):  # the training processes have loaded TensorFlow
        print("# the training processes were still busy before")
    files_before, memory_before = process.num_fds(), process.memory_info().rss
    report("before", files_before, memory_before)
    highest = 0
    for number in range(reloads):
        for page in PAGES:
            highest = max(highest, await load(owners, server.url, page, process))
        if number in (0, reloads // 2, reloads - 1):
            report(f"reload_{number + 1}", process.num_fds(), process.memory_info().rss)
    print(f"highest.files {highest}")
    memory_full = process.memory_info().rss
    end = time.monotonic() + wait
    while time.monotonic() < end:
        await asyncio.sleep(min(60, max(0, end - time.monotonic())))
        report(f"after_{wait - (end - time.monotonic()):.0f}_s", process.num_fds(), process.memory_info().rss)
    files_after, memory_after = process.num_fds(), process.memory_info().rss
    print(f"memory.ratio {memory_after / memory_before:.2f} times")
    print(f"memory.ratio_full {memory_full / memory_before:.2f} times", flush=True)
    missed = []
    allowed = files_before + (MAX_FILES_A_STORED_SESSION + 1) * (visitors + MAX_STORED_SESSIONS)
    if highest > allowed:
        missed.append(f"reloads must not open more than {allowed} files (they opened {highest})")
    if wait and memory_after > MAX_MEMORY_RATIO * memory_before:
        missed.append(f"memory must return to {MAX_MEMORY_RATIO:g} times (it is {memory_after / memory_before:.2f})")
    if wait and files_after > files_before + visitors:
        missed.append(f"open files must return to about {files_before} (they are {files_after})")
    return missed


async def load(owners: list[str], url: str, page: str, process: psutil.Process | None = None) -> int:
    """Open a page in a new session of each owner, close all, and return the number of open files before that."""
    async with AsyncExitStack() as stack:

        async def open_page(owner: str) -> None:
            await (await stack.enter_async_context(visit(url, owner=owner))).open(page)

        await asyncio.gather(*map(open_page, owners))
        return process.num_fds() if process else 0


def report(moment: str, files: int, memory: int) -> None:
    print(f"{moment}.files {files}")
    print(f"{moment}.memory {memory / 1e6:.0f} MB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
