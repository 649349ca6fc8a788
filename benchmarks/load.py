"""Load of a class: waiting times of visitors who draw a digit every 2 seconds, or who watch live runs.

Run `python -m benchmarks.load` on an idle machine; it takes 12 minutes for 1 to 100 visitors, without and with two
trainings in the background. `--visitors 30`, `--kind draw` or `watch`, and `--trainings` select a single case. Visitors
are websockets in this process and act at random moments. A wait lasts from an action until the new bars or curves have
arrived; opening pages is not counted. `--slow 6` adds six visitors who draw without a pause with three networks at the
limit of multiply-adds, and counts the waits of the others. Exits with status 1 if, with up to 60 visitors, more than
5 % of the waits take over 150 ms (300 ms beside slow networks), or if 30 visitors take a whole core.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from streamlit.proto.Element_pb2 import Element

from benchmarks.conditions import await_quiet, print_conditions
from harness.runs import untrained_run
from harness.server import Server
from harness.visitor import CANVAS_KEY, Visitor, canvas_value, visit
from harness.waiting import wait_for
from trainer.config.presets import PRESETS
from trainer.drawing import synthetic_digits
from trainer.runs.store import RunStore

DRAW_SECONDS = 2.0  # seconds between a visitor's drawings, on average
STROKE_SECONDS = 0.8  # for which a visitor's pen draws before it is lifted
DIGITS = 100  # drawn in advance, so that the visitors need little processor time
LINK = replace(PRESETS["tutorial_a"].config, epochs=200).to_link()  # trains in the background for minutes
SLOW_NETWORKS = 3  # that the visitors of `--slow` share
MAX_MILLISECONDS, MAX_SLOW_MILLISECONDS = 150.0, 300.0  # of 95 % of the waits; the same beside slow networks
MAX_VISITORS, MAX_CORE_VISITORS = 60, 30  # with which the limits of waits, and of one core, apply


class Case(NamedTuple):
    kind: str  # "draw" or "watch"
    visitors: int
    trainings: int  # in the background
    slow: int = 0  # further visitors, who draw with slow networks


CASES = (
    *(Case("draw", visitors, trainings) for trainings in (0, 2) for visitors in (1, 10, 30, 60, 100)),
    *(Case("watch", visitors, 2) for visitors in (1, 30, 100)),
    Case("draw", 24, 0, slow=6),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.load", description="Measure the load of a class.")
    parser.add_argument("--visitors", type=int, help="number of visitors, for a single case")
    parser.add_argument("--seconds", type=float, default=20, help="seconds of load (default: %(default)s)")
    parser.add_argument("--kind", choices=("draw", "watch"), default="draw", help="their action (default: %(default)s)")
    parser.add_argument("--trainings", type=int, default=0, help="in the background (default: %(default)s)")
    parser.add_argument("--slow", type=int, default=0, help="visitors with slow networks (default: %(default)s)")
    options = parser.parse_args()
    cases = CASES
    if options.visitors is not None:
        cases = (Case(options.kind, options.visitors, max(options.trainings, options.kind == "watch"), options.slow),)
    if any(case.visitors < 1 for case in cases) or options.seconds <= DRAW_SECONDS:
        parser.error(f"--visitors must be at least 1, and --seconds above {DRAW_SECONDS:g}")
    print_conditions("streamlit", more=f"{options.seconds:g} s of load per case")
    missed = []
    for case in cases:
        with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "runs") as server:
            missed += asyncio.run(run_case(server, case, options.seconds))
    for sentence in missed:
        print(f"# missed: {sentence}")
    return int(bool(missed))


async def run_case(server: Server, case: Case, seconds: float) -> list[str]:
    """Run a case, print its figures, and return a sentence for each missed limit."""
    kind, count, trainings, slow = case
    process = psutil.Process(server.process.pid)
    async with AsyncExitStack() as stack:

        async def open_visitor(page: str = "", query: str = "") -> Visitor:
            visitor = await stack.enter_async_context(visit(server.url))
            await visitor.open(page, query)
            return visitor

        await draw(await open_visitor(), time.perf_counter() + 2 * DRAW_SECONDS)  # the server's imports are done
        quiet = await asyncio.to_thread(await_quiet)  # the training processes have loaded TensorFlow
        runs = [await train(server, await open_visitor("train", f"config={LINK}")) for _ in range(trainings)]
        if not quiet:
            print("# the training processes were still busy before")

        before = process.memory_info().rss
        pages = [("", "")] if kind == "draw" else [("train", f"run={run_id}") for run_id in runs]
        visitors = [await open_visitor(*pages[place % len(pages)]) for place in range(count)]
        if kind == "watch":  # the first visitors now poll less often
            for visitor in visitors:
                await look(visitor)
        networks = [untrained_run(server.runs).id for _ in range(min(slow, SLOW_NETWORKS))]
        rushing = [await open_visitor("", f"run={networks[place % len(networks)]}") for place in range(slow)]
        end = time.perf_counter() + seconds
        slow_waits = [asyncio.create_task(draw(visitor, end, 0.0)) for visitor in rushing]
        acts = [(draw if kind == "draw" else watch)(visitor, end) for visitor in visitors]
        began, server_before, own_before = time.perf_counter(), process.cpu_times(), time.process_time()
        waits = np.concatenate(await asyncio.gather(*acts))
        waits_of_slow = np.concatenate([np.zeros(0), *await asyncio.gather(*slow_waits)])
        wall, server_after, own_after = time.perf_counter() - began, process.cpu_times(), time.process_time()
        after = process.memory_info().rss
    busy = server_after.user + server_after.system - server_before.user - server_before.system
    p50, p95 = np.percentile(1000 * waits, (50, 95))
    name = f"{kind}.{count}.{trainings}" + (f".slow{slow}" if slow else "")
    print(f"# {len(waits)} waits; the visitors themselves took {100 * (own_after - own_before) / wall:.0f} % of a core")
    print(f"{name}.p50 {p50:.0f} ms")
    print(f"{name}.p95 {p95:.0f} ms")
    print(f"{name}.longest {1000 * waits.max():.0f} ms")
    if slow:
        print(f"{name}.slow_p95 {1000 * np.percentile(waits_of_slow, 95):.0f} ms")
        print(f"{name}.slow_drawings {len(waits_of_slow) / wall:.1f} a second")
    print(f"{name}.processor {1000 * busy / len(waits):.1f} ms")
    print(f"{name}.server_busy {100 * busy / wall:.0f} %")
    print(f"{name}.server_memory {after / 1e6:.0f} MB")
    print(f"{name}.memory_a_session {(after - before) / count / 1e6:.2f} MB", flush=True)
    missed = []
    goal = MAX_SLOW_MILLISECONDS if slow else MAX_MILLISECONDS
    if p95 > goal and count <= MAX_VISITORS:
        missed.append(f"{name}: 95 % of the waits must be at most {goal:g} ms (it is {p95:.0f} ms)")
    if busy > wall and count <= MAX_CORE_VISITORS and not slow:
        missed.append(f"{name}: the server must take less than a core (it takes {100 * busy / wall:.0f} %)")
    return missed


async def draw(visitor: Visitor, end: float, every: float = DRAW_SECONDS) -> np.ndarray:
    """Draw digits, on average `every` so many seconds, until `end`; return the seconds that each one's bars took.

    With 0, the next digit follows when the page has shown the last one.
    """
    chance = random.Random()
    waits = []
    due = time.perf_counter() + chance.uniform(0, every)
    while due < end:
        waits.append(await draw_digit(visitor, due) - due)  # counted from the planned time, even if it comes late
        due = due + chance.uniform(0.5, 1.5) * every if every else time.perf_counter()
    return np.array(waits)


async def draw_digit(visitor: Visitor, lifted: float = 0.0) -> float:
    """Draw a digit and read the page's answer; return when its bars arrived, by `time.perf_counter()`.

    lifted: when the pen is lifted. Until then, for STROKE_SECONDS, its last stroke is sent while it is drawn, as often
    as the page asks for. By default the digit is drawn at once.
    """
    written, value = random.choice(drawings())
    begun = lifted - STROKE_SECONDS
    await asyncio.sleep(max(0.0, begun - time.perf_counter()))
    stroke, number, due = written[-1], 0, begun + live_seconds(visitor)
    while due < lifted:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        sent, number = time.perf_counter(), number + 1
        points = stroke[: 2 + round(len(stroke) * (sent - begun) / STROKE_SECONDS)]
        await visitor.trigger("live.stroke", "stroke", {"number": number, "points": points.tolist()})
        due = max(sent + live_seconds(visitor), time.perf_counter())
    await asyncio.sleep(max(0.0, lifted - time.perf_counter()))
    await visitor.send(visitor.message(CANVAS_KEY, json_value=value))
    if not await visitor.read(until=are_bars):
        raise RuntimeError("Draw showed no bars after a drawing.")
    arrived = time.perf_counter()
    await visitor.read()
    return arrived


def live_seconds(visitor: Visitor) -> float:
    """Return how often Draw asks for the stroke that is being drawn, in seconds."""
    (live,) = [one.bidi_component for one in visitor.elements if one.bidi_component.id.endswith("-live.stroke")]
    seconds: float = json.loads(live.json)["interval"] / 1000
    return seconds


def are_bars(element: Element) -> bool:
    return element.bidi_component.id.endswith("-bars.chart")


@cache
def drawings() -> list[tuple[synthetic_digits.Strokes, str]]:
    """Return strokes of digits, and what the canvas sends of them."""
    rng = np.random.default_rng(0)
    written = [synthetic_digits.pen_strokes(place % 10, rng) for place in range(DIGITS)]
    return [(strokes, canvas_value(strokes)) for strokes in written]


async def watch(visitor: Visitor, end: float) -> np.ndarray:
    """Watch a live run until `end`, as often as its page polls; return the seconds that each poll took."""
    waits = []
    due = time.perf_counter() + random.uniform(0, min(visitor.polls.values()))
    while due < end:
        await asyncio.sleep(due - time.perf_counter())
        every = await look(visitor)
        waits.append(time.perf_counter() - due)
        due = max(due + every, time.perf_counter())
    return np.array(waits)


async def look(visitor: Visitor) -> float:
    """Poll a live run once; return the seconds until its next poll."""
    part, every = min(visitor.polls.items(), key=lambda poll: poll[1])
    await visitor.poll(part)
    return every


async def train(server: Server, visitor: Visitor) -> str:
    """Press Train and return the run's id after its first report."""
    store = RunStore(server.runs)
    earlier = {run.id for run in store.runs()}
    await visitor.set("train", trigger_value=True)
    run = next(run for run in store.runs() if run.id not in earlier)
    await asyncio.to_thread(wait_for, lambda: store.history(run))
    return run.id


if __name__ == "__main__":
    sys.exit(main())
