"""A class that presses Train at the same time, and a double click on Train."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from harness.server import Server
from harness.visitor import Visitor, visit
from harness.waiting import wait_for
from tests.support.apps import TINY
from trainer.runs.owner import owner_hash
from trainer.runs.store import RunStore

LINK = f"config={TINY.to_link()}"
WORKERS = 2  # of the test cluster, one training each


@pytest.fixture
def server(tmp_path, few_digits, cluster):
    with Server(tmp_path / "class", data=few_digits, scheduler=cluster.scheduler_address) as server:
        yield server


async def come(stack: AsyncExitStack, server: Server, query: str = LINK, owner: str = "") -> Visitor:
    visitor = await stack.enter_async_context(visit(server.url, owner=owner))
    await visitor.open("train", query)
    return visitor


@pytest.mark.parametrize("people", [5, pytest.param(30, marks=pytest.mark.long)])
def test_simultaneous_trainings_run_in_order_and_a_cancelled_one_never_starts(server, people):
    store = RunStore(server.runs)
    tokens = {owner_hash(token): token for token in (f"{number:032}" for number in range(people))}
    link = f"config={replace(TINY, epochs=4).to_link()}"

    async def press() -> str:
        async with AsyncExitStack() as stack:
            visitors = {token: await come(stack, server, link, token) for token in tokens.values()}
            await asyncio.gather(*(visitor.set("train", trigger_value=True) for visitor in visitors.values()))
            last = max(store.runs(), key=lambda run: run.read().created)
            await visitors[tokens[last.state.owner]].set("steer.stop", trigger_value=True)
            return last.id

    cancelled = asyncio.run(press())
    assert {run.state.owner for run in store.runs()} == set(tokens)  # a run for each
    order = [run for run in sorted(store.runs(), key=lambda run: run.read().created) if run.id != cancelled]
    assert len(order) == people - 1

    def all_ended() -> bool:
        # newest first: runs that must have ended before it started are then seen as ended
        ended, began = [], []
        for place, run in reversed(list(enumerate(order))):
            state = run.state
            if state.ended:
                ended.append(place)
            if state.phase != "queued":
                began.append(place)
        assert all(sum(one < place for one in ended) > place - WORKERS for place in began)
        return len(ended) == len(order)

    wait_for(all_ended)
    assert {run.state.phase for run in order} == {"finished"}
    gone = store.get(cancelled)
    assert gone and (gone.state.phase, gone.state.device) == ("stopped", "")  # it never ran


def test_a_double_click_on_train_starts_at_most_two_runs(server):
    async def press_twice() -> None:
        async with AsyncExitStack() as stack:
            visitor = await come(stack, server)
            press = visitor.message("train", trigger_value=True)
            await visitor.send(press)
            await visitor.send(press)
            await visitor.read()

    asyncio.run(press_twice())
    store = RunStore(server.runs)
    wait_for(lambda: store.runs() and all(run.state.ended for run in store.runs()))
    assert 1 <= len(store.runs()) <= 2
    assert {run.state.phase for run in store.runs()} == {"finished"}
