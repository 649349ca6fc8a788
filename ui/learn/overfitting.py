"""Lesson 8: overfitting, on a small network that learns noisy points, and three remedies against it."""

from __future__ import annotations

import streamlit as st

from trainer.lessons import overfitting
from trainer.lessons.overfitting import DROPOUT, EPOCHS, EXAMPLES, NOISE, PATIENCE, UNITS, Experiment, Training
from trainer.text import counted, percent
from ui.components.plot import plot

EXAMPLE_COUNT, UNIT_COUNT, REMEDIES, EPOCH = (
    f"learn.overfitting.{name}" for name in ("examples", "units", "remedies", "epoch")
)
NOTES = {
    "Dropout": f"sets {percent(DROPOUT, 0)} of the hidden outputs to 0 in each step, so that no unit relies on a few "
    "others.",
    "Augmentation": "shifts the training points a little in each epoch, so that none comes twice.",
    "Early stopping": f"ends the training after {PATIENCE} epochs without a lower validation loss and restores the "
    "best weights.",
}


@st.fragment
def render() -> None:
    for key, first in ((EXAMPLE_COUNT, 40), (UNIT_COUNT, UNITS[-1]), (REMEDIES, []), (EPOCH, EPOCHS)):
        st.session_state.setdefault(key, first)
    st.markdown(
        f"About {percent(NOISE, 0)} of these points have the wrong label. A large network **memorizes** even those: "
        "its border bends around them. **Validation** points, which it never learns from, reveal it: their loss rises."
    )
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        st.select_slider(
            "Training points",
            EXAMPLES,
            help="The more examples, the harder it is to memorize them.",
            persist_state="session",
            width=220,
            key=EXAMPLE_COUNT,
        )
        st.segmented_control(
            "Units in each hidden layer",
            UNITS,
            required=True,
            persist_state="session",
            key=UNIT_COUNT,
        )
        st.pills(
            "Remedies",
            NOTES,
            selection_mode="multi",
            persist_state="session",
            key=REMEDIES,
        )
    training = _training()
    epoch = min(int(st.session_state[EPOCH]), training.epochs)
    restored = training.experiment.early_stopping and epoch == training.epochs
    shown = training.best if restored else epoch
    (loss, validation_loss), (accuracy, validation_accuracy) = training.losses[shown], training.accuracies[shown]
    numbers = (
        f"Training: {percent(accuracy, 0)} correct, loss {loss:.2f}. "
        f"Validation: {percent(validation_accuracy, 0)} correct, loss {validation_loss:.2f}."
    )
    left, right = st.columns(2, gap="medium")
    with left:
        alt = f"The network's border after {counted(shown, 'epoch')}. {numbers}"
        plot(overfitting.border_chart(training, shown), "learn.overfitting.border", alt)
    with right:
        alt = f"Training and validation loss over the epochs; the validation loss is lowest after {training.best}."
        plot(overfitting.loss_chart(training, shown), "learn.overfitting.losses", alt)
        st.slider(
            "Epoch",
            0,
            EPOCHS,
            persist_state="session",
            key=EPOCH,
        )
    stopped = (
        f"Stopped after {training.epochs} epochs; the weights of epoch {training.best} are restored. "
        if restored
        else ""
    )
    st.markdown(f"{stopped}{numbers} **{overfitting.verdict(training, shown)}**")
    if selected := [name for name in NOTES if name in st.session_state[REMEDIES]]:
        st.caption("  \n".join(f"**{name}** {NOTES[name]}" for name in selected))


def _training() -> Training:
    remedies = st.session_state[REMEDIES]
    return overfitting.train(
        Experiment(
            int(st.session_state[EXAMPLE_COUNT]),
            int(st.session_state[UNIT_COUNT]),
            *(name in remedies for name in NOTES),
        )
    )
