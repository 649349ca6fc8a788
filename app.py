"""Entry point of Digit Lab: page configuration, engine, the visitor's token and navigation."""

import gc
import os
import re
import secrets
from pathlib import Path

import streamlit as st

from trainer import UserError
from trainer.jobs.engine import Engine
from ui import dataset_loader, entry, glossary, network_picker, uploaded_files
from ui.components import reconnect
from ui.html import style
from ui.markdown import sentence

# Only a cookie survives a reload, and only a script on the page can set it.
set_owner_cookie = st.components.v2.component(
    "digit_lab_owner",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


@st.cache_resource(show_spinner=False)
def start_engine() -> Engine:
    root = os.environ.get("DIGITLAB_RUNS") or Path(__file__).parent / "runs"
    engine = Engine(Path(root), os.environ.get("DIGITLAB_SCHEDULER"))
    uploaded_files.limit_memory()
    gc.collect()
    gc.freeze()  # imported modules stay: no collection needs to visit them
    gc.set_threshold(10_000, 10, 10)  # a stroke makes a few thousand objects: avoid several collections for each
    return engine


def owner() -> str:
    """Return this browser's token, which the server makes at the first visit."""
    cookie = str(st.context.cookies.get("digit_lab_owner", ""))
    token = st.session_state.get("owner") or (
        cookie if re.fullmatch(r"[A-Za-z0-9_-]{32}", cookie) else secrets.token_urlsafe(24)
    )
    if token != cookie:
        with st.sidebar:
            set_owner_cookie(data={"token": token}, key="owner_cookie")
    return token


st.set_page_config(page_title="Digit Lab", page_icon="✏️", layout="wide")
style(Path(__file__).with_suffix(".css"))
pages = {
    page.name: st.Page(
        f"pages/{page.name}.py",
        title=page.title,
        icon=f":material/{page.icon}:",
        url_path=page.name,
        default=page.name == entry.HOME,
    )
    for page in entry.PAGES
}
sections: dict[str, list[st.Page]] = {page.section: [] for page in entry.PAGES}
for page in entry.PAGES:
    sections[page.section].append(pages[page.name])
current_page = st.navigation(sections)

try:
    st.session_state.engine = start_engine()
except UserError as error:
    st.error(sentence(str(error)))
    st.stop()

dataset_loader.render_badge()

st.session_state.owner = owner()
query = st.query_params.to_dict()
if query.get("page") in pages:  # entry.require_app sent the visitor here
    st.switch_page(pages[query.pop("page")], query_params=query)
if current_page != pages["draw"]:  # Draw renders the badge itself, after the network has been picked
    network_picker.render_badge()
with st.sidebar:
    glossary.follow_links()
    reconnect.rerun_on_reconnect()
current_page.run()
