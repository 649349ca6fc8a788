"""Invalid numbers, texts and links: one sentence each, and nothing else happens."""

import asyncio
import json
import re
import tracemalloc
from dataclasses import fields
from itertools import product

import pytest

from harness.server import Server
from harness.visitor import visit
from tests.support.apps import TINY
from tests.support.cases import case
from trainer import UserError
from trainer.config.layers import LAYERS
from trainer.config.limits import LIMITS
from trainer.config.optimizers import OPTIMIZERS
from trainer.config.training import TrainingConfig, parameter_count
from trainer.runs.store import RunStore

WILD = {
    "0": 0, "-1": -1, "1e9": 1e9, "2.5": 2.5, "NaN": float("nan"), "infinity": float("inf"), "a text": "10",
    "true": True, "null": None, "a list": [], "huge": 10**40,
}  # fmt: skip
SENTENCE = re.compile(r"[^\n]{10,400}\.")
PLACES = [
    *((None, item.name) for item in fields(TrainingConfig) if item.name in LIMITS and item.name != "layers"),
    *((kind, item.name) for kinds in (LAYERS, OPTIMIZERS) for kind in kinds.values() for item in fields(kind)),
]


def test_an_invalid_value_is_refused_with_a_sentence_and_a_valid_one_is_kept():
    for (kind, name), (wild, value) in product(PLACES, WILD.items()):
        with case(f"{name} of {kind.__name__ if kind else 'the configuration'}: {wild}"):
            is_refused_or_kept(kind, name, value)


def is_refused_or_kept(kind, name, value):
    part = {"name": kind.__name__, name: value} if kind else {}
    values = {"layers": [part]} if kind in LAYERS.values() else {"optimizer": part} if kind else {name: value}
    try:
        config = TrainingConfig.from_json(json.dumps({"version": 1, **values}))
    except UserError as error:
        assert SENTENCE.fullmatch(str(error))
        return
    taken = config if kind is None else config.layers[0] if kind in LAYERS.values() else config.optimizer
    limit = LIMITS.get(name)
    found = getattr(taken, name)
    whole = (type(found), type(value)) == (float, int)  # a number without a fraction, where one may have a fraction
    assert found == value and (type(found) is type(value) or whole)
    assert limit is None or (type(value) in (int, float) and limit.low <= value <= limit.high)


def test_a_billion_parameters_are_refused_before_memory_is_allocated():
    dense = {"name": "Dense", "units": 2048, "activation": "relu"}
    tracemalloc.start()
    with pytest.raises(UserError, match="at most 5,000,000 parameters"):
        TrainingConfig.from_json(json.dumps({"version": 1, "layers": [dense] * 20}))
    with pytest.raises(UserError, match="units must be"):
        TrainingConfig.from_json(json.dumps({"version": 1, "layers": [dense | {"units": 10**9}]}))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000  # bytes
    assert parameter_count(TINY) < 20_000


PAGES = ("", "train", "data", "evaluate", "inside", "learn", "runs", "compare", "sweep")
FORGED = {
    "a path": "../../etc/passwd",
    "a path, encoded": "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "no such run": "20260101-000000-abcdef",
    "a script": "<script>alert(1)</script>",
    "Markdown": "![x](https://example.org/x.png)",
    "control characters": "%00%0d%0a%1b",
    "right to left": "%E2%80%AE%D7%A9",
    "300 letters": "x" * 300,
    "10,000 letters": "A" * 10_000,
    "many commas": "," * 500,
    "a number": "-1e999",
    "nothing": "",
}
NAMES = ("run", "config", "parent", "runs", "view", "sweep", "group", "dataset", "lesson", "term", "preset")


@pytest.fixture(scope="module")
def server(tmp_path_factory, few_digits, cluster):
    runs = tmp_path_factory.mktemp("forged") / "runs"
    with Server(runs, data=few_digits, scheduler=cluster.scheduler_address) as server:
        yield server


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page or "draw")
def test_a_forged_link_renders_the_page_and_changes_nothing(server, page):
    async def look(value):
        async with visit(server.url) as visitor:
            await visitor.open(page, "&".join(f"{name}={value}" for name in NAMES))
            return visitor.kinds

    for forged, value in FORGED.items():
        with case(forged):
            kinds = asyncio.run(look(value))
            assert "exception" not in kinds and "heading" in kinds
            assert RunStore(server.runs).runs() == []
