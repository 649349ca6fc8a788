"""A page of the list of runs as a table, on a phone as cards: sorted by its headers, chosen from by its boxes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from trainer.config import dataset_info
from trainer.runs.index import Row
from trainer.text import duration, number, percent

# What is written before the word of a state: nobody has to tell colours apart.
MARKS = {
    "queued": "○",
    "running": "●",
    "paused": "‖",
    "finished": "✓",
    "stopped": "■",
    "failed": "✕",
    "interrupted": "◐",
    "damaged": "!",
}
COLUMNS = (  # class, and what its header sorts by: field of Row, word, help
    ("name", (("name", "Name", "What its owner calls it, or its preset"), ("phase", "State", "How it stands"))),
    (
        "network",
        (("network", "Network", "Its layers, without the output layer"), ("parameters", "Parameters", "Its weights")),
    ),
    (
        "optimizer",
        (("optimizer", "Optimizer", "The rule that moved the weights"), ("learning_rate", "Rate", "Learning rate")),
    ),
    ("epochs", (("epochs", "Epochs", "How often it saw the training digits"),)),
    ("val", (("val_accuracy", "Validation", "Accuracy on validation digits, after its last epoch"),)),
    ("test", (("test_accuracy", "Test", "Accuracy on the test digits"),)),
    ("seconds", (("seconds", "Time", "Seconds of training"), ("device", "Device", "What computed it"))),
    ("data", (("dataset", "Data", "What it learned from"), ("created", "Date", "When it was asked for"))),
)

_table = st.components.v2.component(
    "digit_lab_runs",
    html='<div class="box"><table role="table"><thead role="rowgroup"></thead><tbody role="rowgroup"></tbody>'
    "</table></div>",
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def show(
    rows: Sequence[Row],
    titles: dict[str, str],
    mine: str,
    by: str,
    falling: bool,
    chosen: tuple[int, list[str]],
    most: int,
    follow: dict[str, Callable[[], None]],
    key: str,
):
    """Show rows; what is pressed in them is a trigger: `sorted`, `chosen` or `opened`.

    `titles` are those of the data sets, `mine` is the visitor's hash, `chosen` the version of the choice and its ids.
    """
    sparks = [value for row in rows for value in row.spark]
    data = {
        "columns": COLUMNS,
        "rows": [_plain(row, titles, mine) for row in rows],
        "label": f"{len(rows)} runs",
        "by": by,
        "falling": falling,
        "most": most,
        "version": chosen[0],
        "chosen": chosen[1],
        "range": [min(sparks), max(sparks)] if sparks else [0, 1],  # one scale for all of them
    }
    return _table(data=json.dumps(data).encode(), key=key, **{f"on_{name}_change": do for name, do in follow.items()})


def _plain(row: Row, titles: dict[str, str], mine: str) -> dict:
    return {
        "id": row.id,
        "name": row.name,
        "note": row.note,
        "pinned": row.pinned,
        "mine": bool(row.owner) and row.owner == mine,
        "phase": row.phase,
        "mark": MARKS[row.phase],
        "bad": row.phase in ("failed", "interrupted", "damaged"),
        "network": row.network,
        "parameters": "" if row.parameters is None else f"{row.parameters:,} parameters",
        "optimizer": row.optimizer,
        "rate": "" if row.learning_rate is None else f"rate {number(row.learning_rate)}",
        "epochs": f"{row.epochs}" if row.epochs == row.planned else f"{row.epochs} of {row.planned}",
        "val": percent(row.val_accuracy),
        "test": percent(row.test_accuracy),
        "spark": row.spark,
        "seconds": duration(row.seconds) if row.seconds else "",
        "device": row.device,
        "data": titles.get(row.dataset, row.dataset),
        "created": row.created,
    }


def titles(names: Sequence[str]) -> dict[str, str]:
    """Return what data sets are called, by their names."""
    brought = st.session_state.engine.runs.uploads.titles()
    return {name: brought.get(name) or _title(name) for name in names}


def _title(name: str) -> str:
    return dataset_info.DATASETS[name].title if name in dataset_info.DATASETS else "Own data"
