"""Predictions for a digit input: a network's answer for each image, and all of them as one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trainer import UserError
from trainer.analysis.answer import Answer, digits_text, predict
from trainer.analysis.hand import Hand
from ui.digit_input.inputs import DigitInput
from ui.network_choice import NetworkChoice

Reading = tuple[list[Answer], str]  # a network's answer for each image, and an error as a sentence, or ""


def read(choice: NetworkChoice, source: DigitInput, hand: Hand | None = None) -> Reading:
    """Return a network's answer for each image of an input, and an error as a sentence, or "".

    There are no answers if the network's file is missing or damaged, or if it was trained on images of another shape.
    hand: what corrects the answers to what the visitor draws.
    """
    try:
        network = choice.network
        if source.images.shape[1:] != choice.info.shape:
            return [], source.error
        reader = hand if hand and source.label is None else network
        answers = predict(reader, source.images, strange=source.label is None, info=choice.info)
    except UserError as error:
        return [], str(error)
    for place, steps in enumerate(source.steps):
        if steps.is_mark:
            answers[place] = replace(answers[place], is_digit=False)
    return answers, source.error


def sentence(source: DigitInput, read: Sequence[Answer]) -> str:
    """Return the answers for an input as a sentence: one digit, compared with its label if known, or several in order.

    While the pen is on the paper, nothing is called no digit. Without answers this is the hint, which says what to do.
    """
    if not read:
        return source.hint
    if len(read) > 1:
        return digits_text(read)
    (answer,) = read
    if source.is_unfinished:
        return answer.so_far
    return answer.sentence if source.label is None else answer.compared(source.label)
