"""What a network reads in a digit input: its answer to each digit, and the sentence that says it."""

from __future__ import annotations

from collections.abc import Sequence

from trainer import UserError
from trainer.analysis.answer import Answer, answers, reading
from ui.digit_input.source import Source
from ui.network_picker import Judge


def read(choice: Judge, source: Source) -> tuple[list[Answer], str]:
    """Return a network's answer to each image of an input, and an error as a sentence, or "".

    There are no answers where the network is gone or damaged, or has learned images of another shape.
    """
    try:
        network = choice.network
        if source.images.shape[1:] != choice.kind.shape:
            return [], source.error
        return answers(network, source.images, strange=source.label is None, kind=choice.kind), source.error
    except UserError as error:
        return [], str(error)


def sentence(source: Source, read: Sequence[Answer]) -> str:
    """Return what was read in an input: one digit, judged where its label is known, or several in their order.

    Without answers it is the hint, which says what to do.
    """
    if not read:
        return source.hint
    if len(read) > 1:
        return reading(read)
    (answer,) = read
    return answer.sentence if source.label is None else answer.judged(source.label)
