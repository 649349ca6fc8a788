"""Lesson 1: what learning from examples means, and a game against guessing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.analysis.answer import named
from trainer.data.datasets import Dataset
from trainer.drawing import step_pictures
from trainer.lessons import diagrams
from trainer.shipped import network as shipped
from trainer.text import percent
from ui import dataset_loader
from ui.html import html

KEY = "learn.game"
AT_ONCE = 100  # guesses of chance


@dataclass(frozen=True)
class Game:
    """Who has guessed how often, and how often it was right; `at` is the test digit that is hidden now."""

    at: int
    tries: int = 0
    person: int = 0
    network: int = 0
    chance_tries: int = 0
    chance: int = 0
    last: tuple[int, int, int] | None = None  # the digit that was hidden before, the person's guess, the network's


def show() -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(
            "Nobody can write down all the rules for what a 7 looks like. So a network gets no rules: it sees "
            "thousands of digits with their **labels**, says what it thinks, and is corrected a little each time. "
            "At first it only guesses, and with ten digits one guess in ten is right. What it reads above **10 %**, "
            "it has learned."
        )
        html(diagrams.fields())
    with right:
        dataset = dataset_loader.dataset()
        if dataset is not None:
            _play(dataset)


@st.fragment
def _play(dataset: Dataset) -> None:
    """Let the visitor guess hidden test digits, against chance and a network that has learned."""
    if KEY not in st.session_state or st.session_state[KEY].at >= len(dataset.y_test):
        st.session_state[KEY] = Game(secrets.randbelow(len(dataset.y_test)))
    game: Game = st.session_state[KEY]
    st.markdown("**A digit is hidden. Which one is it?** You cannot see it, so all you can do is guess.")
    _show_last(dataset, game)
    with st.container(horizontal=True, gap="xsmall", width=290):
        for digit in range(10):
            st.button(
                str(digit),
                help=f"Guess that the hidden digit is a {digit}.",
                on_click=_guess,
                args=(dataset, digit),
                width=48,
                key=f"learn.guess.{digit}",
            )
    _tell(game)
    st.button(
        f"Let chance guess {AT_ONCE} times",
        icon=":material/casino:",
        help="A die with ten sides guesses other hidden digits: the more often, the nearer it comes to 10 %.",
        on_click=_roll,
        args=(dataset,),
        key="learn.chance",
    )


def _guess(dataset: Dataset, digit: int) -> None:
    game: Game = st.session_state[KEY]
    label = int(dataset.y_test[game.at])
    read = int(shipped.network().logits(dataset.images("test", slice(game.at, game.at + 1)))[0].argmax())
    st.session_state[KEY] = replace(
        game,
        at=secrets.randbelow(len(dataset.y_test)),
        tries=game.tries + 1,
        person=game.person + (digit == label),
        network=game.network + (read == label),
        last=(game.at, digit, read),
    )


def _roll(dataset: Dataset) -> None:
    game: Game = st.session_state[KEY]
    rng = np.random.default_rng()
    labels = dataset.y_test[np.sort(rng.integers(len(dataset.y_test), size=AT_ONCE))]
    right = int((rng.integers(10, size=AT_ONCE) == labels).sum())
    st.session_state[KEY] = replace(game, chance_tries=game.chance_tries + AT_ONCE, chance=game.chance + right)


def _show_last(dataset: Dataset, game: Game) -> None:
    """Show the card of the hidden digit, and beside it the digit that was hidden before."""
    shown = Markup('<div class="lesson-hidden" role="img" aria-label="A hidden digit">?</div>')
    if game.last is None:
        shown += Markup("<p>Choose a digit below: then it is shown here.</p>")
    else:
        at, guess, read = game.last
        label = int(dataset.y_test[at])
        url = step_pictures.enlarged(dataset.images("test", slice(at, at + 1))[0])
        verdict = "You were lucky" if guess == label else f"You guessed {guess}"
        shown += Markup('<img class="lesson-digit" decoding="sync" alt="It was {}" src="{}">').format(named(label), url)
        shown += Markup("<p>It was <b>{}</b>. {}; the network read {}.</p>").format(named(label), verdict, read)
    html(Markup('<div class="lesson-cards" role="status">{}</div>').format(shown))


def _tell(game: Game) -> None:
    rows = (
        ("You, who cannot see it", game.person, game.tries),
        ("Chance", game.chance, game.chance_tries),
        ("A network that sees it, and has learned", game.network, game.tries),
    )
    lines = Markup().join(
        Markup(
            '<tr><td class="words">{}</td><td class="right">{:,} of {:,}</td>'
            '<td class="right">{}</td>'
            '<td class="bar"><span class="lesson-bar" style="width: {:.1f}%"></span></td></tr>'
        ).format(who, right, tries, percent(right / tries, 0) if tries else "–", 100 * right / max(tries, 1))
        for who, right, tries in rows
    )
    html(
        Markup(
            '<table class="lesson-table"><thead><tr><th>Who guesses</th><th>Right</th><th>Share</th><th></th></tr>'
            "</thead><tbody>{}</tbody></table>"
        ).format(lines)
    )
