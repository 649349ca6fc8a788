"""The table of the app's pages, and the guard at the top of each page.

A new page is one row here and a file `pages/NAME.py` that begins with `entry.require_app("NAME")`.
"""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st


class Page(NamedTuple):
    """A page of the app."""

    name: str  # of its file, pages/NAME.py, and in its URL, /NAME
    title: str
    icon: str  # a Material symbol
    section: str = ""  # of the menu; "" for the top


PAGES = (  # in the order of the menu
    Page("draw", "Draw", "draw"),
    Page("train", "Train", "model_training"),
    Page("learn", "Learn", "school", "Understand"),
    Page("data", "Data", "grid_on", "Understand"),
    Page("evaluate", "Evaluate", "fact_check", "Understand"),
    Page("inside", "Look inside", "visibility", "Understand"),
    Page("runs", "Runs", "list", "Experiment"),
    Page("compare", "Compare", "stacked_line_chart", "Experiment"),
    Page("sweep", "Sweep", "apps", "Experiment"),
    Page("classroom", "Class", "groups", "Class"),
)
HOME = PAGES[0].name


def require_app(page: str) -> None:
    """Switch to app.py if this session has not run it yet; app.py returns to `page` with the same query.

    The first page that a freshly started server shows runs without app.py.
    """
    if "engine" not in st.session_state:
        st.switch_page("app.py", query_params={**st.query_params.to_dict(), "page": page})
