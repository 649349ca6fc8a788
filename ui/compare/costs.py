"""Test accuracy of each run against its parameters and its training time."""

from __future__ import annotations

import streamlit as st

from trainer.analysis import run_charts
from trainer.analysis.run_charts import Cost
from trainer.config.training import parameter_count
from trainer.text import decimal, percent
from ui import dataset_loader
from ui.compare.selection import ComparedRun
from ui.components.plot import plot
from ui.markdown import literal


def render(runs: list[ComparedRun]) -> None:
    """Render both scatter plots and a sentence on the best run and the savings of the others."""
    sets = {one.config.dataset for one in runs}
    if len(sets) > 1:
        titles = sorted(dataset_loader.titles().get(name, "a deleted data set") for name in sets)
        st.info(f"The test images differ ({literal(', '.join(titles))}): the accuracies are not comparable.")
    ended = [one for one in runs if one.state.test_accuracy is not None]
    missing = [one for one in runs if one.state.test_accuracy is None]
    if ended and len(sets) == 1:
        st.markdown(_summary(ended))
    if missing:
        have = "has" if len(missing) == 1 else "have"
        st.caption(f"{literal(', '.join(one.name for one in missing))} {have} not been tested and {have} no point.")
    for column, what in zip(st.columns(2), ("parameters", "seconds"), strict=True):
        costs = [Cost(one.name, one.line_style, one.state.test_accuracy or 0.0, _cost(one, what)) for one in ended]
        words = "; ".join(f"{one.name}: {percent(one.accuracy)}, {one.cost:,.6g} {what}" for one in costs)
        with column:
            st.markdown(f"**Accuracy against {what}**")
            plot(run_charts.accuracy_against(costs, what), f"compare.{what}", alt=f"Accuracy against {what}. {words}")
    devices = sorted({one.state.device for one in ended if one.state.device})
    if len(devices) > 1:
        st.caption(f"The devices differ ({', '.join(map(literal, devices))}), which affects the training times.")


def _cost(one: ComparedRun, what: str) -> float:
    return float(parameter_count(one.config)) if what == "parameters" else one.state.seconds


def _summary(ended: list[ComparedRun]) -> str:
    best = max(ended, key=lambda one: one.state.test_accuracy or 0.0)
    accuracy = best.state.test_accuracy or 0.0
    noun = best.info.noun
    sentences = [
        f"**{literal(best.name)}** is best: it reads {percent(accuracy, 2)} of the test {noun}s correctly, with "
        f"{parameter_count(best.config):,} parameters trained in {decimal(best.state.seconds, 1)} s."
    ]
    saved: dict[ComparedRun, list[str]] = {}
    for what, words in (("parameters", "has {} times fewer parameters"), ("seconds", "trained {} times as fast")):
        least = min(ended, key=lambda one: _cost(one, what))
        if 0 < _cost(least, what) < _cost(best, what):
            times = _cost(best, what) / _cost(least, what)
            saved.setdefault(least, []).append(words.format(f"{times:,.0f}" if times >= 10 else f"{times:.1f}"))
    for least, words in saved.items():
        lost = 100 * (accuracy - (least.state.test_accuracy or 0.0))
        points = f"is {decimal(lost)} points less accurate" if lost >= 0.005 else "is as accurate"
        sentences.append(f"{literal(least.name)} {' and '.join(words)}, and {points}.")
    return " ".join(sentences)
