"""A class on one server, in which a few visitors do their worst: what the others wait for, and what is lost.

Run `python -m benchmarks.classroom` on an idle machine; it takes 14 minutes. Of 30 visitors, six are hostile or
careless (`benchmarks/hostile.py`). The others draw a digit every 2 seconds, a minute alone and then beside the six;
every third of them also trains a small network and looks at it until it has ended. Everybody has another network
address. `--visitors 30`, `--hostile 6` and `--minutes 10` change the class. Exits with status 1 if beside the six more
than 5 % of the drawings take over 300 ms, or if anything of the others is lost.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import re
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from websockets import WebSocketException

from benchmarks import hostile
from benchmarks.conditions import await_quiet, print_conditions
from benchmarks.load import DRAW_SECONDS, draw_digit
from harness.runs import untrained_run
from harness.server import Server
from harness.visitor import Visitor, visit
from trainer.runs.store import RunStore

ALONE_SECONDS = 60.0  # before the hostile visitors come
TRAINING_PART = 1 / 3  # of the others, who also train; all begin in this part of the time
SLOW_NETWORKS = 3
ANSWER_SECONDS = 60.0  # after which a drawing counts as not answered
RETRY_SECONDS = 10.0  # after a refused run
RUN_SECONDS = 900.0  # for which runs are waited for after the hostile visitors have left
LEFT_SECONDS = 60.0  # after everybody has left, before the last look at the server
MAX_MILLISECONDS = 300.0  # of 95 % of the waits
LOST_CONNECTION = (OSError, WebSocketException, RuntimeError)  # also TimeoutError


@dataclass
class Training:
    """A run of a visitor, and when things happened, by `time.perf_counter()`."""

    run_id: str = ""
    refusals: list[str] = field(default_factory=list)
    place: int = 0  # in the queue, when it was submitted; 0 if it began at once
    submitted: float = np.nan
    began: float = np.nan
    ended: float = np.nan
    phase: str = ""


class Pupil:
    """A visitor who draws, and who may train once."""

    def __init__(self, url: str, runs: RunStore, address: str) -> None:
        self.waits: list[tuple[float, float]] = []  # when a drawing was due, and the seconds until its bars
        self.unanswered: list[float] = []  # when they were due
        self.training = Training()
        self._runs = runs
        self._visit = partial(visit, url, owner=secrets.token_urlsafe(24), address=address)

    async def draw(self, end: float) -> None:
        """Draw digits until `end`; connect again if the server does not answer."""
        due = time.perf_counter() + random.uniform(0, DRAW_SECONDS)
        while due < end:
            try:
                async with self._visit() as visitor:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        await visitor.open()
                    while due < end:
                        async with asyncio.timeout(ANSWER_SECONDS + max(0.0, due - time.perf_counter())):
                            arrived = await draw_digit(visitor, due)
                        self.waits.append((due, arrived - due))
                        due = max(arrived, due + random.uniform(0.5, 1.5) * DRAW_SECONDS)
            except LOST_CONNECTION:
                self.unanswered.append(due)
                due = time.perf_counter()

    async def train(self, at: float, end: float) -> None:
        """Press Train and look at the run until it has ended, or until `end`."""
        await asyncio.sleep(at - time.perf_counter())
        run = self.training
        while run.phase not in ("finished", "failed", "stopped", "interrupted") and time.perf_counter() < end:
            try:
                async with self._visit() as visitor, asyncio.timeout(end - time.perf_counter()):
                    await visitor.open("train", f"run={run.run_id}" if run.run_id else hostile.SMALL)
                    if not run.run_id and not await self._press_train(visitor):
                        await asyncio.sleep(RETRY_SECONDS)
                    else:
                        await self._watch(visitor)
            except LOST_CONNECTION:
                await asyncio.sleep(1.0)

    async def _press_train(self, visitor: Visitor) -> bool:
        await visitor.set("train", trigger_value=True)
        run = self.training
        run.run_id = visitor.in_url("run")
        if not run.run_id:
            run.refusals += [element.alert.body for element in visitor.elements if element.HasField("alert")]
            return False
        run.submitted = time.perf_counter()
        run.place = place_in_queue([element.progress.text for element in visitor.elements])
        return True

    async def _watch(self, visitor: Visitor) -> None:
        run = self.training
        while found := self._runs.get(run.run_id):
            state, now = found.state, time.perf_counter()
            run.phase = state.phase
            if np.isnan(run.began) and state.phase != "queued":
                run.began = now
            if state.ended:
                run.ended = now
                return
            part, every = min(visitor.polls.items(), key=lambda poll: poll[1], default=("", 1.0))
            await asyncio.sleep(every)
            if part:
                await visitor.poll(part)
        run.phase = "gone"


def place_in_queue(texts: Sequence[str]) -> int:
    """Return the place that a page tells, from 1, or 0."""
    return next((int(found[1]) for text in texts if (found := re.search(r"Number (\d+) in the queue", text))), 0)


class Usage(NamedTuple):
    """What a server takes: its web process, and all of its processes."""

    web_files: int
    files: int
    web_memory: int  # bytes, without the mapped data files, which the system drops when it needs room
    memory: int


def usage(process: psutil.Process) -> Usage:
    """Return what the server's processes take now."""
    web = process.num_fds(), _own_memory(process)
    files, memory = web
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):  # it has just ended
            files, memory = files + child.num_fds(), memory + _own_memory(child)
    return Usage(web[0], files, web[1], memory)


def _own_memory(process: psutil.Process) -> int:
    found = process.memory_info()
    return int(found.rss - getattr(found, "shared", 0))  # known on Linux only


async def look_each_minute(process: psutil.Process, end: float) -> list[Usage]:
    """Print and return what the server takes, each minute until `end`."""
    found = []
    while True:
        found.append(await asyncio.to_thread(usage, process))
        _print_usage(f"minute {len(found) - 1}", found[-1])
        if time.perf_counter() + 60 > end + 1:
            return found
        await asyncio.sleep(60)


def _print_usage(when: str, now: Usage) -> None:
    files = f"{now.web_files:5} {now.files:6} open files (web, all)"
    memory = f"{now.web_memory / 1e6:6,.0f} {now.memory / 1e6:6,.0f} MB (web, all)"
    print(f"# {when:14} {files}  {memory}  load {psutil.getloadavg()[0]:.1f}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.classroom", description="Measure a class with hostile visitors.")
    parser.add_argument("--visitors", type=int, default=30, help="in all (default: %(default)s)")
    parser.add_argument("--hostile", type=int, default=6, help="of them (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=10, help="of hostility (default: %(default)s)")
    options = parser.parse_args()
    if not 0 < options.hostile < options.visitors or options.minutes <= 0:
        parser.error("--hostile must be at least 1 and below --visitors, and --minutes above 0")
    print_conditions("streamlit", "tensorflow", more=f"{options.visitors} visitors, {options.hostile} of them hostile")
    os.environ["DIGITLAB_PROXY"] = "127.0.0.1"  # so that every visitor can have an address
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "runs") as server:
        missed = asyncio.run(run_class(server, options.visitors - options.hostile, options.hostile, options.minutes))
    for sentence in missed:
        print(f"# missed: {sentence}")
    return int(bool(missed))


async def run_class(server: Server, others: int, enemies: int, minutes: float) -> list[str]:
    """Run the class, print its figures, and return a sentence for each missed goal."""
    process = psutil.Process(server.process.pid)
    async with visit(server.url) as visitor:
        await visitor.open()
        await draw_digit(visitor)  # the server's imports are done
    if not await asyncio.to_thread(await_quiet):  # the training processes have loaded TensorFlow
        print("# the machine was still busy before")
    runs = RunStore(server.runs)
    pupils = [Pupil(server.url, runs, f"10.0.0.{place + 1}") for place in range(others)]
    learners = pupils[: round(TRAINING_PART * others)]
    start = usage(process)
    _print_usage("start", start)

    began = time.perf_counter() + ALONE_SECONDS
    end = began + 60 * minutes
    drawing = [asyncio.create_task(pupil.draw(end)) for pupil in pupils]
    await asyncio.sleep(began - time.perf_counter())
    slow = [untrained_run(server.runs).id for _ in range(SLOW_NETWORKS)]
    training = [
        asyncio.create_task(pupil.train(began + random.uniform(0, 60 * minutes * TRAINING_PART), end + RUN_SECONDS))
        for pupil in learners
    ]
    looks = asyncio.create_task(look_each_minute(process, end))
    # in a process of their own, so that they delay none of the others here
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        until = time.time() + end - time.perf_counter()
        acts = asyncio.wrap_future(pool.submit(hostile.run, server.url, slow, enemies, until))
        await asyncio.gather(*drawing)
        used = await looks
        hostile_acts = await acts
    await asyncio.gather(*training)
    await asyncio.sleep(LEFT_SECONDS)
    left = usage(process)
    _print_usage("a minute after", left)

    last = Pupil(server.url, runs, "10.0.0.255")
    await last.draw(time.perf_counter() + 2 * DRAW_SECONDS)
    for name, (count, errors) in hostile_acts.items():
        print(f"hostile.{name} {count} times" + (f"  # errors: {errors}" if errors else ""))
    missed = print_waits(pupils, began) + print_trainings([pupil.training for pupil in learners])
    for when, now in (("start", start), ("end", used[-1]), ("left", left)):
        print(f"{when}.web_files {now.web_files} files")
        print(f"{when}.files {now.files} files")
        print(f"{when}.web_memory {now.web_memory / 1e6:.0f} MB")
        print(f"{when}.memory {now.memory / 1e6:.0f} MB")
    print(f"most.web_files {max(now.web_files for now in used)} files")
    print(f"most.web_memory {max(now.web_memory for now in used) / 1e6:.0f} MB")
    print(f"most.memory {max(now.memory for now in used) / 1e6:.0f} MB")
    log = server.log.read_text(errors="replace")
    print(f"log.tracebacks {log.count('Traceback')} times")
    if "Traceback" in log:
        print("# " + log[log.index("Traceback") :][:3_000].replace("\n", "\n# "))
        missed.append("the server's log must have no traceback")
    if not last.waits:
        missed.append("the server must answer when everybody has left")
    return missed


def print_waits(pupils: Sequence[Pupil], began: float) -> list[str]:
    """Print the waits for bars before and after the hostile visitors began; return a sentence for each missed goal."""
    waits = np.array([wait for pupil in pupils for wait in pupil.waits])
    percentiles = {}
    for name, chosen in (("alone", waits[:, 0] < began), ("beside", waits[:, 0] >= began)):
        p50, p95 = percentiles[name] = np.percentile(1000 * waits[chosen, 1], (50, 95))
        print(f"{name}.drawings {chosen.sum()} times")
        print(f"{name}.p50 {p50:.0f} ms")
        print(f"{name}.p95 {p95:.0f} ms")
        print(f"{name}.longest {1000 * waits[chosen, 1].max():.0f} ms")
    p50, p95 = percentiles["beside"] / percentiles["alone"]
    print(f"ratio.p50 {p50:.1f} times")
    print(f"ratio.p95 {p95:.1f} times")
    unanswered = sum(len(pupil.unanswered) for pupil in pupils)
    print(f"unanswered {unanswered} drawings")
    missed = [f"every drawing must be answered ({unanswered} were not)"] if unanswered else []
    if (p95 := percentiles["beside"][1]) > MAX_MILLISECONDS:
        missed.append(f"95 % of the waits must be at most {MAX_MILLISECONDS:g} ms (it is {p95:.0f} ms)")
    return missed


def print_trainings(trainings: Sequence[Training]) -> list[str]:
    """Print places and times of the others' runs; return a sentence if not all of them finished."""
    refusals = [text for training in trainings for text in training.refusals]
    finished = sum(training.phase == "finished" for training in trainings)
    print(f"runs.submitted {sum(bool(training.run_id) for training in trainings)} runs")
    print(f"runs.refused {len(refusals)} times" + (f"  # {refusals[0]}" if refusals else ""))
    print(f"runs.finished {finished} runs")
    for name, values, unit in (
        ("place", [training.place for training in trainings if training.run_id], "in the queue"),
        ("began", [training.began - training.submitted for training in trainings], "s"),
        ("ended", [training.ended - training.submitted for training in trainings], "s"),
    ):
        if known := [value for value in values if not np.isnan(value)]:
            print(f"runs.{name} {np.median(known):.0f} {unit}")
            print(f"runs.{name}_largest {max(known):.0f} {unit}")
    if finished == len(trainings):
        return []
    got = ", ".join(training.phase or "never submitted" for training in trainings if training.phase != "finished")
    return [f"every run of the others must finish (got {got})"]


if __name__ == "__main__":
    sys.exit(main())
