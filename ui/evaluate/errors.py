"""Test images with what a network says of them: any nine, the hardest, and where two networks differ."""

from __future__ import annotations

import secrets
from pathlib import Path
from textwrap import shorten

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.analysis import evaluation
from trainer.analysis.agreement import Comparison, comparison_in_words
from trainer.analysis.evaluation import Evaluation
from trainer.data.datasets import Dataset
from trainer.figures import sheets
from trainer.text import percent, probability
from ui import evaluations, network_picker
from ui.html import html
from ui.markdown import literal
from ui.network_picker import Judge

MOST = 32  # images of a sheet
SEEDS = 9_999
STYLE = Path(__file__).with_suffix(".css")


# --- nine -----------------------------------------------------------------------------------------------------


def expected_and_predicted(judge: Judge, dataset: Dataset, found: Evaluation) -> None:
    """Show nine test images drawn at random, three by three, with what they are and what they were read as."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.number_input(
            "Seed",
            0,
            SEEDS,
            step=1,
            width=130,
            help="The same seed always draws the same nine, so that somebody else can look at them too.",
            persist_state="session",
            key="nine",
        )
        st.button("Another draw", icon=":material/casino:", help="Draw nine others at random.", on_click=_draw_anew)
    drawn = np.random.default_rng(st.session_state.nine).permutation(found.count)[:9]
    classes, right = judge.kind.classes, found.right[drawn]
    captions = [
        f"Expected: {classes[label]}\nPredicted: {classes[read_as]}"
        for label, read_as in zip(found.labels[drawn], found.predicted[drawn], strict=True)
    ]
    html(sheets.sheet(dataset.x_test[drawn], captions, [bool(mark) for mark in right], columns=3, size=112))
    st.caption(
        f"{int(right.sum())} of these {len(drawn)} are right. Over all {found.count:,} it is "
        f"{percent(found.accuracy)}: nine are too few to judge a network by."
    )


def _draw_anew() -> None:
    st.session_state.nine = secrets.randbelow(SEEDS + 1)


# --- the hardest ----------------------------------------------------------------------------------------------

WORST, UNSURE, EVERYBODY = "Worst errors", "Least sure", "Every network wrong"


def hardest(judge: Judge, dataset: Dataset, found: Evaluation) -> None:
    """Show the images that a network, or every network, has most trouble with."""
    st.segmented_control(
        "Which",
        (WORST, UNSURE, EVERYBODY),
        default=WORST,
        required=True,
        label_visibility="collapsed",
        help="Worst errors: wrong, and sure of it. Least sure: two answers almost equally likely. "
        "Every network wrong: no network here reads them right.",
        persist_state="session",
        key="hardest",
    )
    asked = st.session_state.hardest
    if asked == EVERYBODY:
        _everybody(judge, dataset, found)
    elif asked == UNSURE:
        _unsure(judge, dataset, found)
    else:
        _worst(judge, dataset, found)


def _worst(judge: Judge, dataset: Dataset, found: Evaluation) -> None:
    classes, errors = judge.kind.classes, found.errors
    if not len(errors):
        st.success(f"There is none: this network reads all {found.count:,} test {judge.kind.thing}s right.")
        return
    st.caption(
        f"{_of(errors, 'errors')}, first those in which the right answer got the smallest probability. "
        "Would you have read them right?"
    )
    captions = [
        f"{classes[found.labels[at]]}, read as {classes[found.predicted[at]]}\n"
        f"{probability(float(found.confidence[at]))} sure"
        for at in errors[:MOST]
    ]
    html(sheets.sheet(dataset.x_test[errors[:MOST]], captions))


def _unsure(judge: Judge, dataset: Dataset, found: Evaluation) -> None:
    classes, shown = judge.kind.classes, found.unsure[:MOST]
    right = int(found.right[shown].sum())
    st.caption(
        f"The {len(shown)} whose two best answers are closest, of which {right} came out right. "
        "A network that knows what it does not know could ask a person here."
    )
    captions = []
    for at in shown:
        second, best = np.argsort(found.probabilities[at], kind="stable")[-2:]
        shares = [probability(float(found.probabilities[at, place])) for place in (best, second)]
        captions.append(f"{classes[best]}: {shares[0]}\n{classes[second]}: {shares[1]}")
    marks = [bool(mark) for mark in found.right[shown]]
    captions = [f"{caption}\nit is {classes[found.labels[at]]}" for caption, at in zip(captions, shown, strict=True)]
    html(sheets.sheet(dataset.x_test[shown], captions, marks))


def _everybody(judge: Judge, dataset: Dataset, found: Evaluation) -> None:
    """Show what no evaluated network reads right, and what each says."""
    known, _ = network_picker.known()
    wrong, said, missing = ~found.right, [found.predicted], 0
    for other in known.values():
        if other.id == judge.id or other.dataset != judge.dataset:
            continue
        its = evaluation.find(other.folder, other.path, dataset)
        if its is None:
            missing += 1
            continue
        wrong = wrong & ~its.right
        said.append(its.predicted)
    there = np.flatnonzero(wrong)
    all_of_them = "both networks" if len(said) == 2 else f"all {len(said)} networks"
    if missing:
        are = "network has" if missing == 1 else "networks have"
        st.caption(f"{missing} more {are} not been evaluated yet: choose it above once, and it counts.")
    if len(said) == 1:
        st.info("So far this is the only network evaluated on these images: another one can tell what both find hard.")
        st.page_link("pages/train.py", label="Train another network", icon=":material/model_training:")
        return
    if not len(there):
        st.success(f"There is none: each of the {found.count:,} is read right by one of the {len(said)} networks.")
        return
    st.caption(f"{_of(there, 'images')} that {all_of_them} read wrong, and what they say instead.")
    classes = judge.kind.classes
    captions = []
    for at in there[:MOST]:
        answers = np.bincount([predicted[at] for predicted in said], minlength=len(classes))
        words = [f"{classes[place]} ({answers[place]} of {len(said)})" for place in np.argsort(-answers)[:2]]
        captions.append("\n".join([f"it is {classes[found.labels[at]]}", *words[: np.count_nonzero(answers)]]))
    html(sheets.sheet(dataset.x_test[there[:MOST]], captions))


def _of(there: np.ndarray, what: str) -> str:
    """Say how many are shown of how many there are."""
    return f"{MOST} of the {len(there):,} {what}" if len(there) > MOST else f"The {len(there):,} {what}"


# --- two networks ---------------------------------------------------------------------------------------------


def versus(judge: Judge, dataset: Dataset, found: Evaluation) -> None:
    """Hold a network against another one on the same test images: who is right where the other is wrong."""
    known, texts = network_picker.known()
    others = [one.id for one in known.values() if one.id != judge.id and one.dataset == judge.dataset]
    if not others:
        st.info("There is no other network of this data set yet. Train one, and both stand here side by side.")
        st.page_link("pages/train.py", label="Train another network", icon=":material/model_training:")
        return
    if st.session_state.get("other") not in others:
        st.session_state.other = others[0]
    st.selectbox(
        "Compare with",
        others,
        format_func=lambda id: texts.get(id, id),
        help="The other network reads the same test images. Look at those that only one of them reads right.",
        persist_state="session",
        key="other",
    )
    other = known[st.session_state.other]
    its = evaluations.ask(other, dataset)
    if its is None:
        return
    compared = Comparison(found.right, its.right)
    alike = judge.name == other.name
    names = (f"{judge.name} (first)", f"{other.name} (second)") if alike else (judge.name, other.name)
    short = [shorten(name, 28, placeholder="…") for name in names]
    st.markdown(literal(comparison_in_words(compared, names, f"test {judge.kind.thing}s")))
    html(_two_by_two(compared, *short))
    groups = compared.groups
    only = [f"Only {literal(name)} right" for name in short]
    titles = {"first": only[0], "second": only[1], "neither": "Both wrong", "both": "Both right"}
    st.segmented_control(
        "Whose images",
        titles,
        format_func=lambda group: f"{titles[group]} ({len(groups[group]):,})",
        default="first",
        required=True,
        help="The images of each of the four groups.",
        persist_state="session",
        key="group",
    )
    there = groups[st.session_state.group]
    if not len(there):
        st.caption("No image is in this group: choose another one.")
        return
    classes, shown = judge.kind.classes, there[:MOST]
    st.caption(f"{_of(there, 'images')}, and what the first ({literal(short[0])}) and the second said.")
    captions = [
        f"it is {classes[found.labels[at]]}\nfirst: {classes[found.predicted[at]]}\n"
        f"second: {classes[its.predicted[at]]}"
        for at in shown
    ]
    html(sheets.sheet(dataset.x_test[shown], captions))


def _two_by_two(compared: Comparison, first_name: str, second_name: str) -> Markup:
    both, first, second, neither = compared.counts
    a, b = first_name, second_name
    return Markup(
        '<table class="two-by-two"><tr><td></td><th scope=col>{}<br>right</th><th scope=col>{}<br>wrong</th></tr>'
        "<tr><th scope=row>{}<br>right</th><td>{:,}</td><td>{:,}</td></tr>"
        "<tr><th scope=row>{}<br>wrong</th><td>{:,}</td><td>{:,}</td></tr></table>"
    ).format(b, b, a, both, first, a, second, neither)
