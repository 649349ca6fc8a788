"""What does accuracy cost? Each run's test accuracy against its parameters and its seconds."""

from __future__ import annotations

import streamlit as st

from trainer.analysis import run_charts
from trainer.analysis.run_charts import Cost
from trainer.config.training import parameter_count
from trainer.text import percent
from ui import dataset_loader
from ui.compare.selection import Chosen
from ui.components.plot import plot
from ui.markdown import literal


def show(runs: list[Chosen]) -> None:
    """Show both scatter plots, and say who reads most and what the others save."""
    sets = {one.config.dataset for one in runs}
    if len(sets) > 1:
        titles = sorted(dataset_loader.titles().get(name, "a data set that is gone") for name in sets)
        st.info(f"They were tested on different images ({literal(', '.join(titles))}): the accuracies say little.")
    ended = [one for one in runs if one.state.test_accuracy is not None]
    missing = [one for one in runs if one.state.test_accuracy is None]
    if ended and len(sets) == 1:
        st.markdown(_sentence(ended))
    if missing:
        have = "has" if len(missing) == 1 else "have"
        st.caption(f"{literal(', '.join(one.name for one in missing))} {have} not been tested: no point is shown.")
    for column, what in zip(st.columns(2), ("parameters", "seconds"), strict=True):
        costs = [Cost(one.name, one.colour, one.state.test_accuracy or 0.0, _cost(one, what)) for one in ended]
        words = "; ".join(f"{one.name}: {percent(one.accuracy)}, {one.cost:,.6g} {what}" for one in costs)
        with column:
            st.markdown(f"**Accuracy against {what}**")
            plot(run_charts.accuracy_against(costs, what), f"compare.{what}", alt=f"Accuracy against {what}. {words}")
    devices = sorted({one.state.device for one in ended if one.state.device})
    if len(devices) > 1:
        st.caption(f"They were trained on {' and '.join(map(literal, devices))}: seconds tell of the machine, too.")


def _cost(one: Chosen, what: str) -> float:
    return float(parameter_count(one.config)) if what == "parameters" else one.state.seconds


def _sentence(ended: list[Chosen]) -> str:
    best = max(ended, key=lambda one: one.state.test_accuracy or 0.0)
    accuracy = best.state.test_accuracy or 0.0
    thing = best.kind.thing
    sentences = [
        f"**{literal(best.name)}** reads most: {percent(accuracy, 2)} of the test {thing}s, with "
        f"{parameter_count(best.config):,} parameters, learned in {best.state.seconds:,.1f} s."
    ]
    saved: dict[Chosen, list[str]] = {}
    for what, words in (("parameters", "has {} times fewer parameters"), ("seconds", "learned {} times as fast")):
        least = min(ended, key=lambda one: _cost(one, what))
        if 0 < _cost(least, what) < _cost(best, what):
            times = _cost(best, what) / _cost(least, what)
            saved.setdefault(least, []).append(words.format(f"{times:,.0f}" if times >= 10 else f"{times:.1f}"))
    for least, words in saved.items():
        lost = 100 * (accuracy - (least.state.test_accuracy or 0.0))
        reads = f"reads {lost:.2f}\u00a0% of them less" if lost >= 0.005 else "reads as many"
        sentences.append(f"{literal(least.name)} {' and '.join(words)}, and {reads}.")
    return " ".join(sentences)
