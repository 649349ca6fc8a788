"""Planning a sweep: what to start from, which settings to vary, and how long it will take."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from zlib import crc32

import streamlit as st

from trainer import UserError
from trainer.config.limits import LIMITS, MEANINGS
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig, parameter_count, short_form
from trainer.config.variation import Axis, Setting, settings
from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.progress import forecast
from trainer.runs.sweep import RUNS, Cell, Plan
from trainer.text import about, number
from ui.glossary import explained
from ui.markdown import literal, sentence
from ui.sweep import sweep_heatmap

FIRST = "perceptron"  # trains in seconds
OWN = 8  # of this visitor's newest runs to start from
NOTHING = ""  # the second setting, where one is enough
START, LINKED = "sweep.start", "sweep.linked"  # of the session: what is started from, what the URL last named


@st.fragment
def ask(engine: Engine, owner: str, now: str) -> None:
    """Show the form of a sweep and start it; where another one is shown now, by its id, the form is folded."""
    form = (
        st.expander("Plan another sweep", icon=":material/add:", key=f"sweep-form-{now}")
        if now
        else st.container(border=True, key="sweep-form")
    )
    with form:
        config, token = _base(engine, owner)
        axes, wrong = _axes(config, token)
        plan = None
        if axes and not wrong:
            try:
                plan = Plan(config, tuple(axes))
            except UserError as error:
                wrong = str(error)
        if wrong:
            st.error(sentence(wrong))
        _start(engine, owner, plan)
    if not now:
        st.info("Press Start: a square for each run appears here, and is filled in when the run is done.")
        if plan:
            sweep_heatmap.show(plan, [Cell("", name, "queued") for name in plan.names], "sweep.preview", planned=True)


# --- what to start from ---------------------------------------------------------------------------------------


def _base(engine: Engine, owner: str) -> tuple[TrainingConfig, str]:
    """Ask for the network and its training; return them, and a token of what was started from."""
    known = _known(engine, owner)
    titles = {name: title for name, (title, _) in known.items()}
    left, right = st.columns(2, gap="medium")
    name = left.selectbox(
        "Start from",
        list(known),
        index=list(known).index(FIRST),
        format_func=lambda name: titles.get(name, name),
        help="The network and the training that every run of the sweep has, but for what you vary below.",
        persist_state="session",
        key=START,
    )
    base = known[name][1]
    token = f"{crc32(base.to_json().encode()):08x}"
    with right, st.grid(2, min_column_width=120):
        epochs = _number("epochs", "Epochs", base.epochs, token, 1)
        examples = _number("training_examples", "Training digits", base.training_examples, token, 1_000)
    config = base
    try:
        config = replace(base, epochs=epochs, training_examples=examples)
    except UserError as error:
        st.error(str(error))
    words = [short_form(config), f"{parameter_count(config):,} parameters", type(config.optimizer).__name__]
    words += [f"rate {number(config.learning_rate)}", f"batch {config.batch_size:,}", f"seed {config.seed}"]
    st.caption(f"{literal(' · '.join(words))}. Fewer epochs or digits make a sweep quicker.")
    return config, token


def _number(name: str, label: str, value: int, token: str, step: int) -> int:
    limit = LIMITS[name]
    return int(
        st.number_input(
            label,
            int(limit.low),
            int(limit.high),
            value,
            step,
            help=explained(MEANINGS[name], name),
            persist_state="session",
            key=f"sweep.{name}.{token}",
        )
    )


def _known(engine: Engine, owner: str) -> dict[str, tuple[str, TrainingConfig]]:
    """Return what can be started from, by its name: what the URL has named, presets, this visitor's newest runs."""
    known = {}
    named = {key: st.query_params[key] for key in ("config", "run") if key in st.query_params}
    try:
        if "config" in named:
            st.session_state["sweep.config"] = TrainingConfig.from_link(named["config"])
        elif "run" in named:
            run = engine.runs.get(named["run"])
            view = run.read() if run else None
            if view is None or view.config is None:
                raise UserError("A sweep may start from a run that is here (got one that is gone): choose below.")
            known[view.id] = f"As {view.name}", view.config
    except UserError as error:
        st.error(sentence(str(error)))
        named = {}
    linked = st.session_state.get("sweep.config")
    if linked:
        known["link"] = f"The link's: {short_form(linked)}", linked
    known |= {name: (preset.title, preset.config) for name, preset in PRESETS.items()}
    mine, chosen = owner_hash(owner), st.session_state.get(START)
    newest = (run.read() for run in engine.runs.runs()[:60])
    own = islice((view for view in newest if view.state.owner == mine and not view.group), OWN)
    before = engine.runs.get(chosen) if isinstance(chosen, str) else None
    for view in [*own, *([before.read()] if before else [])]:
        if view.config and view.id not in known:
            known[view.id] = f"As {view.name}", view.config
    if named and named != st.session_state.get(LINKED):
        st.session_state[LINKED] = named
        st.session_state[START] = "link" if "config" in named else named["run"]
    if START in st.session_state and st.session_state[START] not in known:
        st.session_state[START] = FIRST
    return known


# --- what to vary ---------------------------------------------------------------------------------------------


def _axes(config: TrainingConfig, token: str) -> tuple[list[Axis], str]:
    """Ask for one or two settings and their values; return what can be varied, and what was wrong."""
    able = settings(config)
    axes: list[Axis] = []
    wrong = ""
    for place, column in enumerate(st.columns(2, gap="medium")):
        with column:
            taken = axes[0].setting.id if axes else None
            names = [name for name in able if name != taken]
            first = "learning_rate" if place == 0 else "batch_size"
            if place:
                names.insert(0, NOTHING)
            key = f"sweep.setting.{place}"
            if key in st.session_state and st.session_state[key] not in names:
                st.session_state[key] = first if first in names else names[0]
            name = st.selectbox(
                "And" if place else "Vary",
                names,
                index=names.index(first) if first in names else 0,
                format_func=lambda name: able[name].title if name else "nothing else",
                help="A second setting: every value of the one is tried with every value of the other."
                if place
                else "The setting that differs from run to run. All else, chance included, stays the same.",
                persist_state="session",
                key=key,
            )
            if not name:
                continue
            try:
                axes.append(_values(able[name], config, f"sweep.values.{token}.{name}"))
            except UserError as error:
                wrong = wrong or str(error)
    return axes, wrong


def _values(setting: Setting, config: TrainingConfig, key: str) -> Axis:
    """Ask for the values of a setting. Raises UserError where they cannot be."""
    label = f"Values of {setting.title}"
    usual = setting.usual(config)
    now = setting.text(setting.value(config))
    help = explained(f"{setting.meaning} The network above has {now}.", setting.name)
    if setting.words:
        chosen = st.pills(
            label,
            setting.words,
            selection_mode="multi",
            default=usual,
            format_func=setting.text,
            help=help,
            persist_state="session",
            key=key,
        )
        return Axis(setting, tuple(chosen))
    text = st.text_input(
        label,
        st.session_state.setdefault(f"{key}.first", setting.typed(usual)),
        help=f"{help} Numbers with commas between them.",
        max_chars=100,
        persist_state="session",
        key=key,
    )
    return Axis(setting, setting.read(text))


# --- the start ------------------------------------------------------------------------------------------------


def _start(engine: Engine, owner: str, plan: Plan | None) -> None:
    """Say how many runs it will be and how long they take, and start them."""
    with st.container(horizontal=True, vertical_alignment="center", key="sweep-start"):
        words = f"Start {len(plan)} runs" if plan else "Start"
        pressed = st.button(
            words,
            type="primary",
            icon=":material/play_arrow:",
            disabled=plan is None,
            help=f"They wait in the same queue as all trainings, after single ones. At most {RUNS} runs are a sweep.",
            key="sweep.begin",
        )
        if plan:
            st.markdown(_expected(engine, plan), width="stretch")
    if pressed and plan:
        try:
            st.query_params.from_dict({"sweep": engine.submit_group(plan, owner)})
            st.rerun()
        except UserError as error:
            st.error(str(error))


def _expected(engine: Engine, plan: Plan) -> str:
    slots = engine.slots or 2
    expected = forecast(plan.configs, engine.runs, slots)
    numbers = " × ".join(str(len(axis.values)) for axis in plan.axes)
    several = f"{numbers} = {len(plan)} runs" if len(plan.axes) > 1 else f"{len(plan)} runs"
    waiting = engine.waiting
    queue = f" {waiting} run{'s wait' if waiting > 1 else ' waits'} already." if waiting else ""
    at_once = f"{slots} at once" if slots > 1 else "one after the other"
    return f"**{several}, {about(expected.seconds)}** with {at_once}.{queue}  \n:small[{expected.words}.]"
