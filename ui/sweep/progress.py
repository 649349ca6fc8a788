"""Watching a sweep: how far it is, its squares, and which of its runs is the best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from trainer import UserError
from trainer.analysis import sweep_charts
from trainer.config.dataset_info import kind
from trainer.config.presets import PRESETS
from trainer.config.training import short_form
from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.progress import forecast
from trainer.runs.sweep import Cell, Sweep, best, cells, chance, effects
from trainer.text import about, counted, percent
from ui import dataset_loader, load_control
from ui.components.plot import plot
from ui.markdown import literal
from ui.sweep import sweep_heatmap

COMPARED = 6  # runs that the page Compare has room for


def show(engine: Engine, owner: str, sweep: Sweep) -> None:
    """Show a sweep; while one of its runs is not over this looks again and again."""
    base = sweep.plan.base
    st.subheader(literal(sweep.plan.title), anchor=False)
    st.caption(
        f"{literal(origin(sweep))} · {counted(base.epochs, 'epoch')} of "
        f"{base.training_examples:,} {kind(base.dataset).thing}s · {len(sweep.plan)} runs · "
        "each square says how many % it reads right"
    )
    if all(cell.over for cell in cells(sweep, engine.runs)):
        st.fragment(_look_back)(engine, sweep)
    else:
        every = load_control.pace()
        st.fragment(_look, run_every=every)(engine, owner, sweep, every)


def origin(sweep: Sweep) -> str:
    """Return the title of the preset whose network a sweep has, or its layers in short."""
    layers = sweep.plan.base.layers
    return next((preset.title for preset in PRESETS.values() if preset.config.layers == layers), None) or short_form(
        sweep.plan.base
    )


def _look(engine: Engine, owner: str, sweep: Sweep, every: float) -> None:
    known = cells(sweep, engine.runs)
    if all(cell.over for cell in known) or load_control.pace(now=every) != every:
        st.rerun()
    _progress(engine, sweep, known)
    with st.container(horizontal=True, vertical_alignment="center"):
        if sweep.owner != owner_hash(owner):
            st.caption("Somebody else's sweep: watch it, or open one of its runs.")
        elif st.button(
            "Stop the sweep",
            icon=":material/stop:",
            help="Runs that wait are taken out of the queue; those that train keep what they have learned.",
            key="sweep.stop",
        ):
            try:
                engine.stop_group(sweep.id, owner)
                st.rerun()
            except UserError as error:
                st.error(str(error))
    _picture(sweep, known)


def _look_back(engine: Engine, sweep: Sweep) -> None:
    known = cells(sweep, engine.runs)
    if not all(cell.over for cell in known):
        st.rerun()  # one was resumed
    _result(sweep, known)
    _picture(sweep, known)


def _progress(engine: Engine, sweep: Sweep, known: Sequence[Cell]) -> None:
    """Say how far it is, in one line and a bar."""
    phases = Counter(cell.phase for cell in known)
    over = sum(cell.over for cell in known)
    left = [(config, cell.epochs) for config, cell in zip(sweep.plan.configs, known, strict=True) if not cell.over]
    parts = [f"{over} of {len(known)} runs are over"]
    parts += [f"{phases[phase]} {word}" for phase, word in _WORDS.items() if phases[phase]]
    if engine.slots and phases["running"]:
        configs, done = zip(*left, strict=True)
        parts.append(f"{about(forecast(configs, engine.runs, engine.slots, done).seconds)} left")
    elif not engine.slots:
        parts.append("the training processes get ready")
    of = [config.epochs for config in sweep.plan.configs]
    part = sum(1.0 if cell.over else min(1.0, cell.epochs / epochs) for cell, epochs in zip(known, of, strict=True))
    st.progress(part / len(known), " · ".join(parts))


_WORDS = {"running": "trained now", "queued": "waiting", "paused": "paused"}


def _picture(sweep: Sweep, known: Sequence[Cell]) -> None:
    """Show the runs as squares, and the accuracy over the values where one setting is varied."""
    if len(sweep.plan.axes) == 1:
        words = [f"{cell.name} {percent(cell.accuracy)}" for cell in known if cell.accuracy is not None]
        alt = f"Accuracy by {sweep.plan.title}: {', '.join(words) or 'none yet'}."
        plot(sweep_charts.dots(sweep.plan, known), f"sweep.dots.{sweep.id}", alt)
    if opened := sweep_heatmap.show(sweep.plan, known, f"sweep.squares.{sweep.id}"):
        st.switch_page("pages/train.py", query_params={"run": opened.run})


def _result(sweep: Sweep, known: Sequence[Cell]) -> None:
    """Name the best run, say how much that tells, and lead on."""
    winner = best(known)
    if winner is None:
        st.warning("No run of this sweep was tested, so there is no best one: open one to see why, or start another.")
        return
    assert winner.accuracy is not None
    thing = kind(sweep.plan.base.dataset).thing
    with st.container(border=True, key="sweep-result"):
        st.markdown(f"##### Best: {literal(winner.name)}")
        share = percent(winner.accuracy)
        st.markdown(" ".join([f"It reads {share} of the test {thing}s.", *_told(sweep, known, winner.accuracy)]))
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                "Open the best in Train",
                type="primary",
                icon=":material/model_training:",
                help="See its curves, draw with it, train it further.",
                key="sweep.best",
            ):
                st.switch_page("pages/train.py", query_params={"run": winner.run})
            tested = sorted((cell for cell in known if cell.tested), key=lambda cell: -(cell.accuracy or 0.0))
            if len(tested) > 1:
                ids = ",".join(cell.run for cell in tested[:COMPARED])
                words = f"Compare the best {min(COMPARED, len(tested))}"
                st.page_link(
                    "pages/compare.py", label=words, icon=":material/stacked_line_chart:", query_params={"runs": ids}
                )
            st.page_link("pages/runs.py", label="All in Runs", icon=":material/list:", query_params={"group": sweep.id})


def _told(sweep: Sweep, known: Sequence[Cell], accuracy: float) -> list[str]:
    """Say what differs between the runs, and how much of it may be chance."""
    sentences = []
    if found := effects(sweep.plan, known):
        parts = [f"{literal(setting.title)} makes {100 * apart:.1f} points of difference" for setting, apart in found]
        if len(parts) > 1:
            sentences.append(f"On average, {' and '.join(parts)}.")
        else:
            sentences.append(f"The worst of them is {100 * found[0][1]:.1f} points behind.")
    failed = sum(cell.phase == "failed" for cell in known)
    if failed:
        sentences.append(f"{counted(failed, 'run')} failed: open one to see why.")
    broken = sum(cell.phase == "interrupted" for cell in known)
    if broken:
        sentences.append(f"{counted(broken, 'run')} broke off before the end.")
    if dataset := dataset_loader.at_hand(sweep.plan.base.dataset):
        tested, thing = len(dataset.y_test), dataset.kind.thing
        apart = chance(accuracy, tested)
        close = sum(cell.tested and accuracy - (cell.accuracy or 0.0) < apart for cell in known) - 1
        others = f"{close} other{' is' if close == 1 else 's are'} as good" if close else "No other is as good"
        points = f"differences below {100 * apart:.1f} points may be chance with {tested:,} test {thing}s"
        sentences.append(f"{others}: {points}.")
    return sentences
