"""One run: its results, links, note, lineage and downloads."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.analysis.learning_curves import learning_curves
from trainer.config import dataset_info
from trainer.runs import index
from trainer.runs.index import RunRow
from trainer.runs.label import MAX_NOTE_CHARACTERS
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run, RunView
from trainer.sharing import run_import
from trainer.text import counted, duration, number, percent
from ui import downloads, run_label
from ui.components.plot import plot
from ui.html import html, style
from ui.markdown import literal, sentence
from ui.run_index import run_index
from ui.runs import deleted, lineage, table

POLL_SECONDS = 2.0  # between two updates of a live run
NETWORK_PAGES = (  # label, icon, page, help
    ("Draw with it", "draw", "draw", "Draw a digit for this network to read."),
    ("Evaluate", "fact_check", "evaluate", "See how well it reads the test images, and its errors."),
    ("Look inside", "visibility", "inside", "See what its layers respond to, and why it gives an answer."),
)
STYLE = Path(__file__).with_suffix(".css")


def linked_run() -> Run | None:
    """Return the run that the URL names; warn if it no longer exists."""
    run_id = st.query_params.get("run")
    run = st.session_state.engine.runs.get(run_id) if run_id else None
    if run_id and run is None:
        st.warning("That run is no longer here. Its link may be old: choose another run.")
        del st.query_params["run"]
    return run


def render(run: Run) -> None:
    """Render a run and the controls for it."""
    st.session_state.pop(deleted.DELETED, None)
    view = run.read()
    mine = view.state.owner == owner_hash(st.session_state.owner)
    style(STYLE)
    st.page_link("pages/runs.py", label="All runs", icon=":material/arrow_back:", help="Return to the list.")
    with st.container(horizontal=True, vertical_alignment="center", key="run-heading"):
        st.subheader(literal(view.name), anchor=False, width="content")
        if mine:
            _render_owner_controls(view)
    _render_links(view, mine)
    state = view.state
    st.fragment(_render_results, run_every=POLL_SECONDS if state.live else None)(run, state.phase)
    opened = lineage.render(run_index().rows(), run.id)
    if opened and opened != run.id and st.session_state.engine.runs.get(str(opened)):
        st.query_params["run"] = opened
        st.rerun()
    if (note := view.label.note) and not mine:
        st.markdown("**Note**")
        st.text(note)
    if mine:
        _render_note_form(view)
    with st.expander("Download", icon=":material/download:"):
        downloads.render(run)


# --- controls for its owner -----------------------------------------------------------------------------------


def _render_owner_controls(view: RunView) -> None:
    run_label.render_rename(view)
    pinned = view.label.pinned
    if st.button(
        "Unpin" if pinned else "Pin",
        icon=":material/keep_off:" if pinned else ":material/keep:",
        type="tertiary",
        help="Pinned runs come first in your list.",
        key="run.pin",
    ):
        run_label.update(view.id, pinned=not pinned)
    live = view.state.live
    if st.button(
        "Delete",
        icon=":material/delete:",
        type="tertiary",
        disabled=live,
        help="Stop the run on Train first." if live else "Can be restored for 24 hours.",
        key="run.delete",
    ):
        deleted.confirm_delete(view.run)


def _render_note_form(view: RunView) -> None:
    with st.form(f"runs.note.{view.id}", border=False):
        note = st.text_area(
            "Note",
            view.label.note,
            max_chars=MAX_NOTE_CHARACTERS,
            height=100,
            placeholder="What did you try, and what was the result?",
            help="Everybody can read the note, and the search finds its words.",
        )
        if st.form_submit_button("Save note", help="Save the note with the run."):
            run_label.update(view.id, note=note)


# --- links to other pages -------------------------------------------------------------------------------------


def _render_links(view: RunView, mine: bool) -> None:
    """Render links to the pages that show this run or continue its training."""
    state, config, query = view.state, view.config, {"run": view.id}
    with st.container(horizontal=True, vertical_alignment="center", key="run-leads"):
        if config:
            st.page_link(
                "pages/train.py",
                label="Watch training" if not state.ended else "View training",
                icon=":material/model_training:",
                query_params=query,
                help="See its learning curves, followed digits and weights, and its settings in the form.",
            )
        if config and view.network:
            for label, icon, page, words in NETWORK_PAGES:
                if page != "draw" or dataset_info.info(config.dataset).is_digits:
                    st.page_link(
                        f"pages/{page}.py", label=label, icon=f":material/{icon}:", query_params=query, help=words
                    )
            if state.ended:
                st.page_link(
                    "pages/train.py",
                    label="Continue training",
                    icon=":material/merge:",
                    query_params={"parent": view.id},
                    help="Start a new run from this network, with other settings or your own drawings.",
                )
        if view.group:
            st.page_link(
                "pages/sweep.py",
                label="View sweep",
                icon=":material/apps:",
                query_params={"sweep": view.group},
                help="See all runs of this run's sweep.",
            )
        if mine and config and view.can_resume and _is_unfinished(view):
            if st.button(
                "Resume",
                icon=":material/play_arrow:",
                help="Continue where the run ended, with its weights and its optimizer's state.",
                key="run.resume",
            ):
                _resume(view.run)


def _is_unfinished(view: RunView) -> bool:
    """Return whether the run has requested epochs left to train."""
    return view.state.phase != "finished" or index.make_row(view).epochs < view.requests.epochs


def _resume(run: Run) -> None:
    try:
        st.session_state.engine.request(run.id, "resume", st.session_state.owner)
    except UserError as error:
        st.error(sentence(str(error)))
    else:
        st.switch_page("pages/train.py", query_params={"run": run.id})


# --- results --------------------------------------------------------------------------------------------------


def _render_results(run: Run, phase: str) -> None:
    view = run.read()
    state, config = view.state, view.config
    if state.phase != phase:
        st.rerun()
    row = index.make_row(view)
    if state.error:
        (st.error if state.phase in ("failed", "damaged") else st.warning)(sentence(state.error))
    left, right = st.columns([0.55, 0.45], gap="medium")
    with right:
        html(_table(view, row))
    with left:
        if config is None:
            st.caption("The settings of this run are lost. You can only delete it.")
            return
        history = st.session_state.engine.runs.history(run)
        if not history:
            st.caption(
                "This run has no learning curves." if state.ended else "Learning curves appear when training starts."
            )
            return
        figure = learning_curves(history, state.steps, max(1, row.planned), "accuracy")
        test = f", {percent(row.test_accuracy)} on the test {dataset_info.info(config.dataset).noun}s"
        plot(
            figure,
            "run.accuracy",
            alt=f"Accuracy over {counted(row.epochs, 'epoch')}{test if row.test_accuracy else ''}",
        )


def _table(view: RunView, row: RunRow) -> Markup:
    """Return a run's settings and results as an HTML table without empty rows."""
    config, state = view.config, view.state
    mine = row.owner == owner_hash(st.session_state.owner)
    title = table.titles([row.dataset])[row.dataset] if row.dataset else ""
    owner = "by you" if mine else "by somebody else" if row.owner else "owner unknown"
    imported = run_import.ORIGIN in state.note
    started = None if imported and view.trained is None else _when(view.started)
    facts = {
        "State": f"{table.MARKS[row.phase]} {row.phase}{f', {state.note}' if state.note else ''}",
        "Test accuracy": percent(row.test_accuracy),
        "Training accuracy": percent(state.train_accuracy),
        "Validation accuracy": percent(row.val_accuracy),
        "Network": row.network,
        "Parameters": f"{row.parameters:,}" if row.parameters is not None else "",
        "Optimizer, learning rate": f"{row.optimizer}, {number(row.learning_rate)}"
        if row.learning_rate is not None
        else "",
        "Batch size": f"{config.batch_size:,}" if config else "",
        "Epochs": f"{row.epochs} of {row.planned}" if config else "",
        "Time": duration(row.seconds) if row.seconds else "",
        "Device": row.device,
        "Data set": title,
        "My drawings": f"{row.drawings:,}" if row.drawings else "",
        "Started": started if imported else f"{started}, {owner}",
        "Imported": f"{_when(view.created)}, {owner}" if imported else "",
    }
    lines = (
        Markup("<tr><th scope=row>{}</th><td>{}</td></tr>").format(name, value)
        for name, value in facts.items()
        if value
    )
    return Markup('<table class="run-facts"><tbody>{}</tbody></table>').format(Markup().join(lines))


def _when(seconds: float) -> str:
    return time.strftime("%d %b %Y, %H:%M", time.localtime(seconds)).lstrip("0")
