"""Network picker of Draw, Evaluate and Look inside: the ready-made network and those trained on this server."""

from __future__ import annotations

import time
from collections import Counter
from itertools import islice
from textwrap import shorten

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from trainer.config import dataset_info
from trainer.runs.index import RunRow, read_row
from trainer.runs.owner import owner_hash
from trainer.runs.parent import SHIPPED
from trainer.runs.run import Run, RunView
from trainer.shipped import network as shipped
from trainer.text import counted, percent
from ui import answering_network
from ui.answering_network import choose, chosen
from ui.markdown import literal
from ui.network_choice import NetworkChoice
from ui.run_index import run_index

MAX_RUNS = 100  # trained networks that are listed
MAX_OTHERS = 6  # networks that read a drawing beside the selected one


def select_several(heading: str) -> list[NetworkChoice]:
    """Render Draw's heading and, beside it, the choice of the network that answers and of those to compare it with.

    Return them in this order.
    """
    choices, labels = available(digits=True)
    with _beside(heading):
        help = "The network that reads your drawing, with its accuracy on the test digits of its data set."
        choice = _select(choices, labels, help, answering_network.find("draw"))
        others = _select_others(choices, labels, choice)
    return [choice, *others]


def select(heading: str) -> NetworkChoice:
    """Render a page's heading and, beside it, the choice of a network of any data set; return the network."""
    rows = _listed_rows()
    choices, labels = _choices(rows)
    with _beside(heading):
        help = "The network to look at. The networks that you train are listed here too."
        choice = _select(choices, labels, help, answering_network.find("inside"))
        _render_offer(choices, rows, choice)
    return choice


def available(digits: bool = False) -> tuple[dict[str, NetworkChoice], dict[str, str]]:
    """Return the ready-made network and the trained ones, newest first, and a unique label for each, both by id.

    `digits` keeps only networks that were trained on digits, since they alone can read a drawing.
    """
    return _choices(_listed_rows(), digits)


def render_introduction(choice: NetworkChoice) -> None:
    """Show the accuracy of the network that answers, or why the linked or chosen network does not."""
    linked = st.query_params.get("run", "")
    wanted = linked or chosen()
    run = st.session_state.engine.runs.get(wanted)
    view = run.read() if run else None
    if wanted == choice.id:
        _render_answering(choice)
    elif view and view.config and not answering_network.reads_digits(view):
        title = dataset_info.info(view.config.dataset).title
        st.caption(
            f"{literal(view.name)} was trained on {literal(title)} and cannot read digits: another network answers."
        )
    elif view and not view.state.ended:
        _wait_for_network(view.run)
    else:
        which = "in this link" if linked else "that you chose"
        st.caption(f"The network {which} is no longer here: another network reads your drawing.")


# --- selection ------------------------------------------------------------------------------------------------


def _beside(heading: str) -> DeltaGenerator:
    """Render a page's heading and return the place beside it, on a phone below it."""
    with st.container(horizontal=True, gap="small", key="heading"):
        st.title(heading, anchor=False, width="content")
        return st.container(horizontal=True, vertical_alignment="center", gap="small")


def _render_answering(choice: NetworkChoice) -> None:
    digits = "MNIST's test digits" if choice.id == SHIPPED else "the test digits"
    known = choice.accuracy is not None
    accuracy = f"reads {percent(choice.accuracy)} of {digits} correctly" if known else "reads your drawing"
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="introduction"):
        name = "Comes with Digit Lab and" if choice.id == SHIPPED else literal(choice.name)
        st.caption(f"{name} {accuracy}.", width="content")
        rows = _listed_rows()
        if not _render_offer(_choices(rows, digits=True)[0], rows, choice) and choice.id == SHIPPED:
            st.page_link("pages/train.py", label="Train your own", icon=":material/model_training:", width="content")


def _select(
    choices: dict[str, NetworkChoice], labels: dict[str, str], help: str, view: RunView | None
) -> NetworkChoice:
    """Render the choice of the network that answers: the ready-made one or that of a run."""
    # Set on each run: the labels change with time, and the browser identifies an option by its label only.
    st.session_state.network = view.id if view and view.id in choices else SHIPPED
    st.selectbox(
        "Network",
        labels,
        format_func=lambda id: labels.get(id, id),
        on_change=lambda: choose(st.session_state.network),
        help=help,
        key="network",
    )
    return choices[st.session_state.network]


def _render_offer(choices: dict[str, NetworkChoice], rows: dict[str, RunRow], choice: NetworkChoice) -> bool:
    """Offer the linked network, or else the newest one that the visitor has trained since they chose; tell whether.

    Runs of sweeps and stopped runs are not offered.
    """
    mine, since = owner_hash(st.session_state.owner), answering_network.chosen_at()
    own = [row for row in rows.values() if row.owner == mine and row.phase == "finished" and not row.group]
    new = next((choices[row.id] for row in own if row.id in choices and row.created + row.seconds > since), choice)
    if choice.id not in (SHIPPED, chosen()):
        label, new = "Use it on all pages", choice
    elif new.id != choice.id:
        label = f"Use your new network: {literal(shorten(new.name, 30, placeholder='…'))}, {percent(new.accuracy)}"
    else:
        return False
    help = "Lets this network answer on Draw, Evaluate and Look inside, in all your tabs."
    st.button(
        label, type="tertiary", icon=":material/check:", help=help, on_click=choose, args=(new.id,), key="network.offer"
    )
    return True


def _select_others(
    choices: dict[str, NetworkChoice], labels: dict[str, str], choice: NetworkChoice
) -> list[NetworkChoice]:
    before = st.session_state.get("others", [])
    others = [id for id in before if id in choices and id != choice.id and choices[id].readable]
    st.session_state.others = others
    st.multiselect(
        "Compare with",
        [id for id in labels if id != choice.id],
        format_func=lambda id: labels.get(id, id),
        max_selections=MAX_OTHERS,
        placeholder="Compare…" if len(choices) > 1 else "No others",  # a phone shows eleven letters
        label_visibility="collapsed",
        persist_state="session",
        key="others",
    )
    return [choices[id] for id in others]


@st.fragment(run_every=1.0)
def _wait_for_network(run: Run) -> None:
    """Wait for the first network of a run that has just started, then select it."""
    view = run.read()
    if view.network or view.state.ended:
        st.rerun()
    st.caption(f"{literal(view.name)} has just started training: it can read your drawing in a few seconds.")


# --- networks -------------------------------------------------------------------------------------------------


def _choices(rows: dict[str, RunRow], digits: bool = False) -> tuple[dict[str, NetworkChoice], dict[str, str]]:
    choices = {SHIPPED: _shipped_choice()} | {row.id: _run_choice(row) for row in rows.values() if row.dataset}
    choices = {choice.id: choice for choice in choices.values() if choice.info.is_digits or not digits}
    return choices, _labels(choices, rows)


def _shipped_choice() -> NetworkChoice:
    folder = st.session_state.engine.runs.root / SHIPPED
    return NetworkChoice(
        SHIPPED, shipped.NAME, shipped.card().test_accuracies[0], shipped.CONFIG.dataset, shipped.PATH, folder
    )


def _listed_rows() -> dict[str, RunRow]:
    """Return the newest runs that have a network, newest first, and the linked and the chosen one, by id."""
    newest = islice((row for row in run_index().rows() if row.has_network), MAX_RUNS)
    rows = {row.id: row for row in newest}
    for run_id in (st.query_params.get("run", ""), chosen()):
        run = st.session_state.engine.runs.get(run_id)
        if run and run.id not in rows and run.network:
            rows[run.id] = read_row(run)
    return rows


def _run_choice(row: RunRow) -> NetworkChoice:
    run = Run(st.session_state.engine.runs.root / row.id)
    return NetworkChoice(row.id, row.name, row.test_accuracy, row.dataset, run.network_file, run.path)


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
