"""Test images that the network is least sure of, and training images that look most alike to it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from trainer.analysis import evaluation
from trainer.figures import sheets
from trainer.text import decimal, listed, probability
from ui import dataset_loader, evaluations
from ui.digit_input import tabs
from ui.html import html
from ui.inside.subject import Subject

TEST_IMAGES = 12
NEIGHBORS = 12  # training images
CELL_WIDTH = 132  # screen pixels


def render_least_sure(subject: Subject) -> None:
    """Render the images that the network is least sure of, with their labels and two most probable classes."""
    dataset = dataset_loader.load(subject.config.dataset)
    if dataset is None:
        return
    found = evaluations.find_or_compute(subject.choice, dataset)
    if found is None:
        return
    least_sure = np.asarray(found.unsure[:TEST_IMAGES])
    classes = subject.info.classes
    wrong = int((~np.asarray(found.right)[least_sure]).sum())
    st.caption(
        f"The network is least sure of these {len(least_sure)} of the {len(found.labels):,} test images and gets "
        f"{wrong} of them wrong. How would you read them? People do not agree on all of them either."
    )
    with st.container(horizontal=True, gap="small"):
        for at in map(int, least_sure):
            order = np.argsort(-found.probabilities[at], kind="stable")[:2]
            predictions = "\n".join(
                f"{classes[label]}: {probability(float(found.probabilities[at][label]))}" for label in order
            )
            with st.container(width=CELL_WIDTH, gap="small", border=True, horizontal_alignment="center"):
                caption = f"{predictions}\nit is {classes[int(found.labels[at])]}"
                mark = [bool(found.right[at])]
                html(sheets.captioned_images(dataset.x_test[at : at + 1], [caption], mark))
                tabs.render_test_digit_button(at, "Look inside", f"inside.hard.{at}")


def render_nearest(subject: Subject) -> None:
    """Render the nearest training images with their labels, and how many of these agree with the answer."""
    assert subject.image is not None and subject.answer is not None
    dataset = dataset_loader.load(subject.config.dataset)
    if dataset is None or evaluations.find_or_compute(subject.choice, dataset) is None:
        return
    features = evaluation.read_features(subject.choice.folder, subject.choice.path, dataset)
    if not subject.answer.is_finite:
        st.info(subject.answer.sentence)
        return
    if features is None:
        st.info("There are no training images to compare with yet: evaluate this network first.")
        st.page_link("pages/evaluate.py", label="Evaluate", icon=":material/fact_check:")
        return
    places, distances = features.nearest(subject.network, subject.image, NEIGHBORS)
    labels = dataset.y_train[places]
    classes, best = subject.info.classes, subject.answer.best
    agree = int((labels == best).sum())
    others = sorted({int(label) for label in labels if label != best})
    rest = f" The others are labeled {listed([classes[label] for label in others])}." if others else ""
    st.markdown(
        f"**{agree} of the {len(places)} nearest** training images are labeled {classes[best]}, as the network "
        f"answers.{rest}"
    )
    captions = [
        f"{subject.named(int(label))}\ndistance {decimal(float(distance))}"
        for label, distance in zip(labels, distances, strict=True)
    ]
    order = np.asarray(places)
    html(sheets.captioned_images(dataset.x_train[order], captions, [bool(label == best) for label in labels]))
    noun = subject.info.noun
    st.caption(
        f"{noun.capitalize()}s that look most alike to the network: of {len(features.indices):,} training {noun}s, "
        f"those whose outputs of {subject.title(features.layer)} are closest to this {noun}'s."
    )
