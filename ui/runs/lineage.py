"""The lineage of a run as a tree: its ancestors and descendants, each of which can be opened."""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from trainer.runs.index import RunRow
from trainer.runs.lineage import LineageMember, find_lineage
from trainer.runs.parent import SHIPPED
from trainer.text import percent

_tree = st.components.v2.component(
    "digit_lab_lineage",
    html='<div class="tree" role="list" aria-label="Lineage"></div>',
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def render(rows: list[RunRow], run_id: str) -> str | None:
    """Render a run's lineage, if it has one, and return the id of the member that was clicked."""
    members = find_lineage(rows, run_id)
    if not members:
        return None
    st.markdown(
        "**Lineage**",
        help="The runs it continues from, and those that continue from it.",
    )
    data = {"members": [_member_data(member) for member in members], "here": run_id}
    return _tree(data=json.dumps(data).encode(), on_opened_change=lambda: None, key="runs.family").opened


def _member_data(member: LineageMember) -> dict:
    link = f"?run={member.id}" if member.id != SHIPPED else "/"
    return {
        "id": member.id,
        "name": member.name,
        "depth": member.depth,
        "change": member.change,
        "share": percent(member.accuracy),
        "percent": round(100 * (member.accuracy or 0.0), 1),
        "link": link if member.exists else "",
        "run": member.id != SHIPPED,
    }
