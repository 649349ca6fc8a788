"""The network that answers a visitor on Draw, Evaluate and Look inside: the one that they chose, on every page.

Only the visitor changes the choice: the ready-made network answers until they choose another. A link `?run=` names the
network of that page alone.
"""

from __future__ import annotations

from textwrap import shorten

import streamlit as st

from trainer.config import dataset_info
from trainer.runs.parent import SHIPPED
from trainer.runs.run import RunView
from trainer.shipped import network as shipped
from ui import visitor_file
from ui.markdown import literal

PAGES = ("draw", "evaluate", "inside")  # on which it answers
FILE = "network.txt"  # the id of the chosen network


def chosen() -> str:
    """Return the id of the network that the visitor has chosen, which may be gone: at first the ready-made one."""
    return visitor_file.read(FILE) or SHIPPED


def choose(network_id: str) -> None:
    """Let a network answer this visitor from now on, or render why the choice could not be saved."""
    if network_id != SHIPPED and not st.session_state.engine.runs.get(network_id):
        return  # a browser may send anything
    visitor_file.write(FILE, network_id)
    st.query_params.pop("run", None)  # it would go before the choice


def chosen_at() -> float:
    """Return when the visitor last chose, in seconds since 1970, or 0."""
    return visitor_file.changed_at(FILE)


def find(page: str) -> RunView | None:
    """Return the run whose network answers on a page, or None for the ready-made network.

    It is the network in the URL, if the page is one of PAGES, or else the visitor's choice.
    """
    linked = st.query_params.get("run", "") if page in PAGES else ""
    for run_id in filter(None, (linked, chosen())):
        if run_id == SHIPPED:
            return None
        run = st.session_state.engine.runs.get(run_id)
        view: RunView | None = run.read() if run else None
        if view and view.network and view.config and (page != "draw" or reads_digits(view)):
            return view
    return None


def reads_digits(view: RunView) -> bool:
    """Tell whether a run's network was trained on digits: no other can read a drawing."""
    return view.config is not None and dataset_info.info(view.config.dataset).is_digits


def render_badge(page: str) -> None:
    """Show the name of the network that answers."""
    view = find(page)
    name = shorten(view.name if view else shipped.NAME, 24, placeholder="…")
    st.badge(literal(name), icon=":material/draw:", color="blue")  # the icon of Draw in the menu
