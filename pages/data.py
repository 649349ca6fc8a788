"""Data: what networks learn from, image by image and all together."""

import streamlit as st

from trainer import UserError
from trainer.config.dataset_info import DATASETS
from trainer.config.training import TrainingConfig
from trainer.data.datasets import Dataset
from ui import dataset_loader, entry
from ui.data import images, overview, upload
from ui.glossary import explained
from ui.html import style
from ui.markdown import literal

entry.require_app("data")

VIEWS = {
    "One by one": images.show,
    "All together": overview.show,
    "The split": overview.show_split,
    "Map": overview.show_map,
}


def choose() -> str:
    """Ask for the data set; the URL may name it, too."""
    titles = dataset_loader.titles()
    named = st.query_params.get("dataset", "")
    if named in titles and named != st.session_state.get("data_linked"):
        st.session_state.data_set = st.session_state.data_linked = named
    if st.session_state.get("data_set") not in titles:
        st.session_state.data_set = next(iter(titles))
    with row:
        name = st.selectbox(
            "Data set",
            titles,
            format_func=lambda name: titles.get(name, name),
            help="What networks learn from. Each has ten classes; one that is not here yet is fetched once.",
            persist_state="session",
            width=280,
            key="data_set",
        )
        upload.ask()
    return str(name)


def note(dataset: Dataset) -> str:
    """Say in a sentence what the data set is; a file that was given in MNIST's place holds something else."""
    if dataset.source == dataset.kind.title:
        return dataset.kind.note
    counts = f"{len(dataset.x_train):,} images to learn from and {len(dataset.x_test):,} to test with"
    source = dataset_loader.titles()[dataset.name] if dataset.name not in DATASETS else dataset.source
    return literal(f"{source}: {counts}.")


def train_on(dataset: Dataset) -> None:
    """Say what the data set is, and offer to train on it."""
    st.caption(explained(note(dataset)))
    link = TrainingConfig(dataset=dataset.name).to_link()
    with row:
        st.page_link(
            "pages/train.py",
            label="Train on it",
            icon=":material/model_training:",
            query_params={"config": link},
            help="Open Train with a small network for this data set.",
        )


st.title("What networks learn from", anchor=False)
style(".st-key-data-set [data-testid=stPageLink] { padding-bottom: 0.55rem }")
row = st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="data-set")
name = choose()
try:
    dataset = dataset_loader.dataset(name)
    if dataset is None:
        st.stop()
    train_on(dataset)
    view = st.segmented_control(
        "View",
        VIEWS,
        default=None if "data_view" in st.session_state else next(iter(VIEWS)),
        required=True,
        help="One image number by number; counts and means; the parts for training and tests; who resembles whom.",
        label_visibility="collapsed",
        persist_state="session",
        key="data_view",
    )
    VIEWS[view](dataset)
except UserError as error:
    st.error(str(error))
