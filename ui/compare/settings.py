"""Table of the settings that differ between runs, with their results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from markupsafe import Markup

from trainer.config import differences
from trainer.config.differences import Difference
from trainer.config.layer import Layer
from trainer.config.limits import SETTINGS, choice_label, label, number
from trainer.config.training import parameter_count
from trainer.runs.parent import parent_name
from trainer.text import listed, percent
from ui import dataset_loader
from ui.compare.selection import ComparedRun
from ui.html import html

NONE = "–"
STYLE = Path(__file__).with_suffix(".css")


def render(runs: list[ComparedRun]) -> None:
    """Render each run's results and the settings that differ."""
    found = differences.differences([one.config for one in runs]) + _other_differences(runs)
    st.subheader("What differs", anchor=False)
    st.markdown(_sentence(runs, found))
    html(_table(runs, found))


def _other_differences(runs: list[ComparedRun]) -> list[Difference]:
    """Return differences outside the configs: parent, later changes of rate and epochs, and the data file."""
    store, views = st.session_state.engine.runs, [one.run.read() for one in runs]
    parents = [view.parent for view in views]
    rates = [view.requests.learning_rate for view in views]
    rates = [rate if rate != one.config.learning_rate else None for rate, one in zip(rates, runs, strict=True)]
    epochs = [view.requests.epochs for view in views]
    epochs = [number if number != one.config.epochs else None for number, one in zip(epochs, runs, strict=True)]
    data = [one.state.data_hash for one in runs if one.state.data_hash]
    found = []
    if len(set(parents)) > 1:
        found.append(
            Difference("continues_from", tuple(parent_name(store, parent) if parent else None for parent in parents))
        )
    if any(rates):
        found.append(Difference("learning_rate_changed_to", tuple(rates)))
    if any(epochs):
        found.append(Difference("total_epochs", tuple(epochs)))
    if len(set(data)) > 1 and len({one.config.dataset for one in runs}) == 1:
        texts = [f"{one.state.data} {one.state.data_hash[:6]}" if one.state.data_hash else None for one in runs]
        found.append(Difference("data_file", tuple(texts)))
    return found


def _sentence(runs: list[ComparedRun], found: Sequence[Difference]) -> str:
    if not found:
        return f"Nothing: the runs have the same settings and the same seed, {runs[0].config.seed}."
    if differences.differ_only_by_seed(found):
        seeds = [str(one.config.seed) for one in runs]
        return f"Only the seed: {listed(seeds)}. These differences between the results are chance."
    return "All other settings are the same."


def _table(runs: list[ComparedRun], found: Sequence[Difference]) -> Markup:
    head = Markup().join(Markup("<th scope=col>{}</th>").format(one.heading) for one in runs)
    rows = Markup().join(
        _row(_name(one), [_text(one.setting, value) for value in one.values], _help(one.setting)) for one in found
    )
    return Markup(
        '<div class="compared" tabindex="0" role="region" aria-label="Results and differing settings"><table>'
        '<thead><tr><td></td>{}</tr></thead><tbody class="results">{}</tbody>'
        "<tbody>{}</tbody></table></div>"
    ).format(head, _results(runs), rows)


def _results(runs: list[ComparedRun]) -> Markup:
    states = [one.state for one in runs]
    rows = [
        _ranked("Test accuracy", [state.test_accuracy for state in states], lambda share: percent(share, 2), max),
        _ranked("Seconds", [state.seconds or None for state in states], lambda seconds: f"{seconds:,.1f}", min),
        _ranked("Parameters", [parameter_count(one.config) for one in runs], lambda number: f"{number:,}", min),
    ]
    if len({state.device for state in states if state.device}) > 1:
        rows.append(_row("Trained on", [state.device or NONE for state in states]))
    if any(state.phase != "finished" for state in states):
        rows.append(_row("State", [state.phase for state in states]))
    return Markup().join(rows)


def _ranked(
    name: str, values: Sequence[float | None], text: Callable[[Any], str], best: Callable[[list[float]], float]
) -> Markup:
    """Return a row in which the best value is bold, unless all are equal."""
    known = [value for value in values if value is not None]
    top = best(known) if len(set(known)) > 1 else None
    cells = [NONE if value is None else text(value) for value in values]
    pairs = zip(cells, values, strict=True)
    return _row(
        name, [Markup("<strong>{}</strong>").format(cell) if value and value == top else cell for cell, value in pairs]
    )


def _row(name: str, cells: Sequence[str], meaning: str = "") -> Markup:
    title = Markup(' title="{}"').format(meaning) if meaning else ""
    return Markup("<tr><th scope=row{}>{}</th>{}</tr>").format(
        title, name, Markup().join(Markup("<td>{}</td>").format(cell) for cell in cells)
    )


def _name(difference: Difference) -> str:
    """Return the title of a setting as in the form of Train."""
    name = SETTINGS[difference.setting].title if difference.setting in SETTINGS else label(difference.setting)
    return f"{name} of {difference.layer}" if difference.layer else name


def _help(name: str) -> str:
    return SETTINGS[name].help if name in SETTINGS else ""


def _text(name: str, value: Any) -> str:
    """Return a value as the form shows it, as text or HTML."""
    match value:
        case None:
            return NONE
        case bool():
            return "yes" if value else "no"
        case tuple():
            lines = ("…" if layer is None else _layer(layer) for layer in value)
            return Markup("<small>{}</small>").format(Markup("<br>").join(lines) or "none")
        case int() if name == "seed":
            return str(value)
        case int():
            return f"{value:,}"
        case float():
            return number(value)
    if name == "dataset":
        return dataset_loader.titles().get(value, "a deleted data set")
    return choice_label(name, value)


def _layer(layer: Layer) -> str:
    return f"{type(layer).__name__} {layer.summary}".strip()
