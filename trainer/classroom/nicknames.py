"""Nicknames: what may stand on the board instead of a name."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Collection

from trainer import UserError
from trainer.config.limits import short_repr

MAX_LENGTH = 20
ADJECTIVES = (
    "Brave Bright Calm Clever Curious Eager Gentle Happy Keen Kind Lively Lucky Merry Nimble Proud Quick Quiet Sunny "
    "Swift Witty"
)
ANIMALS = (
    "Badger Beaver Crane Dolphin Falcon Fox Gecko Hare Heron Ibex Koala Lynx Marten Newt Otter Owl Panda Puffin Raven "
    "Seal Sparrow Squirrel Stork Tiger Toad Turtle Whale Wren Yak Zebra"
)
MARKS = " -'\u2019"  # allowed beside letters and digits


def suggest(taken: Collection[str]) -> str:
    """Return a made-up nickname that nobody has, whatever its case."""
    known = {nickname.casefold() for nickname in taken}
    free = [
        name
        for adjective in ADJECTIVES.split()
        for animal in ANIMALS.split()
        if (name := f"{adjective} {animal}").casefold() not in known
    ]
    return secrets.choice(free)


def check(nickname: str) -> str:
    """Return a nickname without spare spaces.

    Raises UserError unless it consists of 2 to 20 letters, digits, spaces, hyphens and apostrophes, with a letter.
    """
    text = " ".join(unicodedata.normalize("NFKC", nickname).split())
    allowed = all(character.isalnum() or unicodedata.combining(character) or character in MARKS for character in text)
    if not 2 <= len(text) <= MAX_LENGTH or not allowed or not any(map(str.isalpha, text)):
        raise UserError(
            f"A nickname must have 2 to {MAX_LENGTH} letters, digits, spaces or hyphens (got {short_repr(nickname)}): "
            "choose another one."
        )
    return text
