"""Test images that at least one of several networks reads wrong, grouped by which networks are wrong."""

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
from ui.compare.selection import MIN_RUNS, ComparedRun
from ui.html import html
from ui.markdown import literal, sentence

IMAGE_WIDTH = 72  # pixels
PAGE_IMAGES = 24
MAX_COMBINATIONS = 8  # rows of the table
ALL = "all"
STYLE = Path(__file__).with_suffix(".css")


def render(runs: list[ComparedRun]) -> None:
    """Render the test images that at least one of the networks reads wrong, most disputed first."""
    dataset_name, _ = Counter(one.config.dataset for one in runs).most_common(1)[0]
    title = dataset_loader.titles().get(dataset_name, "a deleted data set")
    same = _comparable(runs, dataset_name, title)
    if len(same) < MIN_RUNS:
        return
    try:
        dataset = dataset_loader.load(dataset_name)
        if dataset is None:
            return
        found = {one: result for one in same if (result := _find_evaluation(one, dataset))}
    except UserError as error:
        st.error(sentence(str(error)))
        return
    if len(found) >= MIN_RUNS:
        _render_errors(found, dataset)


def _find_evaluation(one: ComparedRun, dataset: Dataset) -> Evaluation | None:
    """Return a network's evaluation, or render its name and the progress of the evaluation and return None."""
    if found := evaluation.read_current(one.run.path, one.run.network_file, dataset):
        return found
    st.caption(literal(one.name))
    return evaluations.find_or_compute(one.network, dataset)


def _comparable(runs: list[ComparedRun], dataset_name: str, title: str) -> list[ComparedRun]:
    """Return the runs that can be evaluated on the same images, and render why the others cannot."""
    others = [one for one in runs if one.config.dataset != dataset_name]
    same = [one for one in runs if one.config.dataset == dataset_name]
    silent = [one for one in same if one.live or not one.run.network]
    if others:
        left = "has learned another data set and is" if len(others) == 1 else "have learned another data set and are"
        st.info(f"These are test images of {literal(title)}. {_listed(others)} {left} left out.")
    if silent:
        learning = [one for one in silent if one.live]
        if learning:
            st.info(
                f"{_listed(learning)} {'is' if len(learning) == 1 else 'are'} still training. "
                "The errors are computed at the end."
            )
        gone = [one for one in silent if not one.live]
        if gone:
            st.info(f"{_listed(gone)} {'has' if len(gone) == 1 else 'have'} no network: the training ended too early.")
    ready = [one for one in same if one not in silent]
    if len(ready) < MIN_RUNS:
        st.info("Choose at least two runs above that have learned the same data set and have ended.")
        st.page_link("pages/runs.py", label="Choose on Runs", icon=":material/list:")
    return ready


def _listed(runs: list[ComparedRun]) -> str:
    return listed([literal(one.name) for one in runs])


def _render_errors(found: dict[ComparedRun, Evaluation], dataset: Dataset) -> None:
    runs, results = list(found), list(found.values())
    disputed = Disagreement([result.probabilities for result in results], results[0].labels)
    noun, number = runs[0].info.noun, len(disputed.disputed)
    if not number:
        st.success(f"No errors: each of these networks reads all {results[0].count:,} test {noun}s correctly.")
        return
    all_wrong = len(disputed.combinations.get((True,) * len(runs), ()))
    st.markdown(
        f"**{number:,} of {results[0].count:,} test {noun}s are read wrong by at least one network, {all_wrong:,} by "
        f"{'both' if len(runs) == 2 else f'all {len(runs)}'}.**"
    )
    left, right = st.columns([0.4, 0.6], gap="medium")
    with left:
        html(_combination_table(runs, disputed.combinations))
    with right:
        _render_images(runs, disputed, dataset)


@st.fragment
def _render_images(runs: list[ComparedRun], disputed: Disagreement, dataset: Dataset) -> None:
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
        help="All images that at least one network reads wrong, or those that only these networks read wrong.",
        persist_state="session",
        key="compare.group",
    )
    there = groups[st.session_state["compare.group"]]
    page = _select_page(len(there), f"{[one.run.id for one in runs]}.{st.session_state['compare.group']}")
    shown = there[page * PAGE_IMAGES : (page + 1) * PAGE_IMAGES]
    html(_sheet(runs, disputed, dataset, shown))


def _select_page(number: int, of: str) -> int:
    """Render the page buttons and return the page; a new group `of` images starts at its first page."""
    if st.session_state.get("compare.paged") != of:
        st.session_state["compare.paged"], st.session_state["compare.page"] = of, 0
    pages = -(-number // PAGE_IMAGES)
    page = st.session_state["compare.page"] = min(st.session_state.get("compare.page", 0), pages - 1)
    first, last = page * PAGE_IMAGES + 1, min(number, (page + 1) * PAGE_IMAGES)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for label, by, icon, off in (
            ("Previous", -1, "chevron_left", page == 0),
            ("Next", 1, "chevron_right", page == pages - 1),
        ):
            st.button(
                label,
                on_click=_turn,
                args=(by,),
                icon=f":material/{icon}:",
                disabled=off,
                help=f"Show the {label.lower()} {PAGE_IMAGES} images.",
                key=f"compare.turn.{by}",
            )
        st.caption(f"{first:,} to {last:,} of {number:,}, most disputed first", width="content")
    return page


def _turn(by: int) -> None:
    st.session_state["compare.page"] += by


def _combination_table(runs: list[ComparedRun], combinations: dict[Combination, np.ndarray]) -> Markup:
    """Return a table of the combinations of wrong networks and their counts."""
    most = max(len(there) for there in combinations.values())
    head = Markup().join(Markup("<th scope=col>{}</th>").format(one.sign) for one in runs)
    rows = Markup()
    for combination, there in [*combinations.items()][:MAX_COMBINATIONS]:
        cells = Markup().join(Markup("<td>{}</td>").format(_mark(not wrong)) for wrong in combination)
        bar = Markup('<i class="bar" style="width: {}px"></i>').format(max(2, round(56 * len(there) / most)))
        rows += Markup('<tr>{}<td class="count">{:,}</td><td style="text-align: left">{}</td></tr>').format(
            cells, len(there), bar
        )
    rest = [len(there) for there in combinations.values()][MAX_COMBINATIONS:]
    more = Markup("<p>and {:,} images in {} rarer combinations</p>").format(sum(rest), len(rest)) if rest else ""
    return Markup(
        '<div class="who-is-wrong" tabindex="0" role="region" aria-label="Which networks are wrong"><table><thead>'
        "<tr>{}<th scope=col>images</th><td></td></tr></thead><tbody>{}</tbody></table>{}</div>"
    ).format(head, rows, more)


def _sheet(runs: list[ComparedRun], disputed: Disagreement, dataset: Dataset, shown: np.ndarray) -> Markup:
    """Return the images as HTML, each with the networks' answers below it."""
    classes = runs[0].info.classes
    figures = []
    for at in shown:
        image, label = dataset.x_test[at], classes[disputed.labels[at]]
        answers = [classes[read_as] for read_as in disputed.predicted[:, at]]
        words = "; ".join(f"{one.name}: {answer}" for one, answer in zip(runs, answers, strict=True))
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
                IMAGE_WIDTH + 12,
                sheets.data_url(image),
                IMAGE_WIDTH,
                round(IMAGE_WIDTH * image.shape[0] / image.shape[1]),
                f"It is {label}. {words}",
                label,
                rows,
            )
        )
    return Markup('<div class="sheet">{}</div>').format(Markup().join(figures))


def _mark(right: bool) -> Markup:
    kind, sign = ("right", "✓") if right else ("wrong", "✗")
    return Markup('<span class="{}" role="img" aria-label="{}">{}</span>').format(kind, kind, sign)
