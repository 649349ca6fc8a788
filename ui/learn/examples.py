"""Lesson 1: learning from examples, with a guessing game against chance and a trained network."""

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
GUESSES_AT_ONCE = 100  # of chance


@dataclass(frozen=True)
class Game:
    """The scores so far; `at` is the index of the hidden test digit."""

    at: int
    tries: int = 0
    person: int = 0
    network: int = 0
    chance_tries: int = 0
    chance: int = 0
    last: tuple[int, int, int] | None = None  # the previous digit's index, the person's guess, the network's prediction


def render() -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(
            "Nobody can write down all the rules for what a 7 looks like. So a network gets no rules. It sees "
            "thousands of digits with their **labels**, makes a prediction for each, and is corrected a little each "
            "time. At first it only guesses, and with ten digits one guess in ten is correct. Every bit of accuracy "
            "above **10 %** is learned."
        )
        html(diagrams.fields_diagram())
    with right:
        dataset = dataset_loader.load()
        if dataset is not None:
            _play(dataset)


@st.fragment
def _play(dataset: Dataset) -> None:
    """Render the game: the visitor guesses hidden test digits, against chance and a trained network."""
    if KEY not in st.session_state or st.session_state[KEY].at >= len(dataset.y_test):
        st.session_state[KEY] = Game(secrets.randbelow(len(dataset.y_test)))
    game: Game = st.session_state[KEY]
    st.markdown("**Which digit is hidden?** You cannot see it, so all you can do is guess.")
    _render_cards(dataset, game)
    with st.container(horizontal=True, gap="xsmall", width=290):
        for digit in range(10):
            st.button(
                str(digit),
                help=f"Guess {digit}",
                on_click=_guess,
                args=(dataset, digit),
                width=48,
                key=f"learn.guess.{digit}",
            )
    _render_scores(game)
    st.button(
        f"Let chance guess {GUESSES_AT_ONCE} times",
        icon=":material/casino:",
        help="Rolls a ten-sided die for other hidden digits. The more rolls, the closer its accuracy gets to 10 %.",
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
    labels = dataset.y_test[np.sort(rng.integers(len(dataset.y_test), size=GUESSES_AT_ONCE))]
    right = int((rng.integers(10, size=GUESSES_AT_ONCE) == labels).sum())
    st.session_state[KEY] = replace(game, chance_tries=game.chance_tries + GUESSES_AT_ONCE, chance=game.chance + right)


def _render_cards(dataset: Dataset, game: Game) -> None:
    """Render the card of the hidden digit and, beside it, the previous digit with both predictions."""
    cards = Markup('<div class="lesson-hidden" role="img" aria-label="A hidden digit">?</div>')
    if game.last is None:
        cards += Markup("<p>Guess a digit below to reveal it.</p>")
    else:
        at, guess, read = game.last
        label = int(dataset.y_test[at])
        url = step_pictures.enlarged_url(dataset.images("test", slice(at, at + 1))[0])
        verdict = "You guessed it" if guess == label else f"You guessed {guess}"
        cards += Markup('<img class="lesson-digit" decoding="sync" alt="It was {}" src="{}">').format(named(label), url)
        cards += Markup("<p>It was <b>{}</b>. {}; the network predicted {}.</p>").format(named(label), verdict, read)
    html(Markup('<div class="lesson-cards" role="status">{}</div>').format(cards))


def _render_scores(game: Game) -> None:
    rows = (
        ("You, without seeing it", game.person, game.tries),
        ("Chance", game.chance, game.chance_tries),
        ("A trained network that sees it", game.network, game.tries),
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
            '<table class="lesson-table"><thead><tr><th>Who</th><th>Correct</th><th>Accuracy</th><th></th></tr>'
            "</thead><tbody>{}</tbody></table>"
        ).format(lines)
    )
