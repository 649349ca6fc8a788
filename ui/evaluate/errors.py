"""Test images with their predictions: a random sample, the hardest ones, and those on which two networks differ."""

from __future__ import annotations

import secrets
from pathlib import Path
from textwrap import shorten

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.analysis.agreement import Comparison, comparison_in_words
from trainer.analysis.evaluation import Evaluation, read_current
from trainer.data.datasets import Dataset
from trainer.figures import sheets
from trainer.text import percent, probability
from ui import evaluations, inside, network_picker
from ui.digit_input import tabs
from ui.html import html
from ui.markdown import literal
from ui.network_choice import NetworkChoice

MAX_IMAGES = 32  # shown at once
SEED = "evaluate.seed"  # session key: of the random sample
STYLE = Path(__file__).with_suffix(".css")


# --- a random sample ------------------------------------------------------------------------------------------


def render_sample(network: NetworkChoice, dataset: Dataset, evaluation: Evaluation) -> None:
    """Render nine random test images with their labels and predictions."""
    st.button("Another nine", icon=":material/casino:", help="Draws nine other images.", on_click=_new_seed, key="nine")
    drawn = np.random.default_rng(st.session_state.get(SEED, 0)).permutation(evaluation.count)[:9]
    classes, right = network.info.classes, evaluation.right[drawn]
    captions = [
        f"Expected: {classes[label]}\nPredicted: {classes[read_as]}"
        for label, read_as in zip(evaluation.labels[drawn], evaluation.predicted[drawn], strict=True)
    ]
    html(sheets.captioned_images(dataset.x_test[drawn], captions, [bool(mark) for mark in right], columns=3, size=112))
    st.caption(
        f"{int(right.sum())} of these {len(drawn)} are correct. The accuracy on all {evaluation.count:,} is "
        f"{percent(evaluation.accuracy)}: nine are too few to judge a network."
    )


def _new_seed() -> None:
    st.session_state[SEED] = secrets.randbelow(2**32)


# --- the hardest ----------------------------------------------------------------------------------------------

WHY_HELP = "Opens it on Look inside: what the answer rests on, and what would change it."
WORST, UNSURE, ALL_WRONG = "Worst errors", "Least confident", "Wrong in all networks"


def render_hardest(network: NetworkChoice, dataset: Dataset, evaluation: Evaluation) -> None:
    """Render the images that are hardest for one network or for all."""
    st.segmented_control(
        "Which",
        (WORST, UNSURE, ALL_WRONG),
        default=WORST,
        required=True,
        label_visibility="collapsed",
        help="Worst errors: confident and wrong. Least confident: two answers almost equally likely. "
        "Wrong in all networks: no network here reads them correctly.",
        persist_state="session",
        key="hardest",
    )
    selected = st.session_state.hardest
    if selected == ALL_WRONG:
        _render_all_wrong(network, dataset, evaluation)
    elif selected == UNSURE:
        _render_unsure(network, dataset, evaluation)
    else:
        _render_worst(network, dataset, evaluation)


def _render_worst(network: NetworkChoice, dataset: Dataset, evaluation: Evaluation) -> None:
    classes, errors = network.info.classes, evaluation.errors
    if not len(errors):
        st.success(f"No errors: this network reads all {evaluation.count:,} test {network.info.noun}s correctly.")
        return
    st.caption(
        f"{_count_text(errors, 'errors')}, **sorted by loss, highest first**: the less likely the network finds the "
        "right answer, the higher the loss. Below it is the network's confidence in its wrong answer."
    )
    captions = [
        f"{classes[evaluation.labels[at]]}, read as {classes[evaluation.predicted[at]]}\n"
        f"loss {evaluation.losses[at]:.2f}\n{probability(float(evaluation.confidence[at]))}"
        for at in errors[:MAX_IMAGES]
    ]
    if st.button("Why is the first one misread?", icon=":material/visibility:", help=WHY_HELP, key="hardest.why"):
        tabs.select_test_digit(int(errors[0]))
        st.session_state[inside.VIEW_KEY] = "Why"
        st.switch_page("pages/inside.py", query_params={"run": network.id})
    html(sheets.captioned_images(dataset.x_test[errors[:MAX_IMAGES]], captions))


def _render_unsure(network: NetworkChoice, dataset: Dataset, evaluation: Evaluation) -> None:
    classes, shown = network.info.classes, evaluation.unsure[:MAX_IMAGES]
    right = int(evaluation.right[shown].sum())
    st.caption(
        f"{len(shown)} images, **sorted by the difference between the two best answers, smallest first**; {right} were "
        "read correctly. Here a network could ask a person instead of guessing."
    )
    captions = []
    for at in shown:
        second, best = np.argsort(evaluation.probabilities[at], kind="stable")[-2:]
        shares = [percent(float(evaluation.probabilities[at, place])) for place in (best, second)]
        captions.append(f"{classes[best]}: {shares[0]}\n{classes[second]}: {shares[1]}")
    marks = [bool(mark) for mark in evaluation.right[shown]]
    captions = [
        f"{caption}\nit is {classes[evaluation.labels[at]]}" for caption, at in zip(captions, shown, strict=True)
    ]
    html(sheets.captioned_images(dataset.x_test[shown], captions, marks))


def _render_all_wrong(network: NetworkChoice, dataset: Dataset, evaluation: Evaluation) -> None:
    """Render the images that no evaluated network reads correctly, with their predictions."""
    known, _ = network_picker.available()
    wrong, predictions, missing = ~evaluation.right, [evaluation.predicted], 0
    for other in known.values():
        if other.id == network.id or other.dataset != network.dataset:
            continue
        other_evaluation = read_current(other.folder, other.path, dataset)
        if other_evaluation is None:
            missing += 1
            continue
        wrong = wrong & ~other_evaluation.right
        predictions.append(other_evaluation.predicted)
    there = evaluation.errors[wrong[evaluation.errors]]
    networks = "both networks" if len(predictions) == 2 else f"all {len(predictions)} networks"
    if missing:
        have = "network has" if missing == 1 else "networks have"
        st.caption(f"{missing} more {have} not been evaluated yet. Select one above to include it.")
    if len(predictions) == 1:
        st.info(
            "Only this network has been evaluated on these images. Evaluate another to see which are hard for both."
        )
        st.page_link("pages/train.py", label="Train another network", icon=":material/model_training:")
        return
    if not len(there):
        st.success(
            f"No such image: at least one of the {len(predictions)} networks reads each of the {evaluation.count:,} "
            "correctly."
        )
        return
    st.caption(
        f"{_count_text(there, 'images')} that {networks} read wrong, with their predictions, **sorted by the "
        "loss of the network above, highest first**."
    )
    classes = network.info.classes
    captions = []
    for at in there[:MAX_IMAGES]:
        answers = np.bincount([predicted[at] for predicted in predictions], minlength=len(classes))
        words = [f"{classes[place]} ({answers[place]} of {len(predictions)})" for place in np.argsort(-answers)[:2]]
        words = [f"it is {classes[evaluation.labels[at]]}", *words[: np.count_nonzero(answers)]]
        captions.append("\n".join([*words, f"loss {evaluation.losses[at]:.2f}"]))
    html(sheets.captioned_images(dataset.x_test[there[:MAX_IMAGES]], captions))


def _count_text(there: np.ndarray, noun: str) -> str:
    """Return how many images are shown, and of how many: `32 of the 120 errors`."""
    return f"{MAX_IMAGES} of the {len(there):,} {noun}" if len(there) > MAX_IMAGES else f"The {len(there):,} {noun}"


# --- two networks ---------------------------------------------------------------------------------------------


def render_two_networks(network: NetworkChoice, dataset: Dataset, evaluation: Evaluation) -> None:
    """Compare two networks on the same test images: which each reads correctly and the other does not."""
    known, texts = network_picker.available()
    others = [one.id for one in known.values() if one.id != network.id and one.dataset == network.dataset]
    if not others:
        st.info("No other network has learned this data set yet. Train one to compare them here.")
        st.page_link("pages/train.py", label="Train another network", icon=":material/model_training:")
        return
    if st.session_state.get("other") not in others:
        st.session_state.other = max(others, key=lambda id: known[id].accuracy or 0)
    st.selectbox(
        "Compare with",
        others,
        format_func=lambda id: texts.get(id, id),
        help="The other network reads the same test images. Look at those that only one of them reads correctly.",
        persist_state="session",
        key="other",
    )
    other = known[st.session_state.other]
    other_evaluation = evaluations.find_or_compute(other, dataset)
    if other_evaluation is None:
        return
    compared = Comparison(evaluation.right, other_evaluation.right)
    alike = network.name == other.name
    names = (f"{network.name} (first)", f"{other.name} (second)") if alike else (network.name, other.name)
    short = [shorten(name, 28, placeholder="…") for name in names]
    st.markdown(literal(comparison_in_words(compared, names, f"test {network.info.noun}s")))
    html(_two_by_two(compared, *short))
    groups = compared.groups
    only = [f"Only {literal(name)} right" for name in short]
    titles = {"first": only[0], "second": only[1], "neither": "Both wrong", "both": "Both right"}
    st.segmented_control(
        "Group",
        titles,
        format_func=lambda group: f"{titles[group]} ({len(groups[group]):,})",
        default="first",
        required=True,
        help="Show the images of one of the four groups.",
        persist_state="session",
        key="group",
    )
    there = groups[st.session_state.group]
    if not len(there):
        st.caption("This group has no images. Choose another.")
        return
    classes, shown = network.info.classes, there[:MAX_IMAGES]
    st.caption(
        f"{_count_text(there, 'images')}, with the predictions of the first ({literal(short[0])}) and the second."
    )
    captions = [
        f"it is {classes[evaluation.labels[at]]}\nfirst: {classes[evaluation.predicted[at]]}\n"
        f"second: {classes[other_evaluation.predicted[at]]}"
        for at in shown
    ]
    html(sheets.captioned_images(dataset.x_test[shown], captions))


def _two_by_two(compared: Comparison, first_name: str, second_name: str) -> Markup:
    both, first, second, neither = compared.counts
    a, b = first_name, second_name
    return Markup(
        '<table class="two-by-two"><tr><td></td><th scope=col>{}<br>right</th><th scope=col>{}<br>wrong</th></tr>'
        "<tr><th scope=row>{}<br>right</th><td>{:,}</td><td>{:,}</td></tr>"
        "<tr><th scope=row>{}<br>wrong</th><td>{:,}</td><td>{:,}</td></tr></table>"
    ).format(b, b, a, both, first, a, second, neither)
