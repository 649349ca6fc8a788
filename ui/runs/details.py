"""One run: how it did, what can be done with it, and where it comes from."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.analysis.learning_curves import learning_curves
from trainer.config import dataset_info
from trainer.runs import index
from trainer.runs.index import Row
from trainer.runs.label import NOTE
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run, RunView
from trainer.text import duration, number, percent
from ui import downloads, run_label
from ui.components.plot import plot
from ui.html import html, style
from ui.markdown import literal, sentence
from ui.run_index import run_index
from ui.runs import deleted, lineage, table

LOOK = 2.0  # seconds between two looks at a live run
LEADS = (
    ("Draw with it", "draw", "draw", "Draw a digit and see what this network says."),
    ("Evaluate", "fact_check", "evaluate", "How well it reads the test images, and where it goes wrong."),
    ("Look inside", "visibility", "inside", "What its layers see, and why it says what it says."),
)
STYLE = Path(__file__).with_suffix(".css")


def asked() -> Run | None:
    """Return the run that the URL names; of one that is gone it is said."""
    run_id = st.query_params.get("run")
    run = st.session_state.engine.runs.get(run_id) if run_id else None
    if run_id and run is None:
        st.warning("That run is no longer here: its link may be old. Choose another.")
        del st.query_params["run"]
    return run


def show(run: Run) -> None:
    """Show a run and what can be done with it."""
    st.session_state.pop(deleted.DELETED, None)
    view = run.read()
    mine = view.state.owner == owner_hash(st.session_state.owner)
    style(STYLE)
    st.page_link("pages/runs.py", label="All runs", icon=":material/arrow_back:", help="Back to the list.")
    with st.container(horizontal=True, vertical_alignment="center", key="run-heading"):
        st.subheader(literal(view.name), anchor=False, width="content")
        if mine:
            _describe(view)
    _lead(view, mine)
    state = view.state
    st.fragment(_facts, run_every=LOOK if state.live else None)(run, state.phase)
    opened = lineage.show(run_index().rows(), run.id)
    if opened and opened != run.id and st.session_state.engine.runs.get(str(opened)):
        st.query_params["run"] = opened
        st.rerun()
    if (note := view.label.note) and not mine:
        st.markdown("**Note**")
        st.text(note)
    if mine:
        _ask_note(view)
    with st.expander("Take home", icon=":material/download:"):
        downloads.offer(run)


# --- what its owner may change --------------------------------------------------------------------------------


def _describe(view: RunView) -> None:
    run_label.rename(view.run)
    pinned = view.label.pinned
    if st.button(
        "Unpin" if pinned else "Pin",
        icon=":material/keep_off:" if pinned else ":material/keep:",
        type="tertiary",
        help="Runs that you pinned stand first in your list.",
        key="run.pin",
    ):
        run_label.change(view.run, pinned=not pinned)
    live = view.state.live
    if st.button(
        "Delete",
        icon=":material/delete:",
        type="tertiary",
        disabled=live,
        help="Stop it first, on Train." if live else "You are asked once, and for a day it can be had back.",
        key="run.delete",
    ):
        deleted.ask(view.run)


def _ask_note(view: RunView) -> None:
    with st.form(f"runs.note.{view.id}", border=False):
        note = st.text_area(
            "Note",
            view.label.note,
            max_chars=NOTE,
            height=100,
            placeholder="What did you try, and what came of it?",
            help="Everybody who looks at this run can read it; the search finds its words.",
        )
        if st.form_submit_button("Save the note", help="Keep it with the run."):
            run_label.change(view.run, note=note)


# --- where it leads -------------------------------------------------------------------------------------------


def _lead(view: RunView, mine: bool) -> None:
    """Lead to the pages that show this run, and to what goes on from it."""
    state, config, query = view.state, view.config, {"run": view.id}
    with st.container(horizontal=True, vertical_alignment="center", key="run-leads"):
        if config:
            st.page_link(
                "pages/train.py",
                label="Watch it train" if not state.ended else "See its training",
                icon=":material/model_training:",
                query_params=query,
                help="Its curves, drawings and weights over the training, and its settings in the form.",
            )
        if config and view.network:
            for label, icon, page, words in LEADS:
                if page != "draw" or dataset_info.kind(config.dataset).digits:
                    st.page_link(
                        f"pages/{page}.py", label=label, icon=f":material/{icon}:", query_params=query, help=words
                    )
            if state.ended:
                st.page_link(
                    "pages/train.py",
                    label="Train further",
                    icon=":material/merge:",
                    query_params={"parent": view.id},
                    help="Go on from this network, with other settings or your own drawings, as a new run.",
                )
        if view.group:
            st.page_link(
                "pages/sweep.py",
                label="Its sweep",
                icon=":material/apps:",
                query_params={"sweep": view.group},
                help="The runs beside it.",
            )
        if mine and config and view.can_resume and _unfinished(view):
            if st.button(
                "Resume",
                icon=":material/play_arrow:",
                help="Go on where it was, weights, optimizer and chance included.",
                key="run.resume",
            ):
                _resume(view.run)


def _unfinished(view: RunView) -> bool:
    """Tell whether epochs are left that were asked for."""
    return view.state.phase != "finished" or index.row(view).epochs < view.requests.epochs


def _resume(run: Run) -> None:
    try:
        st.session_state.engine.request(run.id, "resume", st.session_state.owner)
    except UserError as error:
        st.error(str(error))
    else:
        st.switch_page("pages/train.py", query_params={"run": run.id})


# --- how it did -----------------------------------------------------------------------------------------------


def _facts(run: Run, phase: str) -> None:
    view = run.read()
    state, config = view.state, view.config
    if state.phase != phase:
        st.rerun()
    row = index.row(view)
    if state.error:
        (st.error if state.phase in ("failed", "damaged") else st.warning)(sentence(state.error))
    left, right = st.columns([0.55, 0.45], gap="medium")
    with right:
        html(_table(view, row))
    with left:
        if config is None:
            st.caption("What was asked of it is not known any more: it can only be deleted.")
            return
        history = st.session_state.engine.runs.history(run)
        if not history:
            st.caption("No curves yet: they appear here once it trains." if not state.ended else "It has no curves.")
            return
        figure = learning_curves(history, state.steps, max(1, row.planned), "accuracy")
        words = f", {percent(row.test_accuracy)} on the test {dataset_info.kind(config.dataset).thing}s"
        plot(figure, "run.accuracy", alt=f"Accuracy over {row.epochs} epochs{words if row.test_accuracy else ''}")


def _table(view: RunView, row: Row) -> Markup:
    """Return what is known of a run as an HTML table; what is not known is left out."""
    config, state = view.config, view.state
    mine = row.owner == owner_hash(st.session_state.owner)
    title = table.titles([row.dataset])[row.dataset] if row.dataset else ""
    when = time.strftime("%d %b %Y, %H:%M", time.localtime(row.created)).lstrip("0")
    facts = {
        "State": f"{table.MARKS[row.phase]} {row.phase}{f', {state.note}' if state.note else ''}",
        "Test accuracy": percent(row.test_accuracy),
        "Validation accuracy": percent(row.val_accuracy),
        "Network": row.network,
        "Parameters": f"{row.parameters:,}" if row.parameters is not None else "",
        "Optimizer, rate": f"{row.optimizer}, {number(row.learning_rate)}" if row.learning_rate is not None else "",
        "Batch size": f"{config.batch_size:,}" if config else "",
        "Epochs": f"{row.epochs} of {row.planned}" if config else "",
        "Time": duration(row.seconds) if row.seconds else "",
        "Device": row.device,
        "Data": title,
        "Own drawings": f"{row.drawings:,}" if row.drawings else "",
        "Started": f"{when}, {'by you' if mine else 'by somebody else' if row.owner else 'by nobody known'}",
    }
    lines = (
        Markup("<tr><th scope=row>{}</th><td>{}</td></tr>").format(name, value)
        for name, value in facts.items()
        if value
    )
    return Markup('<table class="run-facts"><tbody>{}</tbody></table>').format(Markup().join(lines))
