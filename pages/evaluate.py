"""Evaluate page: accuracy, confusion matrix, errors and calibration of a network on the test images."""

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
from ui.evaluate import confusion, duel, errors
from ui.glossary import linked_help
from ui.html import style
from ui.markdown import sentence
from ui.network_choice import NetworkChoice

entry.require_app("evaluate")

VIEWS = {  # by session key
    "mixed_up": "Confusion matrix",
    "nine": "Random sample",
    "hardest": "Hardest images",
    "by_class": "By class",
    "sure": "Calibration",
    "versus": "Two networks",
    "duel": "You against it",
}


def render_headline(network: NetworkChoice, evaluation: Evaluation) -> None:
    """Render accuracy and loss with their meaning."""
    wrong, things = int((~evaluation.right).sum()), f"{network.info.noun}s"
    numbers, words = st.columns([2, 3], vertical_alignment="center")
    with numbers.container(horizontal=True, gap="large"):
        st.metric("Accuracy", percent(evaluation.accuracy, 2), width="content")
        st.metric(
            "Loss",
            f"{evaluation.loss:.4f}",
            help=linked_help(
                "Cross-entropy: the mean of −ln(p), where p is the probability given to the right answer. 0 is perfect."
            ),
            width="content",
        )
    rate = f": one in {round(evaluation.count / wrong):,}" if 0 < wrong < 0.4 * evaluation.count else ""
    unseen = " The network never saw them in training." if network.data_hash == evaluation.data_hash else ""
    typical = percent(math.exp(-evaluation.loss))
    words.markdown(
        f"**{wrong:,} of {evaluation.count:,} test {things} read wrong{rate}.**{unseen} A network that gave every "
        f"right answer {typical} would have the same loss of {evaluation.loss:.3f}; guessing gives each answer "
        f"{percent(0.1, 0)}, a loss of {math.log(10):.3f}."
    )


@st.fragment
def render_view(network: NetworkChoice, dataset: Dataset, evaluation: Evaluation) -> None:
    """Render the selected view; a click in it reruns this fragment alone."""
    st.segmented_control(
        "View",
        VIEWS,
        format_func=VIEWS.__getitem__,
        default="mixed_up",
        required=True,
        label_visibility="collapsed",
        help="Seven views of the same test images.",
        persist_state="session",
        key="look",
    )
    match st.session_state.look:
        case "nine":
            errors.render_sample(network, dataset, evaluation)
        case "hardest":
            errors.render_hardest(network, dataset, evaluation)
        case "by_class":
            confusion.render_classes(network, evaluation)
        case "sure":
            render_calibration(evaluation)
        case "duel":
            duel.render(network, dataset, evaluation)
        case "versus":
            errors.render_two_networks(network, dataset, evaluation)
        case _:
            confusion.render_matrix(network, dataset, evaluation)


def render_calibration(evaluation: Evaluation) -> None:
    """Render the reliability diagram: confidence against accuracy."""
    bins = calibration.calibration(evaluation.confidence, evaluation.right)
    words = calibration.in_words(bins)
    left, right = st.columns([0.55, 0.45], gap="medium")
    with left:
        plot(calibration.reliability_diagram(bins), key="reliability", alt=f"Reliability diagram. {words}")
    with right:
        st.markdown("**When the network is 90 % confident, is it right 9 times out of 10?**")
        st.markdown(linked_help(words))
        st.caption(
            "The answers are sorted into ten bins by confidence. On the dotted line, the network is right as often as "
            "it is confident; the orange lines show the gaps. Larger points stand for more images; hollow points "
            f"have fewer than {calibration.MIN_BIN_IMAGES} and are mostly chance."
        )


style(sheets.STYLE, confusion.STYLE, errors.STYLE)
network = network_picker.select("Evaluate")
try:
    dataset = dataset_loader.load(network.dataset)
    evaluation = evaluations.find_or_compute(network, dataset) if dataset else None
except UserError as error:
    st.error(sentence(str(error)))
    st.stop()
if dataset and evaluation:
    render_headline(network, evaluation)
    render_view(network, dataset, evaluation)
