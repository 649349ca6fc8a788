"""The form of a sweep: base network, settings to vary, expected duration, and start."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from zlib import crc32

import streamlit as st

from trainer import UserError
from trainer.config.limits import LIMITS
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig, parameter_count, short_form
from trainer.config.variation import Axis, Setting, variable_settings
from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.progress import forecast
from trainer.runs.sweep import MAX_RUNS, Cell, Plan
from trainer.text import about, number
from ui.address import current_address
from ui.glossary import linked_help
from ui.markdown import literal, sentence
from ui.sweep import sweep_heatmap

DEFAULT_PRESET = "perceptron"  # trains in seconds
MAX_OWN_RUNS = 8  # of this visitor, the newest, offered to start from
NO_SETTING = ""  # in place of a second setting
START, LINKED = "sweep.start", "sweep.linked"  # session keys: the selected base, and what the URL last named


@st.fragment
def render_form(engine: Engine, owner: str, shown_id: str) -> None:
    """Render the form and start the sweep. Where another sweep is on display, the form is collapsed."""
    if shown_id:
        form = st.expander("Plan another sweep", icon=":material/add:", key=f"sweep-form-{shown_id}")
    else:
        grid = st.grid(2, min_column_width=460, gap="medium")
        form, preview = grid.cell().container(border=True, key="sweep-form"), grid.cell()
    with form:
        config, token = _select_base(engine, owner)
        axes, error = _select_axes(config, token)
        plan = None
        if axes and not error:
            try:
                plan = Plan(config, tuple(axes))
            except UserError as invalid:
                error = str(invalid)
        if error:
            st.error(sentence(error))
        _render_start(engine, owner, plan)
    if not shown_id and plan:
        with preview:
            sweep_heatmap.render(plan, [Cell("", name, "queued") for name in plan.names], "sweep.preview", planned=True)
            st.caption("Press Start. Each run has a square here, which is filled in while it learns.")


# --- the base network -----------------------------------------------------------------------------------------


def _select_base(engine: Engine, owner: str) -> tuple[TrainingConfig, str]:
    """Render the choice of the base network; return its config and a token that identifies the base."""
    known = _bases(engine, owner)
    titles = {name: title for name, (title, _) in known.items()}
    left, right = st.columns(2, gap="medium")
    name = left.selectbox(
        "Start from",
        list(known),
        index=list(known).index(DEFAULT_PRESET),
        format_func=lambda name: titles.get(name, name),
        help="The network and training settings of every run, except those that you vary below.",
        persist_state="session",
        key=START,
    )
    base = known[name][1]
    token = f"{crc32(base.to_json().encode()):08x}"
    with right, st.grid(2, min_column_width=100):
        epochs = _number("epochs", "Epochs", base.epochs, token, 1)
        examples = _number("training_examples", "Training digits", base.training_examples, token, 1_000)
    config = base
    try:
        config = replace(base, epochs=epochs, training_examples=examples)
    except UserError as error:
        st.error(sentence(str(error)))
    words = [short_form(config), f"{parameter_count(config):,} parameters", type(config.optimizer).__name__]
    words += [f"rate {number(config.learning_rate)}", f"batch {config.batch_size:,}", f"seed {config.seed}"]
    st.caption(f"{literal(' · '.join(words))}. Fewer epochs or digits make a sweep faster.")
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
            persist_state="session",
            key=f"sweep.{name}.{token}",
        )
    )


def _bases(engine: Engine, owner: str) -> dict[str, tuple[str, TrainingConfig]]:
    """Return title and config of each possible base: the one the URL names, presets, this visitor's newest runs."""
    known = {}
    named = {key: st.query_params[key] for key in ("config", "run") if key in st.query_params}
    try:
        if "config" in named:
            st.session_state["sweep.config"] = TrainingConfig.from_link(named["config"])
        elif "run" in named:
            run = engine.runs.get(named["run"])
            view = run.read() if run else None
            if view is None or view.config is None:
                raise UserError("A sweep must start from an existing run (got one that is gone): choose below.")
            known[view.id] = f"Run {view.name}", view.config
    except UserError as error:
        st.error(sentence(str(error)))
        named = {}
    linked = st.session_state.get("sweep.config")
    if linked:
        known["link"] = f"From the link: {short_form(linked)}", linked
    known |= {name: (preset.title, preset.config) for name, preset in PRESETS.items()}
    mine, chosen = owner_hash(owner), st.session_state.get(START)
    newest = (run.read() for run in engine.runs.runs()[:60])
    own = islice((view for view in newest if view.state.owner == mine and not view.group), MAX_OWN_RUNS)
    before = engine.runs.get(chosen) if isinstance(chosen, str) else None
    for view in [*own, *([before.read()] if before else [])]:
        if view.config and view.id not in known:
            known[view.id] = f"Run {view.name}", view.config
    if named and named != st.session_state.get(LINKED):
        st.session_state[LINKED] = named
        st.session_state[START] = "link" if "config" in named else named["run"]
    if START in st.session_state and st.session_state[START] not in known:
        st.session_state[START] = DEFAULT_PRESET
    return known


# --- the varied settings --------------------------------------------------------------------------------------


def _select_axes(config: TrainingConfig, token: str) -> tuple[list[Axis], str]:
    """Render the choice of one or two settings and their values; return the axes and the first error, or ""."""
    able = variable_settings(config)
    axes: list[Axis] = []
    first_error = ""
    for place, column in enumerate(st.columns(2, gap="medium")):
        with column:
            taken = axes[0].setting.id if axes else None
            names = [name for name in able if name != taken]
            first = "learning_rate" if place == 0 else "batch_size"
            if place:
                names.insert(0, NO_SETTING)
            key = f"sweep.setting.{place}"
            if key in st.session_state and st.session_state[key] not in names:
                st.session_state[key] = first if first in names else names[0]
            name = st.selectbox(
                "And" if place else "Vary",
                names,
                index=names.index(first) if first in names else 0,
                format_func=lambda name: able[name].title if name else "nothing else",
                persist_state="session",
                key=key,
            )
            if not name:
                continue
            try:
                axes.append(_select_values(able[name], config, f"sweep.values.{token}.{name}"))
            except UserError as error:
                first_error = first_error or str(error)
    return axes, first_error


def _select_values(setting: Setting, config: TrainingConfig, key: str) -> Axis:
    """Render the choice of a setting's values. Raises UserError if they are invalid."""
    label = f"Values of {setting.title}"
    usual = setting.suggestions(config)
    now = setting.format(setting.value(config))
    same = "Everything else stays the same, including the seed. With a second setting, all values are combined."
    help = linked_help(f"{setting.help} The network above has {now}. {same}", setting.name)
    if setting.choices:
        chosen = st.pills(
            label,
            setting.choices,
            selection_mode="multi",
            default=usual,
            format_func=setting.format,
            help=help,
            persist_state="session",
            key=key,
        )
        return Axis(setting, tuple(chosen))
    text = st.text_input(
        label,
        st.session_state.setdefault(f"{key}.first", setting.format_all(usual)),
        help=f"{help} Separate numbers with commas.",
        max_chars=100,
        persist_state="session",
        key=key,
    )
    return Axis(setting, setting.parse(text))


# --- the start ------------------------------------------------------------------------------------------------


def _render_start(engine: Engine, owner: str, plan: Plan | None) -> None:
    """Render the button that starts the runs, their number and their expected duration."""
    with st.container(horizontal=True, vertical_alignment="center", key="sweep-start"):
        words = f"Start {len(plan)} runs" if plan else "Start"
        pressed = st.button(
            words,
            type="primary",
            icon=":material/play_arrow:",
            disabled=plan is None,
            help=f"Single runs go first in the queue. A sweep has at most {MAX_RUNS} runs.",
            key="sweep.begin",
        )
        if plan:
            st.markdown(_duration_text(engine, plan), width="stretch")
    if pressed and plan:
        try:
            st.query_params.from_dict({"sweep": engine.submit_sweep(plan, owner, current_address())})
            st.rerun()
        except UserError as error:
            st.error(sentence(str(error)))


def _duration_text(engine: Engine, plan: Plan) -> str:
    slots = engine.slots or 2
    expected = forecast(plan.configs, engine.runs, slots)
    numbers = " × ".join(str(len(axis.values)) for axis in plan.axes)
    several = f"{numbers} = {len(plan)} runs" if len(plan.axes) > 1 else f"{len(plan)} runs"
    waiting = engine.waiting_count
    queue = f" {waiting} earlier {'runs are' if waiting > 1 else 'run is'} waiting." if waiting else ""
    order = f"{slots} at a time" if slots > 1 else "one after another"
    return f"**{several}, {about(expected.seconds)}**, {order}.{queue}  \n:small[{expected.basis}.]"
