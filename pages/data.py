"""Data page: the images that networks learn from, one by one and as a whole."""

import streamlit as st

from trainer import UserError
from trainer.config.dataset_info import DATASETS
from trainer.config.training import TrainingConfig
from trainer.data.datasets import Dataset
from ui import dataset_loader, entry
from ui.data import images, overview, upload
from ui.glossary import linked_help
from ui.html import style
from ui.markdown import literal, sentence

entry.require_app("data")

VIEWS = {
    "Single images": images.render,
    "Whole data set": overview.render,
    "Split": overview.render_split,
    "Map": overview.render_map,
}


def select_dataset() -> str:
    """Render the choice of data set and return its name; the URL may name one."""
    upload.finish()
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
            help="The images that networks learn from, in ten classes. A new one is downloaded once.",
            persist_state="session",
            width=280,
            key="data_set",
        )
        upload.render()
        upload.render_deletion(name)
    return str(name)


def dataset_text(dataset: Dataset) -> str:
    """Return a sentence about the data set; a file given in MNIST's place has other contents."""
    if dataset.source == dataset.info.title:
        return dataset.info.description
    counts = f"{len(dataset.x_train):,} training images and {len(dataset.x_test):,} test images"
    source = (
        dataset_loader.titles().get(dataset.name, dataset.source) if dataset.name not in DATASETS else dataset.source
    )
    return literal(f"{source}: {counts}.")


def render_dataset(dataset: Dataset) -> None:
    """Render the sentence about the data set and the link to train on it."""
    st.caption(linked_help(dataset_text(dataset)))
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
name = select_dataset()
try:
    dataset = dataset_loader.load(name)
    if dataset is None:
        st.stop()
    render_dataset(dataset)
    view = st.segmented_control(
        "View",
        VIEWS,
        default=None if "data_view" in st.session_state else next(iter(VIEWS)),
        required=True,
        help="Single images pixel by pixel; class counts and mean images; the train/validation split; a map of similar "
        "images.",
        label_visibility="collapsed",
        persist_state="session",
        key="data_view",
    )
    VIEWS[view](dataset)
except UserError as error:
    st.error(sentence(str(error)))
