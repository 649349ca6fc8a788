"""Fetch of MNIST: mirrors, synthetic digits until it is here, failures, and concurrent callers."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import numpy as np
import pytest

from harness.server import ROOT
from harness.waiting import TIMEOUT_SECONDS, wait_for
from tests.support.data_files import npz_bytes, same
from trainer.config.training import TrainingConfig
from trainer.data import datasets, fetch, synthetic
from trainer.data.cache import Cache
from trainer.drawing import synthetic_digits
from trainer.runs.store import RunStore

pytestmark = pytest.mark.usefixtures("own_cache")


def test_without_mnist_digits_are_drawn_and_the_note_gives_the_reason(mirror):
    seen: list[tuple[str, int, int]] = []
    data = datasets.load(mirrors=[mirror.npz], report=lambda *step: seen.append(step))
    assert data.source == "synthetic digits"
    assert data.note == "127.0.0.1 answered 404 Not Found"
    assert (len(data.x_train), len(data.x_test)) == (25, 15)
    assert data.x_train.max() > 150 and set(data.y_train) <= set(range(10))
    assert seen[0] == ("looking", 0, 0)
    assert seen[-1] in {("looking", 40, 40), ("drawing", 40, 40)}  # drawn before or after the answer


def test_all_mirrors_are_asked_at_once_and_the_first_that_answers_is_read(stand_in, mirror):
    def answer_last(handler: BaseHTTPRequestHandler) -> None:
        wait_for(lambda: len(mirror.requests) == 3)
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(npz_bytes(stand_in))

    mirror.answers |= {"/mnist.npz": lambda _: mirror.over.wait(TIMEOUT_SECONDS), "/second.npz": answer_last}
    mirrors = [mirror.npz, f"{mirror.url}/missing.npz", f"{mirror.url}/second.npz"]
    assert datasets.load(mirrors=mirrors, timeout=TIMEOUT_SECONDS).source == "MNIST"


def test_pages_show_the_first_digits_then_all_then_mnist_and_a_run_keeps_its(stand_in, mirror, tmp_path, monkeypatch):
    """A mirror answers slowly: time passes once it has sent its first half, and it sends the rest when asked to."""
    monkeypatch.setattr(synthetic, "COUNTS", (60, 40))
    monkeypatch.setattr(synthetic, "FIRST", (10, 5))
    clock, is_late, rest, draw = [0.0], threading.Event(), threading.Event(), threading.Event()
    monkeypatch.setattr(fetch, "monotonic", lambda: clock[0])

    def answer_slowly(handler: BaseHTTPRequestHandler) -> None:
        body = npz_bytes(stand_in)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:1000])
        clock[0] = 100.0
        is_late.set()
        rest.wait(TIMEOUT_SECONDS)
        handler.wfile.write(body[1000:])

    seeds = []

    def draw_digits(count: int, seed: int) -> Any:
        seeds.append(seed)
        (draw if len(seeds) > 2 else is_late).wait(TIMEOUT_SECONDS)
        return drawn_at_once(count, seed)

    drawn_at_once = synthetic_digits.draw_digits
    expected = [synthetic_digits.make_digits(20, seed)[0] for seed in range(5)]
    monkeypatch.setattr(synthetic_digits, "draw_digits", draw_digits)
    mirror.answers["/mnist.npz"] = answer_slowly
    with ThreadPoolExecutor(1) as pool:
        loaded = pool.submit(datasets.load, mirrors=[mirror.npz], timeout=60)  # by `clock`
        assert datasets.available() is None and datasets.substitute_shown("mnist") == ""
        first = wait_for(datasets.available)
        assert (first.source, first.note, first.is_complete) == (
            "synthetic digits",
            "it is still being downloaded",
            False,
        )
        assert (len(first.x_train), len(first.x_test), seeds[:2]) == (10, 5, [0, 3])
        assert first.training_digits == 60  # all of them: a run waits until they are drawn
        run = RunStore(tmp_path / "runs").create(TrainingConfig(), "")
        draw.set()
        every = wait_for(lambda: (data := datasets.available()).is_complete and data)
        assert np.array_equal(every.x_train[:10], first.x_train) and np.array_equal(every.y_test[:5], first.y_test)
        assert not loaded.done()
        rest.set()
        assert same(loaded.result(TIMEOUT_SECONDS), stand_in) and same(datasets.available(), stand_in)
    assert sorted(seeds) == [0, 1, 2, 3, 4] and datasets.substitute_shown("mnist") == ""
    assert np.array_equal(np.concatenate(expected), np.concatenate([every.x_train, every.x_test]))
    assert run.state.data == datasets.SUBSTITUTE and datasets.load(shown=run.state.data).hash == every.hash
    assert not datasets.retry_is_due()


def test_a_failure_is_remembered_until_retry(stand_in, mirror):
    first = datasets.load(mirrors=[mirror.npz])
    mirror.answers["/mnist.npz"] = npz_bytes(stand_in)

    again = datasets.load(mirrors=[mirror.npz])
    assert (again.hash, again.note) == (first.hash, first.note)
    assert len(mirror.requests) == 1
    retried = datasets.load(mirrors=[mirror.npz], retry=True)
    assert (retried.source, retried.note) == ("MNIST", "")
    assert datasets.load(mirrors=[]).source == "MNIST"


def test_a_failure_is_forgotten_after_an_hour(stand_in, mirror, monkeypatch):
    datasets.load(mirrors=[mirror.npz])
    assert not datasets.retry_is_due()
    mirror.answers["/mnist.npz"] = npz_bytes(stand_in)
    monkeypatch.setattr(datasets, "RETRY_SECONDS", 0.0)
    assert datasets.retry_is_due()
    assert datasets.available().source == "synthetic digits"
    assert datasets.load(mirrors=[mirror.npz]).source == "MNIST"


# --- at the same time -----------------------------------------------------------------------------------------


def test_threads_that_load_at_the_same_time_download_once(stand_in, mirror):
    mirror.answers["/mnist.npz"] = npz_bytes(stand_in)
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(lambda _: datasets.load(mirrors=[mirror.npz]), range(4)))
    assert all(same(data, stand_in) for data in loaded)
    assert mirror.requests == ["/mnist.npz"]


@pytest.mark.slow
def test_processes_that_load_at_the_same_time_download_once(stand_in, mirror):
    mirror.answers["/mnist.npz"] = npz_bytes(stand_in)
    code = (
        "import sys; from trainer.data import datasets, fetch; fetch.MNIST_HASH = sys.argv[1];"
        "print(datasets.load(mirrors=[sys.argv[2]]).source)"
    )
    command = [sys.executable, "-c", code, fetch.MNIST_HASH, mirror.npz]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=TIMEOUT_SECONDS)[0].strip() for process in processes] == ["MNIST", "MNIST"]
    assert mirror.requests == ["/mnist.npz"]


def test_a_retry_that_waited_for_another_retry_downloads_nothing(mirror, monkeypatch):
    datasets.load(mirrors=[mirror.npz])
    waiting = threading.Barrier(3, timeout=TIMEOUT_SECONDS)
    lock = Cache.lock

    @contextmanager
    def watched(cache: Cache, work: str = "") -> Iterator[None]:
        if work == "mnist":
            waiting.wait()
        with lock(cache, work):
            yield

    monkeypatch.setattr(Cache, "lock", watched)
    with ThreadPoolExecutor(3) as pool:
        loaded = list(pool.map(lambda _: datasets.load(mirrors=[mirror.npz], retry=True), range(3)))
    assert {data.source for data in loaded} == {"synthetic digits"}
    assert len(mirror.requests) == 2


def test_loading_while_another_thread_draws_downloads_nothing(mirror):
    with ThreadPoolExecutor(1) as pool:
        meanwhile = []

        def load_meanwhile(activity: str, done: int, total: int) -> None:
            if not meanwhile:
                meanwhile.append(pool.submit(datasets.load, mirrors=[mirror.npz]))

        data = datasets.load(mirrors=[mirror.npz], report=load_meanwhile)
        assert meanwhile[0].result(TIMEOUT_SECONDS).hash == data.hash
    assert len(mirror.requests) == 1
