"""The list of earlier sweeps on this server, each with a thumbnail."""

from __future__ import annotations

import time

import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.analysis import sweep_charts
from trainer.figures.images import svg_url
from trainer.jobs.engine import Engine
from trainer.runs.sweep import Sweep, best_cell, read_cells
from trainer.text import percent
from ui.html import html
from ui.markdown import literal, sentence
from ui.sweep.progress import network_title

FIRST_ROWS = 6  # shown before "Show more" is pressed


@st.fragment
def render(engine: Engine, shown_id: str) -> None:
    """List the sweeps of this server except the one on display, newest first."""
    ids = [sweep_id for sweep_id in engine.sweeps.ids() if sweep_id != shown_id]
    if not ids:
        return
    st.subheader("Earlier sweeps", anchor=False)
    number = st.session_state.get("sweep.earlier", FIRST_ROWS)
    for sweep_id in ids[:number]:
        try:
            if sweep := engine.sweeps.get(sweep_id):
                _render_row(engine, sweep)
        except UserError as error:
            st.caption(sentence(f"{sweep_id}: {error}"))
    if len(ids) > number:
        if st.button(
            f"Show {min(len(ids) - number, 2 * FIRST_ROWS)} more", help="Show older sweeps.", key="sweep.more"
        ):
            st.session_state["sweep.earlier"] = number + 2 * FIRST_ROWS
            st.rerun(scope="fragment")


def _render_row(engine: Engine, sweep: Sweep) -> None:
    cells = read_cells(sweep, engine.runs)
    winner = best_cell(cells)
    when = time.strftime("%d %b, %H:%M", time.localtime(sweep.created))
    ended = sum(cell.ended for cell in cells)
    parts = [
        literal(network_title(sweep)),
        f"{len(cells)} runs" if ended == len(cells) else f"{ended} of {len(cells)} runs ended",
    ]
    if winner and winner.accuracy is not None:
        parts.append(f"best {percent(winner.accuracy)} at {literal(winner.name)}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        url = svg_url(sweep_charts.small_picture(sweep.plan, cells))
        alt = f"Heatmap of the sweep of {sweep.plan.title}: the lighter, the better"
        html(Markup('<img src="{}" alt="{}" style="width: 3rem; height: 2.4rem">').format(url, alt), width=52)
        with st.container(gap=None):
            st.page_link(
                "pages/sweep.py",
                label=f"**{literal(sweep.plan.title)}**",
                query_params={"sweep": sweep.id},
            )
            st.caption(f"{' · '.join(parts)} · {when}")
