"""Digit Lab: page config, identity, navigation."""

import gc
import os
import re
import secrets
import threading
from pathlib import Path

import streamlit as st

from trainer import UserError, datasets
from trainer.engine import Engine
from widgets import judges

# The one thing that survives a reload is a cookie, and only a script in the page can set it.
remember_owner = st.components.v2.component(
    "digit_lab_owner",
    js="""export default ({ data }) => {
        document.cookie = `digit_lab_owner=${data.token}; path=/; max-age=31536000; SameSite=Lax`;
    }""",
)


@st.cache_resource(show_spinner=False)
def start_engine() -> Engine:
    root = os.environ.get("DIGITLAB_RUNS") or Path(__file__).parent / "runs"
    engine = Engine(Path(root), os.environ.get("DIGITLAB_SCHEDULER"))
    gc.collect()
    gc.freeze()  # what is imported stays: collections after every stroke need not look at it
    return engine


class DataSearch:
    """The search for the digits, in the background: it may take a download."""

    def __init__(self, retry: bool = False) -> None:
        self.dataset: datasets.Dataset | None = None
        self.error = ""
        self.share = 0.0  # of the download
        self._thread = threading.Thread(target=self._search, args=(retry,), daemon=True)
        self._thread.start()

    def _search(self, retry: bool) -> None:
        try:
            self.dataset = datasets.load(progress=self._progress, retry=retry)
        except UserError as error:
            self.error = str(error)

    def _progress(self, done: int, total: int) -> None:
        self.share = min(1.0, done / total) if total else 0.0

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()


@st.cache_resource(show_spinner=False)
def searches() -> list[DataSearch]:
    """Return the searches of this server; the last one counts."""
    return [DataSearch()]


def retry_data() -> None:
    searches().append(DataSearch(retry=True))


def data_badge(search: DataSearch) -> None:
    """Say which digits networks are trained on; what one would not expect stands on the page, not in the menu."""
    if search.error:
        st.error(search.error)
    elif search.dataset and search.dataset.note:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":orange-badge[Data: {search.dataset.source}] (MNIST could not be had: {search.dataset.note})")
            st.button("Retry", icon=":material/refresh:", help="Look for MNIST once more", on_click=retry_data)
    elif search.dataset:
        st.sidebar.badge(f"Data: {search.dataset.source}", color="green")


@st.fragment(run_every=1.0)
def await_data(search: DataSearch) -> None:
    if search.over:
        st.rerun()
    st.progress(search.share, "Data: looking for MNIST …")


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
st.html(
    """<style>
    .stMainBlockContainer { padding-top: 4rem; padding-bottom: 3rem }
    @media (min-width: 768px) { .stSidebar[data-collapsed="false"] { width: 14rem !important; min-width: 14rem } }
    </style>"""
)
PAGES = {
    "draw": st.Page("pages/draw.py", title="Draw", icon=":material/draw:", url_path="draw", default=True),
    "train": st.Page("pages/train.py", title="Train", icon=":material/model_training:", url_path="train"),
}
page = st.navigation(list(PAGES.values()))

try:
    st.session_state.engine = start_engine()
except UserError as error:
    st.error(str(error))
    st.stop()

search = searches()[-1]
if search.over:
    data_badge(search)
else:
    with st.sidebar:
        await_data(search)

st.session_state.owner = owner()
query = st.query_params.to_dict()
if query.get("page") in PAGES:  # sent here by a page that a fresh server ran without this script
    st.switch_page(PAGES[query.pop("page")], query_params=query)
if page != PAGES["draw"]:  # which says so itself, once it has been chosen
    judges.badge()
page.run()
