"""A class of thirty draws its ten digits at once, and then answers a poll and watches the board.

Run `python -m benchmarks.class_round` on an idle machine; it takes three minutes. Each pupil saves a digit every 6
seconds, so the round takes a minute; ten of them have a network that is read on every new digit. Then all look at the
board for a minute, as often as their pages do, the teacher too. `--pupils 30` changes their number. Exits with status
1 if 5 % of the waits take over 300 ms, or if a digit or an answer is lost.
"""

import argparse
import asyncio
import os
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

import numpy as np

from benchmarks.conditions import await_quiet, print_conditions
from benchmarks.load import drawings
from harness.runs import untrained_run
from harness.server import Server
from harness.visitor import Visitor, visit
from trainer.classroom import polls
from trainer.classroom.classroom import Classroom
from trainer.classroom.classrooms import Classrooms
from trainer.config.limits import CLASSES
from trainer.config.presets import PRESETS
from trainer.runs.owner import owner_hash

DIGIT_SECONDS = 6.0  # from one digit to the next
WATCH_SECONDS = 60.0
NETWORKS = 10  # of the first pupils
MAX_MILLISECONDS = 300.0  # of 95 % of the waits

Waits = dict[str, list[float]]  # seconds, by what was waited for


async def take_part(url: str, owner: str, classroom: Classroom, waits: Waits) -> None:
    """Draw ten digits, answer the poll, and watch the board."""
    async with visit(url, owner=owner, address=f"192.0.2.{random.randint(1, 250)}") as visitor:
        await asyncio.sleep(random.uniform(0, DIGIT_SECONDS))
        await visitor.open("classroom")
        due = time.perf_counter() + random.uniform(0, DIGIT_SECONDS)
        for _ in range(CLASSES):
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            _, value = random.choice(drawings())
            await _timed(waits["stroke"], visitor.set("class.paper", json_value=value))
            await _timed(waits["save"], visitor.set("class.save", trigger_value=True))
            due = max(time.perf_counter(), due + random.uniform(0.8, 1.2) * DIGIT_SECONDS)
        await visitor.open("classroom")
        poll = polls.current(classroom)
        assert poll is not None
        await _timed(
            waits["answer"], visitor.set(f"class.poll.{poll.number}.{random.randint(0, 1)}", trigger_value=True)
        )
        await watch(visitor, time.perf_counter() + WATCH_SECONDS, waits["look"])


async def teach(url: str, classroom: Classroom, secret: str, end: asyncio.Event, waits: Waits) -> None:
    """Watch the teacher's view until the end."""
    async with visit(url) as visitor:
        await visitor.open("classroom", f"teach={secret}&class={classroom.code}")
        while not end.is_set():
            await watch(visitor, time.perf_counter() + 10.0, waits["teacher"])


async def watch(visitor: Visitor, end: float, waits: list[float]) -> None:
    """Rerun each fragment that reruns by itself when it is due, until `end`."""
    due = {part: time.perf_counter() + random.uniform(0, every) for part, every in visitor.polls.items()}
    while due and min(due.values()) < end:
        part = min(due, key=due.__getitem__)
        await asyncio.sleep(max(0.0, due.pop(part) - time.perf_counter()))
        await _timed(waits, visitor.poll(part))
        now = time.perf_counter()
        due = {part: due.get(part, now + every) for part, every in visitor.polls.items()}
    await asyncio.sleep(max(0.0, end - time.perf_counter()))


async def _timed(waits: list[float], work: Awaitable[object]) -> None:
    began = time.perf_counter()
    await work
    waits.append(time.perf_counter() - began)


async def measure(url: str, root: Path, pupils: int) -> tuple[Waits, Classroom]:
    classroom, secret = Classrooms(root).open("benchmark")
    classroom.change(is_collecting=True)
    polls.start(classroom, "Will it read a 7?", ["Yes", "No"])
    owners = [secrets.token_urlsafe(24) for _ in range(pupils)]
    for place, owner in enumerate(owners):
        classroom.join(owner_hash(owner))
        folder = root / "drawings" / owner_hash(owner)
        folder.mkdir(parents=True)
        (folder / "class.txt").write_text(classroom.code)
        if place < NETWORKS:
            untrained_run(root, PRESETS["small_cnn"].config, owner_hash(owner))
    waits: Waits = {name: [] for name in ("stroke", "save", "answer", "look", "teacher")}
    end = asyncio.Event()
    teacher = asyncio.create_task(teach(url, classroom, secret, end, waits))
    try:
        await asyncio.gather(*(take_part(url, owner, classroom, waits) for owner in owners))
    finally:
        end.set()
        await teacher
    return waits, classroom


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--pupils", type=int, default=30, help="number of pupils (%(default)s)")
    given = parser.parse_args()
    print_conditions("streamlit", "onnxruntime", more=f"{given.pupils} pupils")
    os.environ["DIGITLAB_PROXY"] = "127.0.0.1"  # so that every visitor can have an address
    drawings()
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "runs") as server:
        if not await_quiet():
            print("# the machine was not idle", flush=True)
        waits, classroom = asyncio.run(measure(server.url, server.runs, given.pupils))
        tracebacks = server.log.read_text().count("Traceback")
        drawn, poll = len(classroom.digits().labels), polls.current(classroom)
    worst = 0.0
    for name, seconds in waits.items():
        p50, p95 = np.percentile(1000 * np.array(seconds), (50, 95))
        worst = max(worst, p95)
        print(f"class.{name}_p50 {p50:.0f} ms\nclass.{name}_p95 {p95:.0f} ms\n# of {len(seconds):,}")
    answers = sum(poll.votes) if poll else 0
    print(f"class.digits {drawn} of {CLASSES * given.pupils}")
    print(f"class.answers {answers} of {given.pupils}")
    print(f"class.tracebacks {tracebacks}")
    complete = drawn == CLASSES * given.pupils and answers == given.pupils and not tracebacks
    return int(worst > MAX_MILLISECONDS or not complete)


if __name__ == "__main__":
    sys.exit(main())
