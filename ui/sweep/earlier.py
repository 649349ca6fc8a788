"""The earlier sweeps of this server, each in a line with a small picture."""

from __future__ import annotations

import time

import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.analysis import sweep_charts
from trainer.figures.images import svg_url
from trainer.jobs.engine import Engine
from trainer.runs.sweep import Sweep, best, cells
from trainer.text import percent
from ui.html import html
from ui.markdown import literal
from ui.sweep.progress import origin

SHOWN = 6  # at first, and more at a press


@st.fragment
def show(engine: Engine, now: str) -> None:
    """List the sweeps of this server but the one that is shown, the newest first."""
    ids = [sweep_id for sweep_id in engine.sweeps.ids() if sweep_id != now]
    if not ids:
        return
    st.subheader("Earlier sweeps", anchor=False)
    number = st.session_state.get("sweep.earlier", SHOWN)
    for sweep_id in ids[:number]:
        try:
            if sweep := engine.sweeps.get(sweep_id):
                _line(engine, sweep)
        except UserError as error:
            st.caption(f"{sweep_id}: {error}")
    if len(ids) > number:
        if st.button(f"Show {min(len(ids) - number, 2 * SHOWN)} more", help="List older sweeps.", key="sweep.more"):
            st.session_state["sweep.earlier"] = number + 2 * SHOWN
            st.rerun(scope="fragment")


def _line(engine: Engine, sweep: Sweep) -> None:
    known = cells(sweep, engine.runs)
    winner = best(known)
    when = time.strftime("%d %b, %H:%M", time.localtime(sweep.created))
    over = sum(cell.over for cell in known)
    parts = [literal(origin(sweep)), f"{len(known)} runs" if over == len(known) else f"{over} of {len(known)} over"]
    if winner and winner.accuracy is not None:
        parts.append(f"best {percent(winner.accuracy)} at {literal(winner.name)}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        url = svg_url(sweep_charts.small_picture(sweep.plan, known))
        alt = f"The squares of the sweep of {sweep.plan.title}: the lighter the better"
        html(Markup('<img src="{}" alt="{}" style="width: 3rem; height: 2.4rem">').format(url, alt), width=52)
        with st.container(gap=None):
            st.page_link(
                "pages/sweep.py",
                label=f"**{literal(sweep.plan.title)}**",
                query_params={"sweep": sweep.id},
            )
            st.caption(f"{' · '.join(parts)} · {when}")
