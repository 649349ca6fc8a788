"""Mirrors that are asked at the same time."""

import threading

import numpy as np

from harness.waiting import TIMEOUT_SECONDS
from trainer.data import mirrors
from trainer.data.downloads import MirrorError, Progress
from trainer.data.npz import Array


def test_a_mirror_that_was_slower_is_asked_again_when_the_first_fails() -> None:
    asked, is_beaten, leads = [], threading.Event(), threading.Event()

    def read(url: str, progress: Progress) -> list[Array]:
        asked.append(url)
        if url == "https://fast.invalid/":
            progress(1, 2)
            leads.set()
            is_beaten.wait(TIMEOUT_SECONDS)
            raise MirrorError("broke off")
        leads.wait(TIMEOUT_SECONDS)
        try:
            progress(1, 2)
        finally:
            is_beaten.set()
        return [np.zeros(1, np.uint8)]

    steps: list[tuple[int, int]] = []
    urls = ["https://fast.invalid/", "https://slow.invalid/"]
    assert len(mirrors.read_first(urls, read, lambda *step: steps.append(step))) == 1
    assert sorted(asked) == [urls[0], urls[1], urls[1]] and steps == [(1, 2), (1, 2)]
