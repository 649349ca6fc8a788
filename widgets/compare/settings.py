"""What differs in the runs' settings, and what came of it: a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import streamlit as st

from trainer import differences
from trainer.config import parameter_count
from trainer.differences import Difference
from trainer.layers import Layer
from trainer.limits import SETTINGS, choice_label, label, number
from trainer.parent import name_of
from trainer.phrases import listed
from widgets import library
from widgets.compare.chosen import Chosen

NONE = "–"
STYLE = """<style>
.compared { overflow-x: auto; max-width: 100% }
.compared table { border-collapse: collapse; font-size: 0.9rem }
.compared th, .compared td { padding: 0.35rem 0.8rem; border-bottom: 1px solid #8A8F9855; text-align: left;
    vertical-align: top; overflow-wrap: break-word; min-width: 6.5rem; max-width: 16rem }
.compared thead th { vertical-align: bottom; font-weight: 600 }
.compared thead img { display: inline-block; vertical-align: middle }
.compared tbody th, .compared thead td { position: sticky; left: 0; background: light-dark(#ffffff, #171614) }
.compared tbody th { font-weight: 400; max-width: 9rem; padding-left: 0 }
.compared tbody.results td { font-variant-numeric: tabular-nums }
.compared tbody.results tr:last-child > * { border-bottom: 2px solid #8A8F98 }
.compared small { display: block; font-size: 0.8rem; line-height: 1.3 }
.st-key-compare-legend { gap: 0 1.25rem !important }
.st-key-compare-legend [data-testid="stPageLink"] a { padding-left: 0.35rem }
</style>"""


def show(runs: list[Chosen]) -> None:
    """Show the settings that differ, and nothing else, with each run's results below."""
    found = differences.differences([one.config for one in runs]) + _besides(runs)
    st.subheader("What differs", anchor=False)
    st.markdown(_sentence(runs, found))
    st.html(_table(runs, found))


def _besides(runs: list[Chosen]) -> list[Difference]:
    """Return what differs and is no part of a configuration: whose network it goes on from, and what came later."""
    store, wishes = st.session_state.engine.runs, [one.run.wishes for one in runs]
    parents = [one.run.parent for one in runs]
    rates = [wish.learning_rate for wish in wishes]
    rates = [rate if rate != one.config.learning_rate else None for rate, one in zip(rates, runs, strict=True)]
    epochs = [wish.epochs if wish.epochs != one.config.epochs else None for wish, one in zip(wishes, runs, strict=True)]
    data = [one.state.data_hash for one in runs if one.state.data_hash]
    found = []
    if len(set(parents)) > 1:
        found.append(
            Difference("goes_on_from", tuple(name_of(store, parent) if parent else None for parent in parents))
        )
    if any(rates):
        found.append(Difference("learning_rate_changed_to", tuple(rates)))
    if any(epochs):
        found.append(Difference("epochs_in_the_end", tuple(epochs)))
    if len(set(data)) > 1 and len({one.config.dataset for one in runs}) == 1:
        texts = [f"{one.state.data} {one.state.data_hash[:6]}" if one.state.data_hash else None for one in runs]
        found.append(Difference("data_file", tuple(texts)))
    return found


def _sentence(runs: list[Chosen], found: Sequence[Difference]) -> str:
    if not found:
        return f"Nothing: they have the same settings, and the same seed, {runs[0].config.seed}."
    if differences.only_chance(found):
        seeds = [str(one.config.seed) for one in runs]
        return f"Only chance: seed {listed(seeds)}. So far apart are runs that differ in nothing."
    return "All other settings are the same."


def _table(runs: list[Chosen], found: Sequence[Difference]) -> str:
    head = "".join(f"<th scope=col>{one.heading}</th>" for one in runs)
    rows = "".join(
        _row(_name(one), [_text(one.setting, value) for value in one.values], _help(one.setting)) for one in found
    )
    return (
        '<div class="compared" tabindex="0" role="region" aria-label="Results, and what differs"><table>'
        f'<thead><tr><td></td>{head}</tr></thead><tbody class="results">{_results(runs)}</tbody>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _results(runs: list[Chosen]) -> str:
    states = [one.state for one in runs]
    rows = [
        _ranked("Test accuracy", [state.test_accuracy for state in states], lambda share: f"{100 * share:.2f} %", max),
        _ranked("Seconds", [state.seconds or None for state in states], lambda seconds: f"{seconds:,.1f}", min),
        _ranked("Parameters", [parameter_count(one.config) for one in runs], lambda number: f"{number:,}", min),
    ]
    if len({state.device for state in states if state.device}) > 1:
        rows.append(_row("Trained on", [escape(state.device or NONE) for state in states]))
    if any(state.phase != "finished" for state in states):
        rows.append(_row("State", [state.phase for state in states]))
    return "".join(rows)


def _ranked(
    name: str, values: Sequence[float | None], text: Callable[[Any], str], best: Callable[[list[float]], float]
) -> str:
    """Return a row in which the best value is bold, unless all are alike."""
    known = [value for value in values if value is not None]
    top = best(known) if len(set(known)) > 1 else None
    cells = [NONE if value is None else text(value) for value in values]
    pairs = zip(cells, values, strict=True)
    return _row(name, [f"<strong>{cell}</strong>" if value and value == top else cell for cell, value in pairs])


def _row(name: str, cells: Sequence[str], meaning: str = "") -> str:
    title = f' title="{escape(meaning)}"' if meaning else ""
    return f"<tr><th scope=row{title}>{name}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _name(difference: Difference) -> str:
    """Return what the form calls a setting."""
    name = SETTINGS[difference.setting].title if difference.setting in SETTINGS else label(difference.setting)
    return escape(f"{name} of {difference.layer}" if difference.layer else name)


def _help(name: str) -> str:
    return SETTINGS[name].help if name in SETTINGS else ""


def _text(name: str, value: Any) -> str:
    """Return a value as the form shows it, as HTML."""
    match value:
        case None:
            return NONE
        case bool():
            return "yes" if value else "no"
        case tuple():
            lines = ("…" if layer is None else escape(_layer(layer)) for layer in value)
            return f"<small>{'<br>'.join(lines) or 'none'}</small>"
        case int() if name == "seed":
            return str(value)
        case int():
            return f"{value:,}"
        case float():
            return number(value)
    if name == "dataset":
        return escape(library.titles().get(value, "a data set that is gone"))
    return escape(choice_label(name, value))


def _layer(layer: Layer) -> str:
    return f"{type(layer).__name__} {layer.summary}".strip()
