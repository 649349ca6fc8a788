"""A run's family as a picture: a tree with its root on top, in which each member can be opened."""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from trainer.runs.index import Row
from trainer.runs.lineage import Member, family
from trainer.runs.parent import SHIPPED
from trainer.text import percent

_tree = st.components.v2.component(
    "digit_lab_family",
    html='<div class="tree" role="list" aria-label="Family"></div>',
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def show(rows: list[Row], run_id: str) -> str | None:
    """Show a run's family, where it has one; return the id of the member that is pressed."""
    members = family(rows, run_id)
    if not members:
        return None
    st.markdown("**Family**", help="Which network it went on from, and what went on from it; press one to open it.")
    data = {"members": [_plain(member) for member in members], "here": run_id}
    return _tree(data=json.dumps(data).encode(), on_opened_change=lambda: None, key="runs.family").opened


def _plain(member: Member) -> dict:
    link = f"?run={member.id}" if member.id != SHIPPED else "/"
    return {
        "id": member.id,
        "name": member.name,
        "depth": member.depth,
        "change": member.change,
        "share": percent(member.accuracy),
        "percent": round(100 * (member.accuracy or 0.0), 1),
        "link": link if member.there else "",
        "run": member.id != SHIPPED,
    }
