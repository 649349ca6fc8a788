"""The training images that are most alike to the network: near each other in its last hidden layer."""

from __future__ import annotations

import numpy as np
import streamlit as st

from trainer import evaluation
from trainer.figures import sheets
from ui.html import html
from widgets import evaluated, library
from widgets.inside.look import Look

COUNT = 12


def show(look: Look) -> None:
    """Show the nearest training images with their labels, and how many of them agree with the answer."""
    assert look.image is not None and look.said is not None
    dataset = library.dataset(look.config.dataset)
    if dataset is None or evaluated.ask(look.judge, dataset) is None:
        return
    features = evaluation.neighbours(look.judge.folder, look.judge.path, dataset)
    if features is None or not look.said.has_numbers:
        st.info("There is nothing to compare with yet: open Evaluate, and come back.")
        st.page_link("pages/evaluate.py", label="Evaluate", icon=":material/fact_check:")
        return
    places, distances = features.nearest(look.network, look.image, COUNT)
    labels = dataset.y_train[places]
    best = look.said.best
    agree = int((labels == best).sum())
    others = sorted({int(label) for label in labels if label != best})
    rest = f" The others: {', '.join(look.named(label) for label in others)}." if others else ""
    st.markdown(
        f"**{agree} of the {len(places)} nearest** are labelled {look.named(best)}, which the network says.{rest}"
    )
    captions = [
        f"{look.named(int(label))}\n{distance:.2f} away" for label, distance in zip(labels, distances, strict=True)
    ]
    order = np.asarray(places)
    html(sheets.sheet(dataset.x_train[order], captions, [bool(label == best) for label in labels]))
    st.caption(
        f"Of {len(features.indices):,} training images, those whose numbers in {features.layer} are most like this "
        "image's; the nearer, the more alike the two are to the network."
    )
