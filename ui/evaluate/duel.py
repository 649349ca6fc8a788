"""The visitor against the network: twenty hard test images, read by both."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from trainer.analysis import hard_digits
from trainer.analysis.evaluation import Evaluation
from trainer.data.datasets import Dataset
from trainer.figures import sheets
from trainer.text import counted
from ui.html import html
from ui.network_choice import NetworkChoice

_GAME = "evaluate.duel"  # session key
SIDE = 224  # pixels of the image to read
COLUMNS = 5  # of the ten answers, and of the images at the end


@dataclass
class Game:
    """Images to read, and the visitor's answers so far."""

    network: str  # hash of the network that it is played against
    places: np.ndarray  # indices of the images in the test set
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    answers: list[int] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return len(self.answers) == len(self.places)

    def answer(self, number: int, digit: int) -> None:
        """Note the answer for an image, by its number from 0; a second one for the same image is ignored."""
        if number == len(self.answers) and not self.is_over:
            self.answers.append(digit)
            self.ended = time.monotonic()


def render(network: NetworkChoice, dataset: Dataset, evaluation: Evaluation) -> None:
    """Render the game: its start, the image to read, or the result."""
    game: Game | None = st.session_state.get(_GAME)
    if game is None or game.network != evaluation.network_hash:
        st.markdown(
            f"**Can you beat it?** Twenty {network.info.noun}s that this network finds hard. Read each one yourself; "
            "then you see who read more of them right."
        )
        _render_start("Start", evaluation)
    elif game.is_over:
        _render_result(game, network, dataset, evaluation)
    else:
        _render_question(game, network, dataset)


def _render_start(label: str, evaluation: Evaluation) -> None:
    def start() -> None:
        rng = np.random.default_rng(secrets.randbits(64))
        st.session_state[_GAME] = Game(evaluation.network_hash, hard_digits.draw(evaluation, rng))

    st.button(label, on_click=start, type="primary", icon=":material/swords:", key="duel.start")


def _render_question(game: Game, network: NetworkChoice, dataset: Dataset) -> None:
    number = len(game.answers)
    st.progress(number / len(game.places), f"Image {number + 1} of {len(game.places)}")
    # no label: neither the caption nor the alternative text may say what it is
    html(sheets.captioned_images(dataset.x_test[game.places[number : number + 1]], ["?"], [None], columns=1, size=SIDE))
    with st.container(key="duel.answers", gap="xsmall"):
        for start in range(0, len(network.info.classes), COLUMNS):
            with st.container(horizontal=True, gap="xsmall"):
                for digit in range(start, min(start + COLUMNS, len(network.info.classes))):
                    st.button(
                        network.info.classes[digit],
                        on_click=game.answer,
                        args=(number, digit),
                        shortcut=str(digit),
                        width="stretch",
                        key=f"duel.{digit}",
                    )


def _render_result(game: Game, network: NetworkChoice, dataset: Dataset, evaluation: Evaluation) -> None:
    labels, read_as = evaluation.labels[game.places], evaluation.predicted[game.places]
    answers = np.array(game.answers)
    own, its = int((answers == labels).sum()), int((read_as == labels).sum())
    seconds = (game.ended - game.began) / len(game.places)
    with st.container(horizontal=True, gap="large"):
        st.metric("You", f"{own} of {len(labels)}", width="content")
        st.metric("The network", f"{its} of {len(labels)}", width="content")
        st.metric("Your time for each", f"{seconds:.1f} s", width="content")
    verdict = "You read more of them right" if own > its else "It read more of them right" if own < its else "A draw"
    missed = counted(int(((answers != labels) & (read_as == labels)).sum()), f"{network.info.noun}")
    st.markdown(
        f"**{verdict}.** It read {missed} right that you did not. These are its hardest: of all "
        f"{evaluation.count:,} test {network.info.noun}s it reads {100 * evaluation.accuracy:.1f} % right. Those that "
        "it surely reads as something else are left out, since their labels may be wrong."
    )
    classes = network.info.classes
    captions = [
        f"{classes[label]}: you {classes[answer]}, it {classes[read]}"
        for label, answer, read in zip(labels, answers, read_as, strict=True)
    ]
    html(
        sheets.captioned_images(
            dataset.x_test[game.places],
            captions,
            [bool(right) for right in answers == labels],
            columns=COLUMNS,
            size=84,
        )
    )
    _render_start("Play again", evaluation)
