"""Scores of networks on the class's digits: each computed once, in the background, and kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence

import streamlit as st

from trainer import UserError
from trainer.classroom.digits import ClassDigits
from trainer.classroom.scores import Score, score
from trainer.networks.inference import Network
from trainer.storage.memory import ByteCache
from ui import background, load_control
from ui.background import Task
from ui.markdown import sentence
from ui.network_choice import NetworkChoice

_scores = ByteCache(50_000_000)  # a score of 300 digits takes 20 kB
_lock = threading.Lock()


def find_or_compute(choices: Sequence[NetworkChoice], digits: ClassDigits) -> dict[str, Score] | None:
    """Return the scores of networks by their ids, or None while some are computed.

    In the meantime this place shows the progress, and the page reruns when they are ready. A network that cannot be
    read, or reads no digits, has no score.
    """
    keys = {choice.id: key for choice in choices if (key := _key(choice, digits))}
    found = _find(keys)
    missing = [choice for choice in choices if choice.id in keys and choice.id not in found]
    if not missing:
        return {id: score for id, score in found.items() if isinstance(score, Score)}
    name = "class scores", load_control.current_visitor(), digits.key, tuple(keys.values())
    task = background.find(name)
    if task is None or task.cancelled:
        networks = [(keys[choice.id], choice.network) for choice in missing if _is_readable(choice, keys)]
        task = background.start(
            name,
            lambda progress: _compute(networks, digits, progress),
            failure="The networks could not be tested on the class's digits",
            turns=load_control.evaluations,
            visitor=load_control.current_visitor(),
            patience=background.PATIENCE_SECONDS,
        )
    if not task.done:
        background.render_progress(task, _describe)
        return None
    background.forget(name)
    if task.error:
        st.error(sentence(task.error))
    found = _find(keys)
    return {id: score for id, score in found.items() if isinstance(score, Score)}


def _key(choice: NetworkChoice, digits: ClassDigits) -> Hashable:
    try:
        return choice.id, choice.changed, digits.key
    except UserError:
        return None


def _find(keys: dict[str, Hashable]) -> dict[str, Score | None]:
    with _lock:
        return {id: _scores[key] for id, key in keys.items() if key in _scores}


def _save(key: Hashable, found: Score | None) -> None:
    with _lock:
        _scores[key] = found


def _is_readable(choice: NetworkChoice, keys: dict[str, Hashable]) -> bool:
    try:
        if choice.info.shape == (28, 28):
            _ = choice.network
            return True
    except UserError:
        pass
    _save(keys[choice.id], None)
    return False


def _compute(networks: Sequence[tuple[Hashable, Network]], digits: ClassDigits, progress: background.Progress) -> None:
    for place, (key, network) in enumerate(networks):
        try:
            found = score(network, digits, lambda part, place=place: progress((place + part) / len(networks)))
        except UserError:  # it is damaged, or too slow
            found = None
        _save(key, found)


def _describe(task: Task) -> tuple[float, str]:
    if task.waiting:
        return 0.0, "Waiting for its turn among the evaluations of other visitors …"
    return task.fraction, "Reading the class's digits …"
