"""Which networks answer on Draw? The one that comes with the app, and every one that was trained here."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from textwrap import shorten

import numpy as np
import streamlit as st

from trainer import UserError
from trainer.analysis import answer_charts
from trainer.analysis.answer import Answer, answers, verdict
from trainer.config import dataset_info
from trainer.config.dataset_info import Kind
from trainer.config.training import TrainingConfig
from trainer.networks.inference import Network
from trainer.runs.index import Row, read
from trainer.runs.owner import owner_hash
from trainer.runs.parent import SHIPPED
from trainer.runs.run import Run
from trainer.shipped import network as shipped
from trainer.text import counted, percent
from ui.markdown import literal
from ui.run_index import run_index

NEWEST = 100  # trained networks to choose from
MOST = 6  # that judge a drawing besides the one that answers


@dataclass(frozen=True)
class Judge:
    """A network that may answer: the shipped one, or a run's, which is replaced while that still trains."""

    id: str
    name: str
    accuracy: float | None  # on the test digits
    dataset: str  # see catalogue
    path: Path  # of its ONNX file
    folder: Path  # of what is known of it: its evaluation, the nearest digits
    owner: str = ""  # hash of the token of who trained it

    @property
    def config(self) -> TrainingConfig:
        """Return what it was asked to be. Raises UserError where config.json has been damaged since it was listed."""
        if config := self._config:
            return config
        raise UserError("A network's config.json must be readable (got a damaged one): choose another network.")

    @property
    def readable(self) -> bool:
        """Tell whether its config can still be read."""
        return self._config is not None

    @property
    def _config(self) -> TrainingConfig | None:
        return shipped.CONFIG if self.id == SHIPPED else Run(self.folder).config

    @property
    def kind(self) -> Kind:
        """Return what is in the data that it has learned."""
        return dataset_info.kind(self.dataset)

    @property
    def network(self) -> Network:
        """Return the network as it is now. Raises UserError where its file is gone or damaged."""
        if self.id == SHIPPED:
            return shipped.network()
        return _load(self.path, self.changed, self.config)

    @property
    def changed(self) -> int:
        """Return what tells its file from the one that it replaced."""
        try:
            return self.path.lstat().st_mtime_ns
        except OSError:
            raise UserError(
                "A network must be there to answer (got a run that has none any more): choose another."
            ) from None


def choose() -> list[Judge]:
    """Ask which network answers and which others judge the same drawing; return them, the one that answers first.

    It is the one that the URL has come to name, else that was chosen last, else the newest that this visitor trained,
    else the shipped one.
    """
    judges, texts = known(digits=True)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        answering = _ask(judges, texts, "Which network answers, and how many of the 10,000 test digits it reads.")
        others = _choose_others(judges, texts, answering)
    st.session_state.answers = answering.id
    return [answering, *others]


def ask() -> Judge:
    """Ask which network a page looks at, whatever it has learned; the same that answers on Draw, where it can."""
    return _ask(*known(), "Which network to look at. Train one, and it stands here.")


def known(digits: bool = False) -> tuple[dict[str, Judge], dict[str, str]]:
    """Return the shipped network and the trained ones, the newest first, and a text of its own for each, by their ids.

    With `digits` only those that have learned digits, which a drawing can be given to.
    """
    rows = _rows()
    judges = {SHIPPED: _shipped()} | {row.id: _judge(row) for row in rows.values() if row.dataset}
    judges = {judge.id: judge for judge in judges.values() if judge.kind.digits or not digits}
    return judges, _texts(judges, rows)


def introduce(answering: Judge) -> None:
    """Say who answers, and what has become of the network that the URL names, if that is another one."""
    named = st.query_params.get("run", "")
    run = st.session_state.engine.runs.get(named)
    asked = run.read() if run else None
    if asked and asked.config and not dataset_info.kind(asked.config.dataset).digits:
        title = dataset_info.kind(asked.config.dataset).title
        st.caption(
            f"{literal(asked.name)} has learned {literal(title)}: a drawing is nothing to it, so another answers."
        )
    elif named in (answering.id, "") or (asked and asked.network):
        _tell_of(answering)
    elif asked and not asked.state.ended:
        _await_network(asked.run)
    else:
        st.caption("The network that the link names is no longer here.")


def badge() -> None:
    """Say in the menu which network answers on Draw."""
    run = st.session_state.engine.runs.get(st.session_state.get("answers", SHIPPED))
    name = shorten(run.read().name if run else shipped.NAME, 24, placeholder="…")
    st.sidebar.badge(f"Draw: {literal(name)}", color="blue")


def compare(image: np.ndarray | None, answering: Judge, answer: Answer | None, others: list[Judge]) -> None:
    """Show what several networks say of an image, (28, 28) float32, and where they disagree."""
    said: list[tuple[Judge, Answer | None]] = [(answering, answer)]
    for judge in others:
        try:
            network = judge.network
            said.append((judge, None if image is None else answers(network, image[None], strange=False)[0]))
        except UserError:  # gone, or damaged: the others go on
            said.append((judge, None))
    known = [(judge.name, answer) for judge, answer in said if answer is not None]
    rows = [(f"{judge.name}\n{percent(judge.accuracy)}", answer) for judge, answer in said]
    words = verdict(known) if known else "Each network's answer stands here once there is a digit."
    st.subheader("Several networks judge", anchor=False)
    st.markdown(literal(words))
    st.plotly_chart(answer_charts.judges_rows(rows), config={"staticPlot": True}, alt=words, key="judges")
    _lead_to_comparison([judge.id for judge, _ in said if judge.id != SHIPPED])


def _lead_to_comparison(run_ids: list[str]) -> None:
    if len(run_ids) > 1:
        st.page_link(
            "pages/compare.py",
            label="Compare these runs",
            icon=":material/stacked_line_chart:",
            query_params={"runs": ",".join(run_ids), "view": "drawing"},
            help="How they learned, what differs in their settings, and where they err.",
        )


# --- asking ---------------------------------------------------------------------------------------------------


def _tell_of(answering: Judge) -> None:
    known = f"reads {percent(answering.accuracy)} of the test digits" if answering.accuracy is not None else ""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="introduction"):
        if answering.id == SHIPPED:
            st.caption(f"It ships with Digit Lab and {known}.", width="content")
            st.page_link("pages/train.py", label="Train your own", icon=":material/model_training:", width="content")
        else:
            st.caption(f"{literal(answering.name)} answers{f'; it {known}' if known else ''}.")


def _ask(judges: dict[str, Judge], texts: dict[str, str], help: str) -> Judge:
    named = st.query_params.get("run", "")
    if named in judges and named != st.session_state.get("linked"):
        st.session_state.network = st.session_state.linked = st.session_state.chosen = named
    wanted = (st.session_state.get("network"), st.session_state.get("chosen"), _own(judges))
    # Set anew each time, since the texts change with time and the browser knows its choice by its text only.
    st.session_state.network = next((id for id in wanted if id in judges and judges[id].readable), SHIPPED)
    st.selectbox(
        "Network",
        texts,
        format_func=lambda judge: texts.get(judge, judge),
        on_change=_follow_choice,
        help=help,
        key="network",
    )
    return judges[st.session_state.network]


def _choose_others(judges: dict[str, Judge], texts: dict[str, str], answering: Judge) -> list[Judge]:
    before = st.session_state.get("others", [])
    kept = [id for id in before if id in judges and id != answering.id and judges[id].readable]
    st.session_state.others = kept
    with st.popover(
        f"Compare ({len(kept)})" if kept else "Compare",
        icon=":material/balance:",
        help=f"Let up to {MOST} more networks judge the same drawing, and see at a glance where they disagree.",
        key="compare",
    ):
        st.multiselect(
            "These networks judge the same drawing",
            [judge for judge in texts if judge != answering.id],
            format_func=lambda judge: texts.get(judge, judge),
            max_selections=MOST,
            placeholder="Choose networks" if len(judges) > 1 else "There is no other yet: train one",
            help="Choose some that learned differently, such as a dense network beside a convolutional one.",
            persist_state="session",
            key="others",
        )
        st.page_link("pages/train.py", label="Train one more", icon=":material/model_training:")
    return [judges[judge] for judge in kept]


@st.fragment(run_every=1.0)
def _await_network(run: Run) -> None:
    """Wait for the network of a run that has only begun, then let it answer."""
    view = run.read()
    if view.network:
        st.session_state.network = view.id
    if view.network or view.state.ended:
        st.rerun()
    st.caption(f"{literal(view.name)} has only begun to learn: it answers here some seconds from now.")


def _follow_choice() -> None:
    st.query_params["run"] = st.session_state.linked = st.session_state.chosen = st.session_state.network


# --- networks -------------------------------------------------------------------------------------------------


@st.cache_resource(max_entries=20, show_spinner=False)
def _load(path: Path, changed: int, _config: TrainingConfig) -> Network:
    network = Network(path)
    network.check(_config)
    return network


def _shipped() -> Judge:
    folder = st.session_state.engine.runs.root / SHIPPED
    return Judge(SHIPPED, shipped.NAME, shipped.card().test_accuracies[0], shipped.CONFIG.dataset, shipped.PATH, folder)


def _rows() -> dict[str, Row]:
    """Return the newest runs that have a network, the newest first, and the one that the URL names, by their ids."""
    newest = islice((row for row in run_index().rows() if row.has_network), NEWEST)
    rows = {row.id: row for row in newest}
    named = st.session_state.engine.runs.get(st.query_params.get("run", ""))
    if named and named.id not in rows and named.network:
        rows[named.id] = read(named)
    return rows


def _judge(row: Row) -> Judge:
    run = Run(st.session_state.engine.runs.root / row.id)
    return Judge(row.id, row.name, row.test_accuracy, row.dataset, run.network_file, run.path, row.owner)


def _own(judges: dict[str, Judge]) -> str | None:
    mine = owner_hash(st.session_state.owner)
    return next((judge.id for judge in judges.values() if judge.owner == mine), None)


def _texts(judges: dict[str, Judge], rows: dict[str, Row]) -> dict[str, str]:
    """Return each network's text in the choice; no two are alike, since Streamlit tells options apart by their text."""
    seen: Counter[str] = Counter()
    texts = {}
    for judge in judges.values():
        accuracy = f", {percent(judge.accuracy)}" if judge.accuracy is not None else ""
        row = rows.get(judge.id)
        when = "" if row is None else f", {_ago(time.time() - row.created) if row.ended else 'training'}"
        text = f"{judge.name}{accuracy}{when}"
        seen[text] += 1
        texts[judge.id] = f"{text} ({seen[text]})" if seen[text] > 1 else text
    return texts


def _ago(seconds: float) -> str:
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if (number := int(seconds // length)) > 0:  # a clock may have been set back
            return f"{counted(number, unit)} ago"
    return "just now"
