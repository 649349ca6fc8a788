"""A page of the list of runs as a table, on a phone as cards; its headers sort, its checkboxes select."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from trainer.config import dataset_info
from trainer.runs.index import RunRow
from trainer.text import counted, duration, number, percent
from ui.runs import sweep_row
from ui.runs.sweep_row import SweepRow

# A symbol for each state, since colors alone cannot be told apart by everybody.
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
COLUMNS = (  # CSS class, and what its header sorts by: (field of RunRow, label, help)
    ("name", (("name", "Name", "Its owner's name for it, or its lesson"), ("phase", "State", "State of the run"))),
    (
        "network",
        (("network", "Network", "Layers, without the output layer"), ("parameters", "Parameters", "Number of weights")),
    ),
    (
        "optimizer",
        (
            ("optimizer", "Optimizer", "Rule that changes the weights"),
            ("learning_rate", "Rate", "Learning rate"),
        ),
    ),
    ("epochs", (("epochs", "Epochs", "Passes over the training digits"),)),
    ("val", (("val_accuracy", "Validation", "Accuracy on the validation digits after the last epoch"),)),
    ("test", (("test_accuracy", "Test", "Accuracy on the test digits"),)),
    ("seconds", (("seconds", "Time", "Training time"), ("device", "Device", "Processor that trained it"))),
    ("data", (("dataset", "Data set", "Images that it learned"), ("created", "Date", "When it was started"))),
)

_table = st.components.v2.component(
    "digit_lab_runs",
    html='<div class="box"><table role="table"><thead role="rowgroup"></thead><tbody role="rowgroup"></tbody>'
    "</table></div>",
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def render(
    rows: Sequence[RunRow | SweepRow],
    titles: dict[str, str],
    mine: str,
    by: str,
    falling: bool,
    selection: tuple[int, list[str]],
    unfolded: Collection[str],
    max_selected: int,
    handlers: dict[str, Callable[[], None]],
    key: str,
):
    """Render rows and return the component's triggers: `sorted`, `chosen`, `unfolded`, `swept` or `opened`.

    `titles` are the data sets' titles by name, `mine` is the visitor's hash, `selection` is its version and run ids,
    `unfolded` are the ids of the sweeps whose runs are shown.
    """
    shown: list[dict[str, Any]] = []
    sparks: list[float] = []
    for row in rows:
        runs: Sequence[RunRow] = (row,)
        if isinstance(row, SweepRow):
            is_open = row.id in unfolded
            shown.append(_sweep_data(row, titles, mine, is_open))
            runs = row.runs if is_open else ()
        shown += [_row_data(run, titles, mine) | {"member": isinstance(row, SweepRow)} for run in runs]
        sparks += [value for run in runs for value in run.spark]
    data = {
        "columns": COLUMNS,
        "rows": shown,
        "label": counted(sweep_row.run_count(rows), "run"),
        "by": by,
        "falling": falling,
        "most": max_selected,
        "version": selection[0],
        "chosen": selection[1],
        "range": [min(sparks), max(sparks)] if sparks else [0, 1],  # one scale for all sparklines
    }
    return _table(data=json.dumps(data).encode(), key=key, **{f"on_{name}_change": do for name, do in handlers.items()})


def _row_data(row: RunRow, titles: dict[str, str], mine: str) -> dict:
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


def _sweep_data(row: SweepRow, titles: dict[str, str], mine: str, is_open: bool) -> dict[str, Any]:
    """Return the data of a sweep's row: what its runs share, and the best of their results."""
    title = sweep_row.title(st.session_state.engine.sweeps, row.id)
    parameters = row.common(lambda run: run.parameters, None)
    rate = row.common(lambda run: run.learning_rate, None)
    epochs = sorted({run.epochs for run in row.runs})
    val, test = row.best(lambda run: run.val_accuracy), row.best(lambda run: run.test_accuracy)
    is_mine = row.common(lambda run: run.owner) == mine
    return {
        "id": row.id,
        "sweep": "open" if is_open else "closed",
        "has_page": bool(title),
        "name": title or "Sweep",
        "words": [counted(len(row.runs), "run"), row.state, *(["yours"] if is_mine else [])],
        "network": row.common(lambda run: run.network),
        "parameters": "" if parameters is None else f"{parameters:,} parameters",
        "optimizer": row.common(lambda run: run.optimizer),
        "rate": "" if rate is None else f"rate {number(rate)}",
        "epochs": f"{epochs[0]}" if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]}",
        "spark": [],
        "val": "" if val is None else f"best {percent(val)}",
        "test": percent(test),
        "seconds": duration(sum(run.seconds for run in row.runs)),
        "device": row.common(lambda run: run.device, ""),
        "data": row.common(lambda run: titles.get(run.dataset, run.dataset)),
        "created": min(run.created for run in row.runs),
    }


def titles(names: Sequence[str]) -> dict[str, str]:
    """Return the titles of data sets by name."""
    uploaded = st.session_state.engine.runs.uploads.titles()
    return {name: uploaded.get(name) or _title(name) for name in names}


def _title(name: str) -> str:
    return dataset_info.DATASETS[name].title if name in dataset_info.DATASETS else "Uploaded data"
