"""Which runs are compared? Those that the link names, `?runs=ID,ID,...`; each has its name and its colour."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

import streamlit as st
from markupsafe import Markup

from trainer.config import dataset_info
from trainer.config.training import TrainingConfig
from trainer.figures.palette import Colour, colours, mark, swatch
from trainer.figures.plotly import LEGEND_NAME
from trainer.runs.run import Run, RunView
from trainer.runs.state import State
from trainer.text import shortened
from ui.html import html
from ui.markdown import literal
from ui.network_picker import Judge

FEWEST, MOST = 2, 6
NEWEST = 100  # runs to choose from, besides those that the link names
LOOK = 2.0  # seconds between two looks whether one has begun or ended
KEY, KEPT = "compare.runs", "compare.link"
_LONGEST = 1_000  # characters of a link that are read


@dataclass(frozen=True, eq=False)
class Chosen:
    """A run that is compared."""

    run: Run
    name: str  # short; no other one of them has it
    config: TrainingConfig
    state: State  # as it was when the page was begun
    colour: Colour

    @property
    def judge(self) -> Judge:
        """Return its network, as the other pages ask it."""
        return Judge(
            self.run.id, self.name, self.state.test_accuracy, self.config.dataset, self.run.network_file, self.run.path
        )

    @property
    def kind(self) -> dataset_info.Kind:
        return dataset_info.kind(self.config.dataset)

    @property
    def live(self) -> bool:
        return self.state.live

    @property
    def sign(self) -> Markup:
        """Return its symbol in its colour, as HTML that says its name."""
        color = f"color: {self.colour.line}"
        return Markup('<span style="{}" role="img" title="{}" aria-label="{}">{}</span>').format(
            color, self.name, self.name, mark(self.colour)
        )

    @property
    def swatch(self) -> Markup:
        """Return a piece of its curve, as HTML."""
        return Markup('<img src="{}" width="44" height="14" alt="">').format(swatch(self.colour))

    @property
    def heading(self) -> Markup:
        """Return its swatch and its name, as HTML."""
        return Markup("{}<br>{}").format(self.swatch, self.name)


def ask() -> list[Chosen]:
    """Ask which runs to compare, and return them in the order of the link; what cannot be compared is said."""
    store = st.session_state.engine.runs
    named = _named()
    known = [run.read() for run_id in named if (run := store.get(run_id))]
    readable = [view for view in known if view.config]
    chosen = readable[:MOST]
    newest = {view.id: view for run in store.runs()[:NEWEST] if (view := run.read()).config}
    texts = _texts(newest | {view.id: view for view in chosen})
    st.session_state[KEY] = [view.id for view in chosen]  # the link is the truth; set anew, since texts may change
    st.multiselect(
        "Runs",
        texts,
        format_func=lambda run_id: texts.get(run_id, run_id),
        max_selections=MOST,
        placeholder="Choose runs" if texts else "There is none yet: train one",
        help=f"{FEWEST} to {MOST} runs, to be looked at side by side. The link of this page holds them: send it on.",
        on_change=_follow,
        key=KEY,
    )
    _tell(named, known, readable)
    names = _names(chosen)
    given = colours([view.id for view in chosen])
    return [Chosen(view.run, names[view.id], view.config, view.state, given[view.id]) for view in chosen if view.config]


def introduce(runs: list[Chosen]) -> None:
    """Show whose colour is whose; each name leads to its run."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="compare-legend"):
        for one in runs:
            with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", width="content"):
                html(one.swatch, width="content")
                st.page_link(
                    "pages/train.py",
                    label=literal(one.name),
                    query_params={"run": one.run.id},
                    help="Open this run on Train",
                    width="content",
                )


def watch(runs: list[Chosen]) -> None:
    """Show the page anew when one of the runs begins or ends: each view tells of that in another way."""
    if any(one.live for one in runs):
        st.fragment(_watch, run_every=LOOK)(runs)


def _watch(runs: list[Chosen]) -> None:
    if [one.run.state.phase for one in runs] != [one.state.phase for one in runs]:
        st.rerun()


def offer(runs: list[Chosen]) -> None:
    """Say what to do where there are too few runs to compare."""
    newest = [run.id for run in st.session_state.engine.runs.runs()[:NEWEST] if run.config][:FEWEST]
    if len(newest) < FEWEST:
        st.info("Two runs are needed to compare them: train networks that differ, and they stand here side by side.")
        st.page_link("pages/train.py", label="Train a network", icon=":material/model_training:")
        return
    st.info(f"Choose {'one more run' if runs else 'two runs or more'}: their curves, settings and errors stand here.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Compare the newest two",
            on_click=_link_to,
            args=(newest,),
            icon=":material/stacked_line_chart:",
            help="Look at the two runs that were begun last.",
        )
        st.page_link("pages/runs.py", label="Choose on Runs", icon=":material/list:", width="content")


# --- the link -------------------------------------------------------------------------------------------------


def _named() -> list[str]:
    """Return the ids that the link names, each once; without any, those that were compared last."""
    if "runs" not in st.query_params and st.session_state.get(KEPT):
        st.query_params["runs"] = st.session_state[KEPT]
    text = st.session_state[KEPT] = st.query_params.get("runs", "")[:_LONGEST]
    return list(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))


def _follow() -> None:
    _link_to(st.session_state[KEY])


def _link_to(run_ids: list[str]) -> None:
    st.session_state[KEPT] = ",".join(run_ids)
    if run_ids:
        st.query_params["runs"] = st.session_state[KEPT]
    else:
        st.query_params.pop("runs", None)


def _tell(named: list[str], known: list[RunView], readable: list[RunView]) -> None:
    missing, damaged = len(named) - len(known), len(known) - len(readable)
    if missing:
        are = "1 run that is" if missing == 1 else f"{missing} runs that are"
        st.warning(f"The link names {are} not here: deleted, or of another server. The others are compared.")
    if damaged:
        ones = "A run's config.json" if damaged == 1 else f"The config.json of {damaged} runs"
        st.warning(f"{ones} cannot be read: what was asked is not known, so it is left out.")
    if len(readable) > MOST:
        st.info(f"At most {MOST} runs are compared (the link names {len(readable)}): these are the first {MOST}.")


# --- names ----------------------------------------------------------------------------------------------------


def _texts(runs: dict[str, RunView]) -> dict[str, str]:
    """Return each run's text in the choice; no two are alike, since Streamlit tells options apart by their text."""
    seen: Counter[str] = Counter()
    texts = {}
    for run in runs.values():
        text = f"{run.name}, {time.strftime('%d %b %H:%M', time.localtime(run.created))}"
        seen[text] += 1
        texts[run.id] = f"{text} ({seen[text]})" if seen[text] > 1 else text
    return texts


def _names(runs: list[RunView]) -> dict[str, str]:
    """Return each run's name, cut where it is long; those that are then alike are numbered, the oldest first."""
    names = {run.id: run.name for run in sorted(runs, key=lambda run: run.id)}
    names = {run_id: shortened(name, LEGEND_NAME) for run_id, name in names.items()}
    often, seen = Counter(names.values()), Counter[str]()
    for run_id, name in names.items():
        seen[name] += 1
        if often[name] > 1:
            names[run_id] = f"{name} ({seen[name]})"
    return names
