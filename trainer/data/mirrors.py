"""Mirrors of a data set: all are asked at the same time, and the first that answers is read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from urllib.parse import urlsplit

from trainer import UserError
from trainer.data.downloads import MirrorError, Progress
from trainer.data.npz import Array

Read = Callable[[str, Progress], list[Array]]  # of a URL; reports progress at its first byte and after


class NotAvailable(Exception):
    """No mirror has the data set; the text says why."""


class OtherContents(Exception):
    """The arrays are a data set, but another one."""


class _Beaten(Exception):
    """Another mirror has answered first."""


def read_first(urls: Sequence[str], read: Read, progress: Progress) -> list[Array]:
    """Return what `read` returns for the first mirror that sends a byte; the others are dropped.

    If that mirror fails later, those that were dropped are asked again. Raises NotAvailable.
    """
    waiting, reasons = list(dict.fromkeys(urls)), {}
    while waiting:
        race, outcomes = _Race(), SimpleQueue[tuple[str, list[Array] | Exception]]()
        for url in waiting:  # daemons: a silent mirror must not keep this process from ending
            arguments = url, read, progress, race, outcomes
            threading.Thread(target=_ask, args=arguments, name="mirror", daemon=True).start()
        for _ in tuple(waiting):
            url, outcome = outcomes.get()
            if not isinstance(outcome, Exception):
                return outcome
            if not isinstance(outcome, _Beaten):
                waiting.remove(url)
                reasons[url] = reason(urlsplit(url).hostname or url, outcome)
    raise NotAvailable("; ".join(reasons[url] for url in dict.fromkeys(urls)) or "no mirror is known")


def reason(place: str, error: Exception) -> str:
    """Return why a mirror or file is of no use, as words that begin with its name. Raises what is a bug."""
    match error:
        case OtherContents():
            return f"{place} has other digits"
        case UserError():
            return f"{place} has a bad file: {str(error).rstrip('.')}"
        case MirrorError():
            return f"{place} {error}"
        case OSError():
            return f"{place} could not be reached ({error.strerror or error})"
    raise error


class _Race:
    """Which mirror has answered first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._leader = ""

    def leads(self, url: str) -> bool:
        with self._lock:
            self._leader = self._leader or url
            return self._leader == url


def _ask(
    url: str,
    read: Read,
    progress: Progress,
    race: _Race,
    outcomes: SimpleQueue[tuple[str, list[Array] | Exception]],
) -> None:
    def report(done: int, total: int) -> None:
        if not race.leads(url):
            raise _Beaten
        progress(done, total)

    try:
        outcomes.put((url, read(url, report)))
    except Exception as error:
        outcomes.put((url, error))
