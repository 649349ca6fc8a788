"""Many people press Train at once, and somebody presses it twice."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.apps import TINY
from tests.jobs import wait_for
from tests.serving import Server
from tests.visitor import Visitor, visit
from trainer.runs import RunStore

LINK = f"config={TINY.to_link()}"


@pytest.fixture
def server(tmp_path, few_digits, cluster):
    with Server(tmp_path / "class", data=few_digits, scheduler=cluster.scheduler_address) as server:
        yield server


async def come(stack: AsyncExitStack, server: Server, query: str = LINK) -> Visitor:
    visitor = await stack.enter_async_context(visit(server.url))
    await visitor.open("train", query)
    return visitor


@pytest.mark.parametrize("people", [5, pytest.param(30, marks=pytest.mark.long)])
def test_many_people_press_train_at_once_and_all_runs_finish(server, people):
    async def press() -> None:
        async with AsyncExitStack() as stack:
            visitors = [await come(stack, server) for _ in range(people)]
            await asyncio.gather(*(visitor.set("train", trigger_value=True) for visitor in visitors))

    asyncio.run(press())
    store = RunStore(server.runs)
    runs = store.runs()
    assert len(runs) == people and len({run.state.owner for run in runs}) == people
    wait_for(lambda: all(run.state.ended for run in runs), 300)
    assert {run.state.phase for run in runs} == {"finished"}


def test_a_train_that_is_pressed_twice_trains_twice_at_most_and_nothing_breaks(server):
    async def press_twice() -> None:
        async with AsyncExitStack() as stack:
            visitor = await come(stack, server)
            press = visitor.message("train", trigger_value=True)
            await visitor.send(press)
            await visitor.send(press)
            await visitor.read()

    asyncio.run(press_twice())
    store = RunStore(server.runs)
    wait_for(lambda: store.runs() and all(run.state.ended for run in store.runs()), 300)
    assert 1 <= len(store.runs()) <= 2
    assert {run.state.phase for run in store.runs()} == {"finished"}
