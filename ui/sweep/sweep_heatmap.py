"""A square for each run of a sweep: how well it does as a colour and a number; a press opens the run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from trainer.analysis.sweep_charts import COLOURS, colour, ink
from trainer.runs.sweep import Cell, Plan, best, shades
from trainer.text import counted, percent

# A table of buttons, not a chart: a screen reader reads it, the keyboard works in it, and it is updated in place.
_squares = st.components.v2.component(
    "digit_lab_squares",
    html='<div class="sweep"><table><thead></thead><tbody></tbody></table><p class="scale"></p></div>',
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def show(plan: Plan, known: Sequence[Cell], key: str, planned: bool = False) -> Cell | None:
    """Show a sweep's squares, and return the one that was pressed. With `planned` nothing was begun, none can be."""
    columns = plan.axes[0].texts
    winner = best(known)
    colours = shades([cell.accuracy for cell in known])
    data = {
        "columns": columns,
        "rows": plan.axes[1].texts if len(plan.axes) > 1 else [""],
        "across": plan.axes[0].setting.title,
        "down": plan.axes[1].setting.title if len(plan.axes) > 1 else "",
        "cells": [_square(cell, shade, cell is winner, planned) for cell, shade in zip(known, colours, strict=True)],
        "scale": _scale(known),
        "alt": f"The runs of the sweep of {plan.title}: a square for each",
    }
    pressed = _squares(data=json.dumps(data).encode(), on_opened_change=lambda: None, key=key).opened
    if isinstance(pressed, (int, float)) and 0 <= pressed < len(known) and not planned:  # a browser may say anything
        return known[int(pressed)]
    return None


def _square(cell: Cell, shade: float | None, winner: bool, planned: bool) -> dict[str, Any]:
    paper = "" if shade is None else colour(shade)
    below = "★ best" if winner else "" if planned else cell.words
    share = "" if cell.accuracy is None else f"{100 * cell.accuracy:.1f}"
    return {
        "run": cell.run,
        "top": share,
        "below": below,
        "paper": paper,
        "ink": ink(paper) if paper else "",
        "best": winner,
        "label": cell.name if planned else _label(cell),
        "off": planned or cell.phase == "gone",
    }


def _label(cell: Cell) -> str:
    """Say all of a square: what was tried, and what came of it."""
    said = [cell.phase]
    if cell.accuracy is not None:
        what = "test digits" if cell.tested else "validation digits so far"
        said.append(f"{percent(cell.accuracy, 2)} of the {what} read right")
    if cell.epochs and not cell.tested:
        said.append(f"{counted(cell.epochs, 'epoch')} done")
    tail = "" if cell.phase == "gone" else " Open this run."
    return f"{cell.name}: {', '.join(said)}. {cell.error}".rstrip() + tail


def _scale(known: Sequence[Cell]) -> list[Any]:
    there = [100 * cell.accuracy for cell in known if cell.accuracy is not None]
    if len(there) < 2 or max(there) == min(there):
        return []
    return [COLOURS, f"{min(there):.1f} %", f"{max(there):.1f} %, the best: lighter is better"]
