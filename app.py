"""Digit Lab: page config, identity, navigation."""

import gc
import os
import re
import secrets
from pathlib import Path

import streamlit as st

from trainer import UserError
from trainer.jobs.engine import Engine
from ui import dataset_loader, entry, glossary, network_picker
from ui.components import reconnect
from ui.html import style

# Only a cookie survives a reload, and only a script in the page can set one.
remember_owner = st.components.v2.component(
    "digit_lab_owner",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


@st.cache_resource(show_spinner=False)
def start_engine() -> Engine:
    root = os.environ.get("DIGITLAB_RUNS") or Path(__file__).parent / "runs"
    engine = Engine(Path(root), os.environ.get("DIGITLAB_SCHEDULER"))
    gc.collect()
    gc.freeze()  # what is imported stays: collections need not look at it
    gc.set_threshold(10_000, 10, 10)  # a stroke makes some thousand objects: not several collections for each
    return engine


def owner() -> str:
    """Return this browser's token, made by the server at the first visit."""
    kept = str(st.context.cookies.get("digit_lab_owner", ""))
    token = st.session_state.get("owner") or (
        kept if re.fullmatch(r"[A-Za-z0-9_-]{32}", kept) else secrets.token_urlsafe(24)
    )
    if token != kept:
        with st.sidebar:
            remember_owner(data={"token": token}, key="owner_cookie")
    return token


st.set_page_config(page_title="Digit Lab", page_icon="✏️", layout="wide")
style(Path(__file__).with_suffix(".css"))
PAGES = {
    row.name: st.Page(
        f"pages/{row.name}.py",
        title=row.title,
        icon=f":material/{row.icon}:",
        url_path=row.name,
        default=row.name == entry.HOME,
    )
    for row in entry.PAGES
}
SECTIONS = dict.fromkeys(row.section for row in entry.PAGES)
page = st.navigation({title: [PAGES[row.name] for row in entry.PAGES if row.section == title] for title in SECTIONS})

try:
    st.session_state.engine = start_engine()
except UserError as error:
    st.error(str(error))
    st.stop()

dataset_loader.badge()

st.session_state.owner = owner()
query = st.query_params.to_dict()
if query.get("page") in PAGES:  # sent here by a page that a fresh server ran without this script
    st.switch_page(PAGES[query.pop("page")], query_params=query)
if page != PAGES["draw"]:  # which says so itself, once it has been chosen
    network_picker.badge()
with st.sidebar:
    glossary.follow_links()
    reconnect.watch()
page.run()
