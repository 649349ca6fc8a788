"""Entry point of Digit Lab: `streamlit run` imports it and serves `app`, which runs it again for each session.

A session's run configures the page, starts the engine, and renders the frame and the current page.
"""

import gc
import os
from pathlib import Path

import pandas  # noqa: F401  # before sessions: Plotly fails in one that meets it half imported by another
import streamlit as st

from trainer import UserError
from trainer.classroom.classrooms import Classrooms
from trainer.jobs.engine import Engine
from ui import (
    answering_network,
    dataset_loader,
    entry,
    glossary,
    load_control,
    own_run,
    owner,
    presentation,
    server,
    uploaded_files,
)
from ui.classroom import follow
from ui.components import reconnect
from ui.html import style
from ui.markdown import sentence


@st.cache_resource(show_spinner=False)
def start_engine() -> Engine:
    root = server.run_root()
    engine = Engine(root, os.environ.get("DIGITLAB_SCHEDULER"), held=Classrooms(root).frozen_owners)
    uploaded_files.limit_memory()
    gc.collect()
    gc.freeze()  # imported modules stay: no collection needs to visit them
    gc.set_threshold(10_000, 10, 10)  # a stroke makes a few thousand objects: avoid several collections for each
    return engine


def run_session() -> None:
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
    current_page = st.navigation(sections, position="top")

    try:
        st.session_state.engine = start_engine()
    except UserError as error:
        st.error(sentence(str(error)))
        st.stop()

    st.session_state.owner = owner.current()
    query = st.query_params.to_dict()
    if query.get("page") in pages:  # entry.require_app sent the visitor here
        st.switch_page(pages[query.pop("page")], query_params=query)
    with load_control.page_turn():
        render_frame(current_page.url_path or entry.HOME)
        current_page.run()


def render_frame(page: str) -> None:
    """Render what every page has: training, badges and the recovery link at the top, notices, and unseen scripts."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="frame"):
        own_run.render(page)
        dataset_loader.render_badge()
        answering_network.render_badge(page)
        presentation.render(page)
        owner.render_recovery(st.session_state.owner, "frame")
    with st.container(gap=None, key="scripts"):
        glossary.follow_links()
        reconnect.rerun_on_reconnect()
        follow.render()
    dataset_loader.render_notice()
    owner.render_notice(st.session_state.owner)
    follow.render_notice()


if __name__ == "__main__":  # the script of a session
    run_session()
else:
    server.raise_open_file_limit()
    app = st.App(__file__, middleware=server.MIDDLEWARE, lifespan=server.lifespan)
