"""Forged widget values from a browser: the page renders, nothing is trained, and the session continues."""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

from harness.server import ROOT, Server
from harness.visitor import visit
from tests.support.apps import TINY
from tests.support.cases import case
from trainer.networks import model, onnx_writer
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.runs.store import RunStore

OWNER = "A" * 32
EVENTS = sorted(
    {name for path in (ROOT / "ui").rglob("*.py") for name in re.findall(r"on_(\w+)_change", path.read_text())}
)
assert EVENTS, "components tell of events"
# Values that no widget sends by itself, but whose type is valid. Clicks and checkboxes have no invalid values.
TEXTS = {
    "another option": "no such option",
    "nothing": "",
    "10,000 letters": "A" * 10_000,
    "a script": "<script>alert(1)</script>",
    "control characters": "\0\r\n\x1b\u202e",
    "a path": "../../../etc/passwd",
    "a number": "-1e999",
}
NUMBERS = {"minus": -1.0, "huge": 1e308, "not a number": float("nan"), "infinite": float("inf"), "a half": 0.5}
JSON = {
    "null": "null",
    "a number": "7",
    "NaN": "NaN",
    "a list": '[[], {}, "x", -1, 1e999]',
    "600 lists in each other": "[" * 600 + "]" * 600,
    "1,000 keys": json.dumps({str(number): number for number in range(1_000)}),
}
VALUES = {  # for every key of a component's state
    "null": None,
    "true": True,
    "minus": -1,
    "huge": 10**30,
    "a half": 0.5,
    "a text": "<b>x</b>",
    "a path": "../../etc/passwd",
    "a list": [[-1], {"x": None}, "y"],
    "an object": {"ids": [1, None, {}], "version": "x", "drawing": [], "digit": 11, "raw": 7},
}
PAGES = {
    "draw": ("", ""),
    "train": ("train", ""),
    "data": ("data", ""),
    "evaluate": ("evaluate", "run={0}"),
    "inside": ("inside", "run={0}"),
    "learn": ("learn", ""),
    "all runs": ("runs", ""),
    "one run": ("runs", "run={0}"),
    "its training": ("train", "run={0}"),
    "compare": ("compare", "runs={0},{1}"),
    "sweep": ("sweep", "run={0}"),
}
TEXTUAL = ("selectbox", "radio", "text_input", "text_area", "plotly_chart", "tab_container")
CHOICES = ("button_group", "multiselect", "select_slider")
PRESSED = ("button", "checkbox", "download_button")
FAMILIES = {
    "texts": (*TEXTUAL, "menu_button"),
    "choices": CHOICES,
    "numbers and files": ("number_input", "slider", "pagination", "file_uploader"),
    "components": ("bidi_component",),
}
# Values of a type that the widget never sends: only a program can send them.
WRONG = {
    "a text": {"string_value": "x"},
    "a number": {"int_value": 10**9},
    "bytes": {"bytes_value": b"\0\xff"},
    "numbers": {"double_array_value": {"data": [float("nan")] * 3}},
    "no choice where one is required": {"string_array_value": {"data": []}},
    "no number": {"double_value": float("nan")},
    "half a JSON": {"json_value": '{"a": ['},
}
Values = list[dict[str, Any]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, few_digits: Path, cluster: LocalCluster) -> Iterator[Server]:
    """A server that has loaded its data."""

    async def warm_up() -> None:
        async with visit(server.url) as visitor:
            for page in ("draw", "evaluate"):
                await visitor.open(page)
                await visitor.settle()

    with Server(tmp_path_factory.mktemp("widgets") / "runs", few_digits, scheduler=cluster.scheduler_address) as server:
        asyncio.run(warm_up())
        yield server


@pytest.fixture(scope="module")
def runs(server: Server) -> list[Run]:
    """Two finished runs of one visitor."""
    store = RunStore(server.runs)
    made = [store.create(TINY, owner_hash(OWNER)) for _ in range(2)]
    for run in made:
        run.network_file.write_bytes(onnx_writer.to_onnx(model.weights(model.build(TINY)), TINY))
        run.update(phase="finished", test_accuracy=0.5, device="CPU", data="digits", seconds=3.0, steps=20)
        line = {"kind": "epoch", "step": 40, "epoch": 2, "loss": 1.0, "accuracy": 0.5, "learning_rate": 0.1}
        (run.path / "history.jsonl").write_text(json.dumps(line) + "\n")
    return made


def wild(kind: str, id: str) -> list[Values]:
    """Return the forged states of a widget of this kind, one list per message."""

    def each(value: str, many: Iterable[Any]) -> list[Values]:
        return [[{"id": id, value: one}] for one in many]

    if kind in TEXTUAL:
        return each("string_value", [*TEXTS.values(), *(JSON.values() if kind == "plotly_chart" else ())])
    if kind in CHOICES:
        lists = [*([text] for text in TEXTS.values()), ["x"] * (3 if kind == "multiselect" else 1_000)]
        return each("string_array_value", [{"data": texts} for texts in lists])
    if kind == "menu_button":
        return each("string_trigger_value", [{"data": text} for text in TEXTS.values()])
    if kind == "number_input":
        return each("double_value", filter(isfinite, NUMBERS.values()))
    if kind == "slider":
        lists = [*([number] for number in NUMBERS.values()), [], [0.0] * 1_000]
        return each("double_array_value", [{"data": numbers} for numbers in lists])
    if kind == "pagination":
        return each("int_value", (-1, 0, 10**9))
    if kind == "file_uploader":
        file = {"file_id": "00000000-0000-0000-0000-000000000000", "name": "../x", "size": 10**12}
        return each("file_uploader_state_value", [{"uploaded_file_info": [file] * number} for number in (0, 1, 100)])
    if kind == "bidi_component":
        states = each("json_value", JSON.values())
        for value in VALUES.values():
            state = dict.fromkeys((*EVENTS, "drawing"), value)
            events = [{"event": event, "value": value} for event in EVENTS]
            trigger = {"id": f"$$STREAMLIT_INTERNAL_KEY_{id}__events", "json_trigger_value": json.dumps(events)}
            states.append([{"id": id, "json_value": json.dumps(state)}, trigger])
        return states
    assert kind in PRESSED, f"what may a {kind} send?"
    return []


@pytest.mark.parametrize("page", PAGES)
def test_a_forged_value_renders_the_page_and_changes_nothing(server, runs, page):
    async def look(family: str) -> int:
        path, query = PAGES[page]
        query = query.format(*(run.id for run in runs))
        async with visit(server.url, owner=OWNER) as visitor:
            await visitor.open(path, query)
            asked = [wild(kind, id) for id, kind in visitor.widgets.items() if kind in FAMILIES[family]]
            for turn in zip_longest(*asked, fillvalue=[]):  # one value for each widget in each message
                await visitor.set_states([state for states in turn for state in states])
                assert "exception" not in visitor.kinds, turn
            await visitor.open(path, query)
            assert "heading" in visitor.kinds and "exception" not in visitor.kinds
            return len(asked)

    before, widgets = files(runs), 0
    for family in FAMILIES:
        with case(family):
            widgets += asyncio.run(look(family))
    assert widgets, "the page has nothing to ask"
    assert [run.id for run in RunStore(server.runs).runs()] == sorted((run.id for run in runs), reverse=True)
    assert files(runs) == before


@pytest.mark.parametrize("page", PAGES)
def test_a_value_of_the_wrong_type_shows_no_traceback_and_a_reload_recovers(server, runs, page):
    async def look() -> None:
        path, query = PAGES[page]
        query = query.format(*(run.id for run in runs))
        async with visit(server.url, owner=OWNER) as visitor:
            await visitor.open(path, query)
            asked = {id: kind for id, kind in visitor.widgets.items() if kind not in PRESSED}
            for value in WRONG.values():
                await visitor.set_states([{"id": id, **value} for id in asked])
                for element in visitor.elements:  # Streamlit itself failed and reports it
                    if element.HasField("exception"):
                        assert "redacted" in element.exception.message and not element.exception.stack_trace
        async with visit(server.url, owner=OWNER) as again:  # a reload
            await again.open(path, query)
            assert "heading" in again.kinds and "exception" not in again.kinds

    before = files(runs)
    asyncio.run(look())
    assert len(RunStore(server.runs).runs()) == len(runs) and files(runs) == before


def files(runs: list[Run]) -> dict[Path, bytes]:
    names = ("config.json", "state.json", "meta.json", "requests.jsonl", "history.jsonl", "model.onnx")
    found = [run.path / name for run in runs for name in names]
    return {path: path.read_bytes() for path in found if path.exists()}
