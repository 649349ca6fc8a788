"""A square for each run of a sweep: how well it does as a colour and a number; a press opens the run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

from trainer.heatmap import COLOURS, colour, ink
from trainer.sweep import Cell, Plan, best, shades
from trainer.text import counted, percent

# A table of buttons rather than a chart: it is read aloud and worked by keys, and only what has changed is touched.
_squares = st.components.v2.component(
    "digit_lab_squares",
    html='<div class="sweep"><table><thead></thead><tbody></tbody></table><p class="scale"></p></div>',
    css="""
        .sweep { container-type: inline-size; font-family: var(--st-font); color: var(--st-text-color) }
        table { border-collapse: separate; border-spacing: 3px; table-layout: fixed; width: 100% }
        th { font-weight: 600; font-size: 0.85rem; padding: 0.1rem; overflow-wrap: anywhere; hyphens: auto }
        th.title { font-weight: 400; opacity: 0.8; text-align: center }
        th.corner { font-weight: 400; opacity: 0.8; width: 5.5rem; text-align: right; vertical-align: bottom }
        tbody th { text-align: right; padding-right: 0.35rem }
        td { padding: 0; height: 3.4rem }
        button { display: flex; flex-direction: column; align-items: center; justify-content: center; width: 100%;
            height: 100%; min-height: 3.4rem; padding: 0; margin: 0; border-radius: 0.4rem; box-sizing: border-box;
            font: inherit; color: inherit; cursor: pointer; line-height: 1.1; background: transparent;
            border: 1.5px dashed #8A8F9899; overflow: hidden }
        button b { font-size: 1rem; font-weight: 600; font-variant-numeric: tabular-nums }
        button b:empty, button small:empty { display: none }
        button small { font-size: 0.72rem }
        button[data-known="yes"] { border: 1.5px solid transparent }
        button[data-best="yes"] { border: 3px solid var(--st-text-color) }
        button:disabled { cursor: default; opacity: 0.75 }
        button:not(:disabled):hover { text-decoration: underline }
        button:focus-visible { outline: 3px solid #56B4E9; outline-offset: 2px }
        .scale { display: flex; align-items: center; gap: 0.5rem; font-size: 0.8rem; margin: 0.5rem 0 0;
            min-height: 1.3rem; flex-wrap: wrap }
        .scale i { display: inline-block; width: 8rem; height: 0.7rem; border-radius: 0.2rem }
        @container (max-width: 460px) {
            table { border-spacing: 2px }
            th, button small { font-size: 0.66rem }
            th.corner { width: 3.4rem }
            button b { font-size: 0.82rem }
        }
    """,
    js="""
    const kept = new WeakMap();
    export default ({ data: json, parentElement, setTriggerValue }) => {
        const text = new TextDecoder().decode(json);
        const { columns, rows, across, down, cells, scale, alt } = JSON.parse(text);
        const table = parentElement.querySelector("table"), line = parentElement.querySelector(".scale");
        const make = (kind, content = "", name = "") => {
            const made = document.createElement(kind);
            made.textContent = content;
            made.className = name;
            return made;
        };
        table.setAttribute("aria-label", alt);
        const form = JSON.stringify([columns, rows, across, down, cells.map((cell) => cell.run)]);
        if (kept.get(table) !== form) {  // another sweep
            kept.set(table, form);
            table.style.maxWidth = `${6 + 8 * columns.length}rem`;
            const over = make("tr"), head = make("tr"), title = make("th", across, "title");
            title.colSpan = columns.length;
            over.append(make("th", "", "corner"), title);
            head.append(make("th", down, "corner"), ...columns.map((name) => {
                const cell = make("th", name);
                cell.scope = "col";
                return cell;
            }));
            table.tHead.replaceChildren(over, head);
            table.tBodies[0].replaceChildren(...rows.map((name) => {
                const line = make("tr"), title = make("th", name);
                title.scope = "row";
                line.append(title, ...columns.map(() => {
                    const cell = make("td"), button = make("button");
                    button.type = "button";
                    button.append(make("b"), make("small"));
                    cell.append(button);
                    return cell;
                }));
                return line;
            }));
        }
        table.querySelectorAll("button").forEach((button, place) => {
            const { top, below, paper, ink, best, label, off } = cells[place];
            const [number, words] = button.children;
            button.onclick = () => setTriggerValue("opened", place);  // anew: it belongs to this run of the page
            if (number.textContent !== top) number.textContent = top;
            if (words.textContent !== below) words.textContent = below;
            button.style.background = paper;
            button.style.color = ink;
            button.dataset.known = paper ? "yes" : "no";
            button.dataset.best = best ? "yes" : "no";
            button.disabled = off;
            button.title = button.ariaLabel = label;
        });
        line.replaceChildren();
        if (scale.length) {
            const bar = make("i");
            bar.style.background = `linear-gradient(to right, ${scale[0].join(", ")})`;
            line.append(make("span", scale[1]), bar, make("span", scale[2]));
        }
    };
    """,
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
