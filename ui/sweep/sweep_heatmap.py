"""Heatmap of a sweep: a square per run with its accuracy as color and number, and its curve; a click opens the run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from trainer.analysis.sweep_charts import COLORS, color, text_color
from trainer.config.dataset_info import info
from trainer.runs.sweep import Cell, Plan, best_cell, heatmap_positions
from trainer.text import counted, percent

# A table of buttons instead of a chart: it works with screen readers and the keyboard, and is updated in place.
_squares = st.components.v2.component(
    "digit_lab_squares",
    html='<div class="sweep"><table><thead></thead><tbody></tbody></table><p class="scale"></p></div>',
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def render(
    plan: Plan,
    cells: Sequence[Cell],
    key: str,
    curves: Mapping[str, Sequence[float]] | None = None,
    planned: bool = False,
) -> Cell | None:
    """Render the heatmap and return the cell that was clicked.

    curves: validation accuracies over the epochs, 0 to 1, by run; planned: disable clicks, since no run exists yet.
    """
    curves = {cell.run: curves[cell.run] for cell in cells if cell.run in curves} if curves else {}
    values = [value for curve in curves.values() for value in curve]
    span = (min(values), max(values)) if values else (0.0, 1.0)  # one scale for all squares
    columns = plan.axes[0].texts
    winner = best_cell(cells)
    colors = heatmap_positions([cell.accuracy for cell in cells])
    data = {
        "columns": columns,
        "rows": plan.axes[1].texts if len(plan.axes) > 1 else [""],
        "across": plan.axes[0].setting.title,
        "down": plan.axes[1].setting.title if len(plan.axes) > 1 else "",
        "cells": [
            _square(cell, shade, cell is winner, planned, plan) | {"curve": _points(curves.get(cell.run, ()), span)}
            for cell, shade in zip(cells, colors, strict=True)
        ],
        "scale": _scale(cells),
        "alt": f"Runs of the sweep of {plan.title}, one square each",
    }
    pressed = _squares(data=json.dumps(data).encode(), on_opened_change=lambda: None, key=key).opened
    if isinstance(pressed, (int, float)) and 0 <= pressed < len(cells) and not planned:  # a browser may send anything
        return cells[int(pressed)]
    return None


def _square(cell: Cell, shade: float | None, winner: bool, planned: bool, plan: Plan) -> dict[str, Any]:
    paper = "" if shade is None else color(shade)
    below = "★ best" if winner else "" if planned else cell.status
    share = "" if cell.accuracy is None else f"{100 * cell.accuracy:.1f}"
    return {
        "run": cell.run,
        "top": share,
        "below": below,
        "paper": paper,
        "ink": text_color(paper) if paper else "",
        "best": winner,
        "label": cell.name if planned else _label(cell, plan),
        "off": planned or cell.phase == "deleted",
    }


def _points(values: Sequence[float], span: tuple[float, float]) -> str:
    """Return values as the points of an SVG line from left to right, in a box of 100 x 100."""
    low, high = span
    if len(values) < 2 or high == low:
        return ""
    right = 100 / (len(values) - 1)
    return " ".join(
        f"{place * right:.0f},{100 * (high - value) / (high - low):.0f}" for place, value in enumerate(values)
    )


def _label(cell: Cell, plan: Plan) -> str:
    """Return the label of a square: its values, its phase and its result."""
    parts = [cell.phase]
    if cell.accuracy is not None:
        images = f"{plan.measured} {info(plan.base.dataset).noun}s"
        parts.append(f"{percent(cell.accuracy, 2)} of the {images} read correctly{'' if cell.tested else ' so far'}")
    if cell.epochs and not cell.tested:
        parts.append(f"{counted(cell.epochs, 'epoch')} done")
    tail = "" if cell.phase == "deleted" else " Open this run."
    return f"{cell.name}: {', '.join(parts)}. {cell.error}".rstrip() + tail


def _scale(cells: Sequence[Cell]) -> list[Any]:
    there = [100 * cell.accuracy for cell in cells if cell.accuracy is not None]
    if len(there) < 2 or max(there) == min(there):
        return []
    return [COLORS, f"{min(there):.1f} %", f"{max(there):.1f} %, the best: the lighter, the better"]
