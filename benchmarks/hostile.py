"""Visitors who take as much of a server as they can, each in another way."""

import asyncio
import itertools
import secrets
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial

from websockets import WebSocketException

from benchmarks.load import draw_digit
from harness import costly_files
from harness.visitor import Visitor, visit
from trainer.config.presets import PRESETS

SMALL = f"config={PRESETS['perceptron'].config.to_link()}"  # trains in seconds
PAUSE_SECONDS = 1.0  # after an error, before the next try
LOOK_SECONDS = 4.0  # at an evaluation, before leaving
TABS = 10  # opened at once
ACT_SECONDS = 120.0  # for one act: the server may refuse or be slow, but it must answer


class Hostile:
    """A visitor of a server who repeats one act without a pause, with one cookie or with new ones.

    slow: ids of runs whose networks are slow; address: the visitor's network address.
    """

    def __init__(self, url: str, slow: Sequence[str], address: str) -> None:
        self._slow = slow
        self._visit_as_new = partial(visit, url, address=address)
        self._visit = partial(self._visit_as_new, owner=secrets.token_urlsafe(24))

    async def draw(self) -> AsyncGenerator[None, None]:
        """Draw with a network at the limit of multiply-adds."""
        async with self._visit() as visitor:
            await visitor.open("", f"run={self._slow[0]}")
            while True:
                await draw_digit(visitor)
                yield

    async def evaluate(self) -> AsyncGenerator[None, None]:
        """Evaluate one slow network after another, leave, and come back."""
        for run_id in itertools.cycle(self._slow):
            async with self._visit() as visitor:
                await visitor.open("evaluate", f"run={run_id}")
                end = time.monotonic() + LOOK_SECONDS
                while visitor.polls and time.monotonic() < end:
                    await _poll(visitor)
            yield

    async def send_photos(self) -> AsyncGenerator[None, None]:
        """Send photos that take long to decode."""
        photos = [("photo.jpg", costly_files.progressive_jpeg()), ("photo.png", costly_files.large_png())]
        async with self._visit() as visitor:
            await visitor.open()
            await visitor.set("source", string_array_value={"data": ["Photo"]})
            for name, content in itertools.cycle(photos):
                await visitor.upload("photo_taken", name, content)
                if any(id.endswith("-photo_again") for id in visitor.widgets):
                    await visitor.set("photo_again", trigger_value=True)
                yield

    async def upload(self) -> AsyncGenerator[None, None]:
        """Upload large data sets, each another one, and files that unpack to much."""
        bombs = itertools.cycle([costly_files.blank_dataset(), costly_files.many_names()])
        for seed in itertools.count():
            async with self._visit_as_new() as visitor:
                await visitor.open("data")
                for content in (costly_files.dataset(seed=seed), next(bombs)):
                    key = next(key for key in reversed(visitor.keys) if key.startswith("bring_file."))
                    await visitor.upload(key, "mine.npz", content)
                    await visitor.settle()
                    yield

    async def train(self) -> AsyncGenerator[None, None]:
        """Press Train or start a sweep, each time as another visitor."""
        for page, query, button in itertools.cycle([*[("train", SMALL, "train")] * 4, ("sweep", "", "sweep.begin")]):
            async with self._visit_as_new() as visitor:
                await visitor.open(page, query)
                await visitor.set(button, trigger_value=True)
            yield

    async def reload(self) -> AsyncGenerator[None, None]:
        """Open many tabs of Train and Data at once, and leave."""
        while True:
            async with AsyncExitStack() as stack:
                tabs = [await stack.enter_async_context(self._visit()) for _ in range(TABS)]
                await asyncio.gather(*(tab.open(("train", "data")[place % 2]) for place, tab in enumerate(tabs)))
            yield


ACTS: dict[str, Callable[[Hostile], AsyncGenerator[None, None]]] = {
    "draw": Hostile.draw,
    "evaluate": Hostile.evaluate,
    "photo": Hostile.send_photos,
    "upload": Hostile.upload,
    "train": Hostile.train,
    "reload": Hostile.reload,
}


def run(url: str, slow: Sequence[str], count: int, end: float) -> dict[str, tuple[int, str]]:
    """Let so many hostile visitors act until `end`, by `time.time()`.

    Returns for each the number of its acts, and the errors that it met, by the name of its act.
    """
    return asyncio.run(_run(url, slow, count, end))


async def _run(url: str, slow: Sequence[str], count: int, end: float) -> dict[str, tuple[int, str]]:
    kinds = list(itertools.islice(itertools.cycle(ACTS.items()), count))
    found = await asyncio.gather(
        *(repeat(act, Hostile(url, slow, f"10.1.0.{place + 1}"), end) for place, (_, act) in enumerate(kinds))
    )
    return {f"{name}_{place + 1}": result for place, ((name, _), result) in enumerate(zip(kinds, found, strict=True))}


async def repeat(act: Callable[[Hostile], AsyncGenerator[None, None]], hostile: Hostile, end: float) -> tuple[int, str]:
    """Repeat an act until `end`, and begin again after an error; return how often it succeeded, and the errors."""
    count, errors = 0, Counter[str]()
    while (left := end - time.time()) > 0:
        acts = act(hostile)
        try:
            while (left := end - time.time()) > 0:
                await asyncio.wait_for(anext(acts), min(left, ACT_SECONDS))
                count += 1
        except TimeoutError:
            if left >= ACT_SECONDS:
                errors["no answer"] += 1
        except (OSError, WebSocketException, RuntimeError, StopAsyncIteration) as error:
            errors[type(error).__name__] += 1
            await asyncio.sleep(PAUSE_SECONDS)
        finally:
            await acts.aclose()
    return count, ", ".join(f"{number} {name}" for name, number in errors.items())


async def _poll(visitor: Visitor) -> None:
    """Wait for the next automatic rerun of a part of the page, and let it run."""
    part, every = min(visitor.polls.items(), key=lambda poll: poll[1])
    await asyncio.sleep(every)
    await visitor.poll(part)
