"""The same test images, read by all: where are they wrong, and where do they disagree?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.analysis import evaluation
from trainer.analysis.agreement import Combination, Disagreement, combination_in_words
from trainer.analysis.evaluation import Evaluation
from trainer.data.datasets import Dataset
from trainer.figures import sheets
from trainer.text import listed
from ui import dataset_loader, evaluations
from ui.compare.selection import FEWEST, Chosen
from ui.html import html
from ui.markdown import literal

SIDE, PAGE = 72, 24  # pixels of an image, and images of a page
COMBINATIONS = 8  # of who is wrong, that have a row of their own
ALL = "all"
STYLE = Path(__file__).with_suffix(".css")


def show(runs: list[Chosen]) -> None:
    """Show the test images that at least one of the networks reads wrong, those that are most disputed first."""
    dataset_name, _ = Counter(one.config.dataset for one in runs).most_common(1)[0]
    title = dataset_loader.titles().get(dataset_name, "a data set that is gone")
    same = _of_the_same_data(runs, dataset_name, title)
    if len(same) < FEWEST:
        return
    try:
        dataset = dataset_loader.dataset(dataset_name)
        if dataset is None:
            return
        found = {one: said for one in same if (said := _ask(one, dataset))}
    except UserError as error:
        st.error(str(error))
        return
    if len(found) >= FEWEST:
        _judged(found, dataset)


def _ask(one: Chosen, dataset: Dataset) -> Evaluation | None:
    """Return what a network says of the test images; where that is computed now, it is said below its name."""
    if found := evaluation.find(one.run.path, one.run.network_file, dataset):
        return found
    st.caption(literal(one.name))
    return evaluations.ask(one.judge, dataset)


def _of_the_same_data(runs: list[Chosen], dataset_name: str, title: str) -> list[Chosen]:
    """Return those that can be asked about the same images, and say why the others cannot."""
    others = [one for one in runs if one.config.dataset != dataset_name]
    same = [one for one in runs if one.config.dataset == dataset_name]
    silent = [one for one in same if one.live or not one.run.network]
    if others:
        out = "has learned something else and is" if len(others) == 1 else "have learned something else and are"
        st.info(f"These are test images of {literal(title)}. {_listed(others)} {out} left out.")
    if silent:
        learning = [one for one in silent if one.live]
        if learning:
            st.info(
                f"{_listed(learning)} still {'learns' if len(learning) == 1 else 'learn'}: errors are read at the end."
            )
        gone = [one for one in silent if not one.live]
        if gone:
            st.info(f"{_listed(gone)} {'has' if len(gone) == 1 else 'have'} no network: nothing was learned or kept.")
    asked = [one for one in same if one not in silent]
    if len(asked) < FEWEST:
        st.info("Two networks of the same data set are needed, whose training has ended: choose more runs above.")
        st.page_link("pages/runs.py", label="Choose on Runs", icon=":material/list:")
    return asked


def _listed(runs: list[Chosen]) -> str:
    return listed([literal(one.name) for one in runs])


def _judged(found: dict[Chosen, Evaluation], dataset: Dataset) -> None:
    runs, said = list(found), list(found.values())
    disputed = Disagreement([one.probabilities for one in said], said[0].labels)
    thing, number = runs[0].kind.thing, len(disputed.disputed)
    if not number:
        st.success(f"There is none: each of these networks reads all {said[0].count:,} test {thing}s right.")
        return
    all_wrong = len(disputed.combinations.get((True,) * len(runs), ()))
    st.markdown(
        f"**{number:,} of {said[0].count:,} test {thing}s are read wrong by at least one of them, {all_wrong:,} by "
        f"{'both' if len(runs) == 2 else f'all {len(runs)}'}.**"
    )
    left, right = st.columns([0.4, 0.6], gap="medium")
    with left:
        html(_who_is_wrong(runs, disputed.combinations))
    with right:
        _look(runs, disputed, dataset)


@st.fragment
def _look(runs: list[Chosen], disputed: Disagreement, dataset: Dataset) -> None:
    names = [one.name for one in runs]
    groups: dict[str, np.ndarray] = {ALL: disputed.disputed}
    texts = {ALL: f"At least one wrong ({len(disputed.disputed):,})"}
    for combination, there in disputed.combinations.items():
        key = "".join("01"[mark] for mark in combination)
        groups[key], texts[key] = there, f"{combination_in_words(combination, names)} ({len(there):,})"
    if st.session_state.get("compare.group") not in groups:
        st.session_state["compare.group"] = ALL
    st.selectbox(
        "Which images",
        groups,
        format_func=lambda key: texts.get(key, key),
        help="All that at least one network reads wrong, or those that just these read wrong and the others right.",
        persist_state="session",
        key="compare.group",
    )
    there = groups[st.session_state["compare.group"]]
    page = _ask_page(len(there), f"{[one.run.id for one in runs]}.{st.session_state['compare.group']}")
    shown = there[page * PAGE : (page + 1) * PAGE]
    html(_sheet(runs, disputed, dataset, shown))


def _ask_page(number: int, of: str) -> int:
    """Ask which page of the images is shown; where they are others than before, it is the first."""
    if st.session_state.get("compare.paged") != of:
        st.session_state["compare.paged"], st.session_state["compare.page"] = of, 0
    pages = -(-number // PAGE)
    page = st.session_state["compare.page"] = min(st.session_state.get("compare.page", 0), pages - 1)
    first, last = page * PAGE + 1, min(number, (page + 1) * PAGE)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for label, by, icon, off in (
            ("Back", -1, "chevron_left", page == 0),
            ("Next", 1, "chevron_right", page == pages - 1),
        ):
            st.button(
                label,
                on_click=_turn,
                args=(by,),
                icon=f":material/{icon}:",
                disabled=off,
                help=f"The {'next' if by > 0 else 'last'} {PAGE} of these images",
                key=f"compare.turn.{by}",
            )
        st.caption(f"{first:,} to {last:,} of {number:,}, the most disputed first", width="content")
    return page


def _turn(by: int) -> None:
    st.session_state["compare.page"] += by


def _who_is_wrong(runs: list[Chosen], combinations: dict[Combination, np.ndarray]) -> Markup:
    """Return a table of who is wrong where the others are right, and how often."""
    most = max(len(there) for there in combinations.values())
    head = Markup().join(Markup("<th scope=col>{}</th>").format(one.sign) for one in runs)
    rows = Markup()
    for combination, there in [*combinations.items()][:COMBINATIONS]:
        cells = Markup().join(Markup("<td>{}</td>").format(_mark(not wrong)) for wrong in combination)
        bar = Markup('<i class="bar" style="width: {}px"></i>').format(max(2, round(56 * len(there) / most)))
        rows += Markup('<tr>{}<td class="count">{:,}</td><td style="text-align: left">{}</td></tr>').format(
            cells, len(there), bar
        )
    rest = [len(there) for there in combinations.values()][COMBINATIONS:]
    more = Markup("<p>and {:,} images in {} rarer combinations</p>").format(sum(rest), len(rest)) if rest else ""
    return Markup(
        '<div class="who-is-wrong" tabindex="0" role="region" aria-label="Who is wrong"><table><thead><tr>{}'
        "<th scope=col>images</th><td></td></tr></thead><tbody>{}</tbody></table>{}</div>"
    ).format(head, rows, more)


def _sheet(runs: list[Chosen], disputed: Disagreement, dataset: Dataset, shown: np.ndarray) -> Markup:
    """Lay out the images, each once, with what each network said of it below."""
    classes = runs[0].kind.classes
    figures = []
    for at in shown:
        image, label = dataset.x_test[at], classes[disputed.labels[at]]
        answers = [classes[read_as] for read_as in disputed.predicted[:, at]]
        words = "; ".join(f"{one.name} says {answer}" for one, answer in zip(runs, answers, strict=True))
        rows = Markup().join(
            Markup("<tr><td>{}</td><td>{}</td><td>{}</td></tr>").format(one.sign, answer, _mark(answer == label))
            for one, answer in zip(runs, answers, strict=True)
        )
        figures.append(
            Markup(
                '<figure style="width: {}px"><img src="{}" width="{}" '
                'height="{}" alt="{}">'
                '<figcaption>it is {}<table class="said">{}</table></figcaption></figure>'
            ).format(
                SIDE + 12,
                sheets.data_url(image),
                SIDE,
                round(SIDE * image.shape[0] / image.shape[1]),
                f"It is {label}. {words}",
                label,
                rows,
            )
        )
    return Markup('<div class="sheet">{}</div>').format(Markup().join(figures))


def _mark(right: bool) -> Markup:
    kind, sign = ("right", "✓") if right else ("wrong", "✗")
    return Markup('<span class="{}" role="img" aria-label="{}">{}</span>').format(kind, kind, sign)
