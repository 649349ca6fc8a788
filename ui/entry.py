"""The table of the app's pages, and the guard at the top of each.

A new page is one row here and `pages/NAME.py`, which begins with `entry.require_app("NAME")`.
"""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st


class PageRow(NamedTuple):
    """A page of the app, in the order of the menu."""

    name: str  # of its file, pages/NAME.py, and of its address, /NAME
    title: str
    icon: str  # a Material symbol
    section: str = ""  # of the menu, "" for its top


PAGES = (
    PageRow("draw", "Draw", "draw"),
    PageRow("train", "Train", "model_training"),
    PageRow("data", "Data", "grid_on", "Understand"),
    PageRow("evaluate", "Evaluate", "fact_check", "Understand"),
    PageRow("inside", "Look inside", "visibility", "Understand"),
    PageRow("learn", "Learn", "school", "Understand"),
    PageRow("runs", "Runs", "list", "Experiment"),
    PageRow("compare", "Compare", "stacked_line_chart", "Experiment"),
    PageRow("sweep", "Sweep", "apps", "Experiment"),
)
HOME = PAGES[0].name


def require_app(page: str) -> None:
    """Switch to app.py if it has not run yet in this session; it comes back to `page`, and keeps the query.

    The first page that a freshly started server shows runs without app.py.
    """
    if "engine" not in st.session_state:
        st.switch_page("app.py", query_params={**st.query_params.to_dict(), "page": page})
