"""Test digits that the network is least sure of, and training digits that look most alike to it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from trainer.analysis import evaluation
from trainer.figures import sheets
from trainer.text import probability
from ui import dataset_loader, evaluations
from ui.digit_input import tabs
from ui.html import html
from ui.inside.subject import Look

SHOWN = 12  # test digits
NEIGHBOURS = 12  # training digits
CELL = 132  # screen pixels


def least_sure(look: Look) -> None:
    """Show the images that the network is least sure of, what they are, and what it says of them."""
    dataset = dataset_loader.dataset(look.config.dataset)
    if dataset is None:
        return
    found = evaluations.ask(look.judge, dataset)
    if found is None:
        return
    least = np.asarray(found.unsure[:SHOWN])
    classes = look.kind.classes
    wrong = int((~np.asarray(found.right)[least]).sum())
    st.caption(
        f"Of these {len(least)} of the {len(found.labels):,} test images the network is least sure; it gets {wrong} of "
        "them wrong. What do you say? People do not agree on all of them, either."
    )
    with st.container(horizontal=True, gap="small"):
        for at in map(int, least):
            order = np.argsort(-found.probabilities[at], kind="stable")[:2]
            said = "\n".join(
                f"{classes[label]}: {probability(float(found.probabilities[at][label]))}" for label in order
            )
            with st.container(width=CELL, gap="small", border=True, horizontal_alignment="center"):
                caption = f"Is {look.named(int(found.labels[at]))}\n{said}"
                mark = [bool(found.right[at])]
                html(sheets.sheet(dataset.x_test[at : at + 1], [caption], mark))
                tabs.offer_test_digit(at, "Look inside", f"inside.hard.{at}")


def nearest(look: Look) -> None:
    """Show the nearest training images with their labels, and how many of them agree with the answer."""
    assert look.image is not None and look.said is not None
    dataset = dataset_loader.dataset(look.config.dataset)
    if dataset is None or evaluations.ask(look.judge, dataset) is None:
        return
    features = evaluation.neighbours(look.judge.folder, look.judge.path, dataset)
    if features is None or not look.said.has_numbers:
        st.info("There is nothing to compare with yet: open Evaluate, and come back.")
        st.page_link("pages/evaluate.py", label="Evaluate", icon=":material/fact_check:")
        return
    places, distances = features.nearest(look.network, look.image, NEIGHBOURS)
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
