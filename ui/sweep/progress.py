"""A sweep on display: its progress, its heatmap and its best run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from trainer import UserError
from trainer.analysis import sweep_charts
from trainer.config.dataset_info import info
from trainer.config.presets import PRESETS
from trainer.config.training import short_form
from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.progress import forecast
from trainer.runs.sweep import Cell, Sweep, best_cell, chance_difference, effects, read_cells
from trainer.text import about, counted, decimal, listed, percent
from ui import dataset_loader, load_control
from ui.components.plot import plot
from ui.markdown import literal, sentence
from ui.run_index import run_index
from ui.sweep import sweep_heatmap

MAX_COMPARED = 6  # runs on the Compare page
COLUMN_WIDTH = 400  # pixels, at least


def render(engine: Engine, owner: str, sweep: Sweep) -> None:
    """Render a sweep, refreshed while one of its runs has not ended."""
    base = sweep.plan.base
    st.subheader(literal(sweep.plan.title), anchor=False)
    st.caption(
        f"{literal(network_title(sweep))} · {counted(base.epochs, 'epoch')} of "
        f"{base.training_examples:,} {info(base.dataset).noun}s · {len(sweep.plan)} runs · "
        f"each square shows the accuracy on the {sweep.plan.measured} {info(base.dataset).noun}s in %"
    )
    if all(cell.ended for cell in read_cells(sweep, engine.runs)):
        st.fragment(_render_ended)(engine, sweep)
    else:
        every = load_control.poll_seconds()
        st.fragment(_render_live, run_every=every)(engine, owner, sweep, every)


def network_title(sweep: Sweep) -> str:
    """Return the title of the preset with a sweep's network, else its layers in short form."""
    layers = sweep.plan.base.layers
    return next((preset.title for preset in PRESETS.values() if preset.config.layers == layers), None) or short_form(
        sweep.plan.base
    )


def _render_live(engine: Engine, owner: str, sweep: Sweep, every: float) -> None:
    cells = read_cells(sweep, engine.runs)
    if all(cell.ended for cell in cells) or load_control.poll_seconds(current=every) != every:
        st.rerun()
    charts, beside = _columns()
    with beside:
        _render_progress(engine, sweep, cells)
        if sweep.owner != owner_hash(owner):
            st.caption("This sweep belongs to somebody else. You can watch it and open its runs.")
        elif st.button(
            "Stop the sweep",
            icon=":material/stop:",
            help="Removes waiting runs from the queue. Runs in training keep what they have learned.",
            key="sweep.stop",
        ):
            try:
                engine.stop_sweep(sweep.id, owner)
                st.rerun()
            except UserError as error:
                st.error(sentence(str(error)))
    with charts:
        _render_charts(sweep, cells)


def _render_ended(engine: Engine, sweep: Sweep) -> None:
    cells = read_cells(sweep, engine.runs)
    if not all(cell.ended for cell in cells):
        st.rerun()  # a run was resumed
    charts, beside = _columns()
    with charts:
        _render_charts(sweep, cells)
    with beside:
        _render_result(sweep, cells)


def _columns() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return the place of the charts, and that of the progress or result: beside it, or below on a narrow page."""
    grid = st.grid(2, min_column_width=COLUMN_WIDTH, gap="medium")
    return grid.cell(), grid.cell()


def _render_progress(engine: Engine, sweep: Sweep, cells: Sequence[Cell]) -> None:
    """Render the progress bar with run counts and the time left."""
    phases = Counter(cell.phase for cell in cells)
    ended = sum(cell.ended for cell in cells)
    left = [(config, cell.epochs) for config, cell in zip(sweep.plan.configs, cells, strict=True) if not cell.ended]
    parts = [f"{ended} of {len(cells)} runs ended"]
    parts += [f"{phases[phase]} {label}" for phase, label in _PHASE_LABELS.items() if phases[phase]]
    if engine.slots and phases["running"]:
        configs, done = zip(*left, strict=True)
        parts.append(f"{about(forecast(configs, engine.runs, engine.slots, done).seconds)} left")
    elif not engine.slots:
        parts.append("the training processes are starting")
    fractions = (
        1.0 if cell.ended else min(1.0, cell.epochs / config.epochs)
        for cell, config in zip(cells, sweep.plan.configs, strict=True)
    )
    st.progress(sum(fractions) / len(cells), " · ".join(parts))


_PHASE_LABELS = {"running": "training", "queued": "waiting", "paused": "paused"}


def _render_charts(sweep: Sweep, cells: Sequence[Cell]) -> None:
    """Render the heatmap and, if only one setting varies, the accuracy at each of its values."""
    if len(sweep.plan.axes) == 1:
        words = [f"{cell.name} {percent(cell.accuracy)}" for cell in cells if cell.accuracy is not None]
        alt = f"Accuracy by {sweep.plan.title}: {', '.join(words) or 'none yet'}."
        plot(sweep_charts.setting_chart(sweep.plan, cells), f"sweep.dots.{sweep.id}", alt)
    curves = {row.id: row.spark for row in run_index().rows() if row.group == sweep.id}
    if opened := sweep_heatmap.render(sweep.plan, cells, f"sweep.squares.{sweep.id}", curves):
        st.switch_page("pages/train.py", query_params={"run": opened.run})


def _render_result(sweep: Sweep, cells: Sequence[Cell]) -> None:
    """Render the best run, how significant its lead is, and links to its pages."""
    winner = best_cell(cells)
    if winner is None:
        st.warning(
            "No run of this sweep was tested, so there is no best one. Open a run to see why, or plan another sweep."
        )
        return
    assert winner.accuracy is not None
    noun = info(sweep.plan.base.dataset).noun
    with st.container(border=True, key="sweep-result"):
        st.markdown(f"##### Best: {literal(winner.name)}")
        parts = {sweep.plan.measured: winner.accuracy, "test": winner.test_accuracy}
        shares = listed([f"{percent(share)} of the {part} {noun}s" for part, share in parts.items()])
        st.markdown(" ".join([f"It reads {shares} correctly.", *_result_sentences(sweep, cells, winner.accuracy)]))
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                "Open the best in Train",
                type="primary",
                icon=":material/model_training:",
                help="See its curves, draw with it or continue its training.",
                key="sweep.best",
            ):
                st.switch_page("pages/train.py", query_params={"run": winner.run})
            tested = sorted((cell for cell in cells if cell.tested), key=lambda cell: -(cell.accuracy or 0.0))
            if len(tested) > 1:
                ids = ",".join(cell.run for cell in tested[:MAX_COMPARED])
                words = f"Compare the best {min(MAX_COMPARED, len(tested))}"
                st.page_link(
                    "pages/compare.py", label=words, icon=":material/stacked_line_chart:", query_params={"runs": ids}
                )
            st.page_link(
                "pages/runs.py", label="List on Runs", icon=":material/list:", query_params={"group": sweep.id}
            )


def _result_sentences(sweep: Sweep, cells: Sequence[Cell], accuracy: float) -> list[str]:
    """Return sentences on the effect of each setting, failed runs, and differences that may be chance."""
    sentences = []
    if found := effects(sweep.plan, cells):
        parts = [
            f"{literal(setting.title)} makes a difference of {decimal(100 * apart, 1)} points"
            for setting, apart in found
        ]
        if len(parts) > 1:
            sentences.append(f"On average, {' and '.join(parts)}.")
        else:
            sentences.append(f"The worst run is {decimal(100 * found[0][1], 1)} points behind.")
    failed = sum(cell.phase == "failed" for cell in cells)
    if failed:
        sentences.append(f"{counted(failed, 'run')} failed: open one to see why.")
    broken = sum(cell.phase == "interrupted" for cell in cells)
    if broken:
        sentences.append(f"{counted(broken, 'run')} {'was' if broken == 1 else 'were'} interrupted.")
    if dataset := dataset_loader.available(sweep.plan.base.dataset):
        tested = sweep.plan.measured_count(len(dataset.y_train), len(dataset.y_test))
        apart = chance_difference(accuracy, tested)
        close = sum(cell.tested and accuracy - (cell.accuracy or 0.0) < apart for cell in cells) - 1
        others = (
            f"{close} other {'run is' if close == 1 else 'runs are'} as good" if close else "No other run is as good"
        )
        images = f"{tested:,} {sweep.plan.measured} {dataset.info.noun}s"
        points = f"with {images}, differences below {decimal(100 * apart, 1)} points may be chance"
        sentences.append(f"{others}: {points}.")
    return sentences
