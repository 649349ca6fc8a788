"""How the server bears a class: visitors who draw a digit every 2 seconds, or who watch runs that train.

Run `python -m benchmarks.load`, on a quiet machine; it takes 2 minutes. `--visitors 30`, `--seconds 60`, `--kind draw`
or `watch`, `--trainings` in the background. The visitors are raw websockets in this process and act at random moments.
A wait runs from the moment a visitor acts until the new bars, or the looks at a run, have arrived there. Ends with
status 1 where more than 5 % of the waits take over 150 ms.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import psutil
from streamlit.proto.Element_pb2 import Element

from benchmarks.conditions import await_quiet, print_conditions
from tests.jobs import wait_for
from tests.serving import Server
from tests.visitor import PAPER, Visitor, drawn, visit
from trainer import strokes
from trainer.presets import PRESETS
from trainer.runs import RunStore

EVERY = 2.0  # seconds between a visitor's drawings, on average
DIGITS = 100  # made before, so that the visitors need little of the processor
LINK = replace(PRESETS["tutorial_a"].config, epochs=200).to_link()  # what trains in the background, for minutes
MOST = 150.0  # milliseconds, for 95 % of the waits


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.load", description="How the server bears a class.")
    parser.add_argument("--visitors", type=int, default=30, help="sessions at once (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60, help="of load (default: %(default)s)")
    parser.add_argument("--kind", choices=("draw", "watch"), default="draw", help="what they do (default: %(default)s)")
    parser.add_argument("--trainings", type=int, help="in the background (default: 0, and 1 for those who watch)")
    options = parser.parse_args()
    trainings = int(options.kind == "watch") if options.trainings is None else options.trainings
    if options.visitors < 1 or options.seconds <= EVERY or trainings < (options.kind == "watch"):
        parser.error(f"there must be visitors, more than {EVERY:g} seconds, and a training to watch")
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "runs") as server:
        return asyncio.run(bear(server, options.visitors, options.seconds, options.kind, trainings))


async def bear(server: Server, count: int, seconds: float, kind: str, trainings: int) -> int:
    """Let visitors come and act, print the figures and return the status."""
    process = psutil.Process(server.process.pid)
    async with AsyncExitStack() as stack:

        async def come(page: str = "", query: str = "") -> Visitor:
            visitor = await stack.enter_async_context(visit(server.url))
            await visitor.open(page, query)
            return visitor

        await draw(await come(), time.perf_counter() + 2 * EVERY)  # the server has imported what it needs
        quiet = await asyncio.to_thread(await_quiet)  # the training processes have loaded TensorFlow
        runs = [await train(server, await come("train", f"config={LINK}")) for _ in range(trainings)]
        print_conditions("streamlit", more=f"{count} visitors who {kind} for {seconds:g} s, {trainings} trainings")
        print(f"# training processes {'at rest' if quiet else 'still busy: too slow'} before")

        before = process.memory_info().rss
        end = time.perf_counter() + seconds + 1  # what follows takes a second
        if kind == "draw":
            acts = [draw(await come(), end) for _ in range(count)]
        else:
            acts = [watch(await come("train", f"run={runs[place % len(runs)]}"), end) for place in range(count)]
        began, server_before, own_before = time.perf_counter(), process.cpu_times(), time.process_time()
        waits = np.concatenate(await asyncio.gather(*acts))
        wall, server_after, own_after = time.perf_counter() - began, process.cpu_times(), time.process_time()
        after = process.memory_info().rss
    busy = server_after.user + server_after.system - server_before.user - server_before.system
    p50, p95 = np.percentile(1000 * waits, (50, 95))
    print(f"# {len(waits)} waits; the visitors themselves took {100 * (own_after - own_before) / wall:.0f} % of a core")
    print(f"{kind}_p50 {p50:.0f} ms")
    print(f"{kind}_p95 {p95:.0f} ms")
    print(f"{kind}_longest {1000 * waits.max():.0f} ms")
    print(f"{kind}_processor {1000 * busy / len(waits):.1f} ms")
    print(f"server_busy {100 * busy / wall:.0f} %")
    print(f"server_memory_before {before / 1e6:.0f} MB")
    print(f"server_memory_after {after / 1e6:.0f} MB")
    print(f"memory_a_session {(after - before) / count / 1e6:.2f} MB")
    return int(p95 > MOST)


async def draw(visitor: Visitor, end: float) -> np.ndarray:
    """Draw digits at random moments until then; return the seconds until each one's bars were there."""
    chance = random.Random()
    waits = []
    due = time.perf_counter() + chance.uniform(0, EVERY)
    while due < end:
        await asyncio.sleep(due - time.perf_counter())
        await visitor.send(visitor.message(PAPER, json_value=chance.choice(drawings())))
        if not await visitor.read(until=are_bars):
            raise RuntimeError("Draw showed no bars after a drawing.")
        waits.append(time.perf_counter() - due)  # a visitor who is kept waiting does not excuse the server
        await visitor.read()
        due += chance.uniform(0.5, 1.5) * EVERY
    return np.array(waits)


def are_bars(element: Element) -> bool:
    return element.plotly_chart.id.endswith("-bars")


@cache
def drawings() -> list[str]:
    rng = np.random.default_rng(0)
    return [drawn(strokes.pen_strokes(place % 10, rng)) for place in range(DIGITS)]


async def watch(visitor: Visitor, end: float) -> np.ndarray:
    """Look at a live run as often as its page asks for until then; return the seconds that each look took."""
    waits = []
    due = time.perf_counter() + random.uniform(0, min(visitor.polls.values()))
    while due < end:
        await asyncio.sleep(due - time.perf_counter())
        part, every = min(visitor.polls.items(), key=lambda poll: poll[1])
        await visitor.poll(part)
        waits.append(time.perf_counter() - due)
        due = max(due + every, time.perf_counter())
    return np.array(waits)


async def train(server: Server, visitor: Visitor) -> str:
    """Press Train and return the run's id once it has learned something."""
    store = RunStore(server.runs)
    earlier = {run.id for run in store.runs()}
    await visitor.set("train", trigger_value=True)
    run = next(run for run in store.runs() if run.id not in earlier)
    await asyncio.to_thread(wait_for, lambda: store.history(run))
    return run.id


if __name__ == "__main__":
    sys.exit(main())
