"""Evaluate: how well does a network read what it has never seen, and where does it go wrong?"""

import math

import streamlit as st

from trainer import UserError
from trainer.analysis import calibration
from trainer.analysis.evaluation import Evaluation
from trainer.data.datasets import Dataset
from trainer.figures import sheets
from trainer.text import percent
from ui import dataset_loader, entry, evaluations, network_picker
from ui.components.plot import plot
from ui.evaluate import confusion, errors
from ui.glossary import explained
from ui.html import style
from ui.network_picker import Judge

entry.require_app("evaluate")

LOOKS = {
    "mixed_up": "Mix-ups",
    "nine": "Expected and predicted",
    "hardest": "Hardest",
    "by_class": "One by one",
    "sure": "How sure",
    "versus": "Two networks",
}


def headline(judge: Judge, found: Evaluation) -> None:
    """Say loss and accuracy, and what they mean."""
    wrong, things = int((~found.right).sum()), f"{judge.kind.thing}s"
    numbers, words = st.columns([2, 3], vertical_alignment="center")
    with numbers.container(horizontal=True, gap="large"):
        st.metric(
            "Accuracy",
            percent(found.accuracy, 2),
            help=explained(f"The share of the test {things} that it reads right.", "accuracy"),
            width="content",
        )
        st.metric(
            "Loss",
            f"{found.loss:.4f}",
            help=explained(
                "Cross-entropy, the mean of −ln of the probability that it gave the right answer. 0 is perfect."
            ),
            width="content",
        )
    rate = f": one in {round(found.count / wrong):,}" if 0 < wrong < 0.4 * found.count else ""
    usual = 100 * math.exp(-found.loss)
    words.markdown(
        f"**{wrong:,} of {found.count:,} test {things} read wrong{rate}.** It never saw them while it learned. "
        f"A loss of {found.loss:.3f} is what a network has that gives every right answer {usual:.1f}\u00a0%; "
        f"guessing gives each 10\u00a0%, a loss of {math.log(10):.3f}."
    )


@st.fragment
def look(judge: Judge, dataset: Dataset, found: Evaluation) -> None:
    """Show one side of the evaluation; what is clicked in it runs this alone again."""
    st.segmented_control(
        "Look at",
        LOOKS,
        format_func=LOOKS.__getitem__,
        default="mixed_up",
        required=True,
        label_visibility="collapsed",
        help="The same test images, from six sides.",
        persist_state="session",
        key="look",
    )
    match st.session_state.look:
        case "nine":
            errors.expected_and_predicted(judge, dataset, found)
        case "hardest":
            errors.hardest(judge, dataset, found)
        case "by_class":
            confusion.by_class(judge, found)
        case "sure":
            how_sure(found)
        case "versus":
            errors.versus(judge, dataset, found)
        case _:
            confusion.mixed_up(judge, dataset, found)


def how_sure(found: Evaluation) -> None:
    """Hold how sure the network is against how often it is right."""
    bins = calibration.calibration(found.confidence, found.right)
    words = calibration.in_words(bins)
    left, right = st.columns([0.55, 0.45], gap="medium")
    with left:
        plot(calibration.reliability_diagram(bins), key="reliability", alt=f"Reliability diagram. {words}")
    with right:
        st.markdown("**When it says 90 %, is it right 9 times out of 10?**")
        st.markdown(explained(words))
        st.caption(
            "All answers are sorted by how sure the network was, in ten bins of 10 % each. A point on the dotted line "
            "is as often right as it is sure; the orange line is the gap. "
            f"The larger a point, the more images; a hollow one has fewer than {calibration.FEW}, and is mostly chance."
        )


style(sheets.STYLE, confusion.STYLE, errors.STYLE)
title, choice = st.columns([0.55, 0.45], vertical_alignment="bottom")
title.title("Evaluate", anchor=False)
with choice:
    judge = network_picker.ask()
try:
    dataset = dataset_loader.dataset(judge.dataset)
    found = evaluations.ask(judge, dataset) if dataset else None
except UserError as error:
    st.error(str(error))
    st.stop()
if dataset and found:
    headline(judge, found)
    look(judge, dataset, found)
