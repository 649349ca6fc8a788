"""Network picker of Draw, Evaluate and Look inside: the ready-made network and those trained on this server."""

from __future__ import annotations

import time
from collections import Counter
from itertools import islice
from textwrap import shorten

import numpy as np
import streamlit as st

from trainer import UserError
from trainer.analysis import answer_charts
from trainer.analysis.answer import Answer, agreement_text, predict
from trainer.config import dataset_info
from trainer.runs.index import RunRow, read_row
from trainer.runs.owner import owner_hash
from trainer.runs.parent import SHIPPED
from trainer.runs.run import Run
from trainer.shipped import network as shipped
from trainer.text import counted, percent
from ui.markdown import literal
from ui.network_choice import NetworkChoice
from ui.run_index import run_index

MAX_RUNS = 100  # trained networks that are listed
MAX_OTHERS = 6  # networks that read a drawing beside the selected one


def select_several() -> list[NetworkChoice]:
    """Return the selected network, followed by those that read the same drawing for comparison.

    The selection starts with the network in the URL, else the last one selected, else the newest one that this visitor
    trained, else the ready-made one.
    """
    choices, labels = available(digits=True)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        choice = _select(choices, labels, "The network that reads your drawing, with its accuracy on the test digits.")
        others = _select_others(choices, labels, choice)
    st.session_state.answers = choice.id
    return [choice, *others]


def select() -> NetworkChoice:
    """Return the network selected on a page that shows networks of any data set."""
    return _select(*available(), "The network to look at. The networks that you train are listed here too.")


def available(digits: bool = False) -> tuple[dict[str, NetworkChoice], dict[str, str]]:
    """Return the ready-made network and the trained ones, newest first, and a unique label for each, both by id.

    `digits` keeps only networks that were trained on digits, since they alone can read a drawing.
    """
    rows = _newest_rows()
    choices = {SHIPPED: _shipped_choice()} | {row.id: _run_choice(row) for row in rows.values() if row.dataset}
    choices = {choice.id: choice for choice in choices.values() if choice.info.is_digits or not digits}
    return choices, _labels(choices, rows)


def render_introduction(choice: NetworkChoice) -> None:
    """Show the accuracy of the selected network, or why the network in the URL is not the selected one."""
    named = st.query_params.get("run", "")
    run = st.session_state.engine.runs.get(named)
    asked = run.read() if run else None
    if asked and asked.config and not dataset_info.info(asked.config.dataset).is_digits:
        title = dataset_info.info(asked.config.dataset).title
        st.caption(
            f"{literal(asked.name)} was trained on {literal(title)} and cannot read digits: another network answers."
        )
    elif named in (choice.id, "") or (asked and asked.network):
        _render_answering(choice)
    elif asked and not asked.state.ended:
        _wait_for_network(asked.run)
    else:
        st.caption("The network in this link is no longer here: another network reads your drawing.")


def render_badge() -> None:
    """Show the name of the network that answers on Draw, in the menu."""
    run = st.session_state.engine.runs.get(st.session_state.get("answers", SHIPPED))
    name = shorten(run.read().name if run else shipped.NAME, 24, placeholder="…")
    st.sidebar.badge(literal(name), icon=":material/draw:", color="blue")  # the icon of Draw in the menu


def render_comparison(
    image: np.ndarray | None, choice: NetworkChoice, answer: Answer | None, others: list[NetworkChoice]
) -> None:
    """Show the predictions of several networks for an image, (28, 28) float32, and where they disagree."""
    predictions: list[tuple[NetworkChoice, Answer | None]] = [(choice, answer)]
    for other in others:
        try:
            network = other.network
            predictions.append((other, None if image is None else predict(network, image[None], strange=False)[0]))
        except UserError:  # its file is missing or damaged: show the others
            predictions.append((other, None))
    known = [(one.name, answer) for one, answer in predictions if answer is not None]
    rows = [(f"{one.name}\n{percent(one.accuracy)}", answer) for one, answer in predictions]
    words = agreement_text(known) if known else "Each network's answer appears here once there is a digit."
    st.subheader("Several networks compared", anchor=False)
    st.markdown(literal(words))
    st.plotly_chart(answer_charts.network_rows(rows), config={"staticPlot": True}, alt=words, key="judges")
    _comparison_link([one.id for one, _ in predictions if one.id != SHIPPED])


def _comparison_link(run_ids: list[str]) -> None:
    if len(run_ids) > 1:
        st.page_link(
            "pages/compare.py",
            label="Compare these runs",
            icon=":material/stacked_line_chart:",
            query_params={"runs": ",".join(run_ids), "view": "drawing"},
            help="Compare their learning curves, settings and errors.",
        )


# --- selection ------------------------------------------------------------------------------------------------


def _render_answering(choice: NetworkChoice) -> None:
    known = choice.accuracy is not None
    accuracy = f"reads {percent(choice.accuracy)} of the test digits correctly" if known else "reads your drawing"
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="introduction"):
        if choice.id == SHIPPED:
            st.caption(f"Comes with Digit Lab and {accuracy}.", width="content")
            st.page_link("pages/train.py", label="Train your own", icon=":material/model_training:", width="content")
        else:
            st.caption(f"{literal(choice.name)} {accuracy}.")


def _select(choices: dict[str, NetworkChoice], labels: dict[str, str], help: str) -> NetworkChoice:
    named = st.query_params.get("run", "")
    if named in choices and named != st.session_state.get("linked"):
        st.session_state.network = st.session_state.linked = st.session_state.chosen = named
    wanted = (st.session_state.get("network"), st.session_state.get("chosen"), _newest_own(choices))
    # Set on each run: the labels change with time, and the browser identifies an option by its label only.
    st.session_state.network = next((id for id in wanted if id in choices and choices[id].readable), SHIPPED)
    st.selectbox(
        "Network",
        labels,
        format_func=lambda id: labels.get(id, id),
        on_change=_update_link,
        help=help,
        key="network",
    )
    return choices[st.session_state.network]


def _select_others(
    choices: dict[str, NetworkChoice], labels: dict[str, str], choice: NetworkChoice
) -> list[NetworkChoice]:
    before = st.session_state.get("others", [])
    others = [id for id in before if id in choices and id != choice.id and choices[id].readable]
    st.session_state.others = others
    with st.popover(
        f"Compare ({len(others)})" if others else "Compare",
        icon=":material/balance:",
        help=f"Let up to {MAX_OTHERS} more networks read the same drawing, and see where they disagree.",
        key="compare",
    ):
        st.multiselect(
            "Networks that read the same drawing",
            [id for id in labels if id != choice.id],
            format_func=lambda id: labels.get(id, id),
            max_selections=MAX_OTHERS,
            placeholder="Choose networks" if len(choices) > 1 else "No other networks yet: train one",
            help="Choose different kinds of network, for example a dense and a convolutional one.",
            persist_state="session",
            key="others",
        )
        st.page_link("pages/train.py", label="Train another network", icon=":material/model_training:")
    return [choices[id] for id in others]


@st.fragment(run_every=1.0)
def _wait_for_network(run: Run) -> None:
    """Wait for the first network of a run that has just started, then select it."""
    view = run.read()
    if view.network:
        st.session_state.network = view.id
    if view.network or view.state.ended:
        st.rerun()
    st.caption(f"{literal(view.name)} has just started training: it can read your drawing in a few seconds.")


def _update_link() -> None:
    st.query_params["run"] = st.session_state.linked = st.session_state.chosen = st.session_state.network


# --- networks -------------------------------------------------------------------------------------------------


def _shipped_choice() -> NetworkChoice:
    folder = st.session_state.engine.runs.root / SHIPPED
    return NetworkChoice(
        SHIPPED, shipped.NAME, shipped.card().test_accuracies[0], shipped.CONFIG.dataset, shipped.PATH, folder
    )


def _newest_rows() -> dict[str, RunRow]:
    """Return the newest runs that have a network, newest first, and the run in the URL, by id."""
    newest = islice((row for row in run_index().rows() if row.has_network), MAX_RUNS)
    rows = {row.id: row for row in newest}
    named = st.session_state.engine.runs.get(st.query_params.get("run", ""))
    if named and named.id not in rows and named.network:
        rows[named.id] = read_row(named)
    return rows


def _run_choice(row: RunRow) -> NetworkChoice:
    run = Run(st.session_state.engine.runs.root / row.id)
    return NetworkChoice(row.id, row.name, row.test_accuracy, row.dataset, run.network_file, run.path, row.owner)


def _newest_own(choices: dict[str, NetworkChoice]) -> str | None:
    mine = owner_hash(st.session_state.owner)
    return next((choice.id for choice in choices.values() if choice.owner == mine), None)


def _labels(choices: dict[str, NetworkChoice], rows: dict[str, RunRow]) -> dict[str, str]:
    """Return a unique label for each network by its id, since Streamlit identifies options by their labels."""
    seen: Counter[str] = Counter()
    labels = {}
    for choice in choices.values():
        accuracy = f", {percent(choice.accuracy)}" if choice.accuracy is not None else ""
        row = rows.get(choice.id)
        when = "" if row is None else f", {_ago(time.time() - row.created) if row.ended else 'training'}"
        text = f"{choice.name}{accuracy}{when}"
        seen[text] += 1
        labels[choice.id] = f"{text} ({seen[text]})" if seen[text] > 1 else text
    return labels


def _ago(seconds: float) -> str:
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if (number := int(seconds // length)) > 0:  # it is negative if the clock was set back
            return f"{counted(number, unit)} ago"
    return "just now"
