"""The choice of compared runs, held in the link as `?runs=ID,ID,...`, with a short name and a line style each."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

import streamlit as st
from markupsafe import Markup

from trainer.config import dataset_info
from trainer.config.training import TrainingConfig
from trainer.figures.palette import LineStyle, line_styles, swatch, symbol
from trainer.figures.plotly import LEGEND_NAME
from trainer.runs.run import Run, RunView
from trainer.runs.state import State
from trainer.text import shortened
from ui.html import html
from ui.markdown import literal
from ui.network_choice import NetworkChoice

MIN_RUNS, MAX_RUNS = 2, 6
NEWEST_RUNS = 100  # offered, besides those that the link names
POLL_SECONDS = 2.0  # between two checks for a run that has started or ended
KEY, LINK_KEY = "compare.runs", "compare.link"  # session keys: the selection, and the last `?runs=`
_MAX_LINK = 1_000  # characters


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """A run on the Compare page."""

    run: Run
    name: str  # short and unique among the compared runs
    config: TrainingConfig
    state: State  # when the page was rendered
    line_style: LineStyle

    @property
    def network(self) -> NetworkChoice:
        """Return its network as other pages use it."""
        return NetworkChoice(
            self.run.id, self.name, self.state.test_accuracy, self.config.dataset, self.run.network_file, self.run.path
        )

    @property
    def info(self) -> dataset_info.DatasetInfo:
        return dataset_info.info(self.config.dataset)

    @property
    def live(self) -> bool:
        return self.state.live

    @property
    def sign(self) -> Markup:
        """Return its symbol in its color as HTML, with its name as label."""
        color = f"color: {self.line_style.color}"
        return Markup('<span style="{}" role="img" title="{}" aria-label="{}">{}</span>').format(
            color, self.name, self.name, symbol(self.line_style)
        )

    @property
    def swatch(self) -> Markup:
        """Return a sample of its line as HTML."""
        return Markup('<img src="{}" width="44" height="14" alt="">').format(swatch(self.line_style))

    @property
    def heading(self) -> Markup:
        """Return its swatch and name as HTML."""
        return Markup("{}<br>{}").format(self.swatch, self.name)


def select_runs() -> list[ComparedRun]:
    """Render the choice of runs and return them in the order of the link; warn about those that cannot be compared."""
    store = st.session_state.engine.runs
    linked = _linked_ids()
    known = [run.read() for run_id in linked if (run := store.get(run_id))]
    readable = [view for view in known if view.config]
    chosen = readable[:MAX_RUNS]
    newest = {view.id: view for run in store.runs()[:NEWEST_RUNS] if (view := run.read()).config}
    texts = _texts(newest | {view.id: view for view in chosen})
    st.session_state[KEY] = [view.id for view in chosen]  # the link decides; set again since texts may change
    st.multiselect(
        "Runs",
        texts,
        format_func=lambda run_id: texts.get(run_id, run_id),
        max_selections=MAX_RUNS,
        placeholder="Choose runs" if texts else "No runs yet: train one",
        help=f"{MIN_RUNS} to {MAX_RUNS} runs. The link of this page holds them, so you can share it.",
        on_change=_update_link,
        key=KEY,
    )
    _render_warnings(linked, known, readable)
    names = _names(chosen)
    given = line_styles([view.id for view in chosen])
    return [
        ComparedRun(view.run, names[view.id], view.config, view.state, given[view.id]) for view in chosen if view.config
    ]


def render_legend(runs: list[ComparedRun]) -> None:
    """Render the line style and name of each run, linked to its page."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="compare-legend"):
        for one in runs:
            with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", width="content"):
                html(one.swatch, width="content")
                st.page_link(
                    "pages/train.py",
                    label=literal(one.name),
                    query_params={"run": one.run.id},
                    help="Open this run on Train.",
                    width="content",
                )


def rerun_on_change(runs: list[ComparedRun]) -> None:
    """Rerun the page when one of the runs starts or ends."""
    if any(one.live for one in runs):
        st.fragment(_watch, run_every=POLL_SECONDS)(runs)


def _watch(runs: list[ComparedRun]) -> None:
    if [one.run.state.phase for one in runs] != [one.state.phase for one in runs]:
        st.rerun()


def render_no_runs(runs: list[ComparedRun]) -> None:
    """Render what to do next if fewer than two runs are selected."""
    newest = [run.id for run in st.session_state.engine.runs.runs()[:NEWEST_RUNS] if run.config][:MIN_RUNS]
    if len(newest) < MIN_RUNS:
        st.info("A comparison needs two runs. Train networks with different settings to compare them here.")
        st.page_link("pages/train.py", label="Train a network", icon=":material/model_training:")
        return
    st.info(f"Choose {'one more run' if runs else 'two or more runs'} to compare their curves, settings and errors.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Compare the newest two",
            on_click=_link_to,
            args=(newest,),
            icon=":material/stacked_line_chart:",
            help="Compare the two runs that were started last.",
        )
        st.page_link("pages/runs.py", label="Choose on Runs", icon=":material/list:", width="content")


# --- the link -------------------------------------------------------------------------------------------------


def _linked_ids() -> list[str]:
    """Return the ids that the link names, without duplicates; if it names none, those compared last."""
    if "runs" not in st.query_params and st.session_state.get(LINK_KEY):
        st.query_params["runs"] = st.session_state[LINK_KEY]
    text = st.session_state[LINK_KEY] = st.query_params.get("runs", "")[:_MAX_LINK]
    return list(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))


def _update_link() -> None:
    _link_to(st.session_state[KEY])


def _link_to(run_ids: list[str]) -> None:
    st.session_state[LINK_KEY] = ",".join(run_ids)
    if run_ids:
        st.query_params["runs"] = st.session_state[LINK_KEY]
    else:
        st.query_params.pop("runs", None)


def _render_warnings(linked: list[str], known: list[RunView], readable: list[RunView]) -> None:
    missing, damaged = len(linked) - len(known), len(known) - len(readable)
    if missing:
        are = "1 run that is" if missing == 1 else f"{missing} runs that are"
        st.warning(f"The link names {are} not here, perhaps deleted. The others are compared.")
    if damaged:
        ones = "A run's config.json" if damaged == 1 else f"The config.json of {damaged} runs"
        st.warning(f"{ones} cannot be read. {'It is' if damaged == 1 else 'They are'} left out.")
    if len(readable) > MAX_RUNS:
        st.info(
            f"At most {MAX_RUNS} runs can be compared (the link names {len(readable)}): these are the first {MAX_RUNS}."
        )


# --- names ----------------------------------------------------------------------------------------------------


def _texts(runs: dict[str, RunView]) -> dict[str, str]:
    """Return each run's option text. Texts are unique, since Streamlit identifies options by their text."""
    seen: Counter[str] = Counter()
    texts = {}
    for run in runs.values():
        text = f"{run.name}, {time.strftime('%d %b %H:%M', time.localtime(run.created))}"
        seen[text] += 1
        texts[run.id] = f"{text} ({seen[text]})" if seen[text] > 1 else text
    return texts


def _names(runs: list[RunView]) -> dict[str, str]:
    """Return each run's shortened name; equal names are numbered, oldest first."""
    names = {run.id: run.name for run in sorted(runs, key=lambda run: run.id)}
    names = {run_id: shortened(name, LEGEND_NAME) for run_id, name in names.items()}
    often, seen = Counter(names.values()), Counter[str]()
    for run_id, name in names.items():
        seen[name] += 1
        if often[name] > 1:
            names[run_id] = f"{name} ({seen[name]})"
    return names
