"""One training inside a worker: a config in, the run directory out."""

from __future__ import annotations

import io
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from trainer import UserError, datasets, export, model
from trainer.config import TrainingConfig
from trainer.runs import Run, line, write_whole

REFRESH = 2.0  # seconds between two exports of the growing network, so that it can be drawn with
REFRESH_SHARE = 0.004  # and at most this share of the training's time

_log = logging.getLogger(__name__)
_data_lock = threading.Lock()
_data: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # content hash -> training images float32, labels


def dask_setup(worker: object) -> None:
    """Warm a worker before its first job: Keras, tiny fits that compile, and the data, in the background."""
    step_back()
    threading.Thread(target=_warm_data, daemon=True).start()
    model.warm_up()


def step_back() -> None:
    """Give this process a nice value of 10: whoever draws or looks comes first."""
    if hasattr(os, "setpriority"):  # not on Windows
        os.setpriority(os.PRIO_PROCESS, 0, 10)


def _warm_data() -> None:
    try:
        _training_data(datasets.load())
    except UserError:
        return  # the first job says it, to somebody who reads it


def _training_data(dataset: datasets.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the training images as float32 (n, 28, 28), 0 paper .. 1 ink, and the labels; kept for the next job."""
    with _data_lock:
        if dataset.hash not in _data:
            _data.clear()
            _data[dataset.hash] = dataset.images("train"), dataset.labels("train")
        return _data[dataset.hash]


def run(path: str) -> None:
    """Train what the run directory asks for; whatever happens is written there, and nothing is raised."""
    run = Run(Path(path))
    if run.state.phase != "queued":  # its first worker died, and a cluster of default settings tries another
        return
    with _signs_of_life(run) as gone:
        try:
            _train(run, gone)
        except UserError as error:
            run.update(phase="failed", activity="", error=str(error))
        except Exception as error:  # nobody stands above a job
            _log.exception("run %s failed", run.id)
            if run.path.is_dir():
                reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
                sentence = f"Training broke off ({reason}): try a smaller network or batch, and see the training log."
                run.update(phase="failed", activity="", error=sentence)


def _train(run: Run, gone: threading.Event) -> None:
    config = run.config
    if config is None:
        raise UserError("The run's config.json must be what the page wrote (got something else): train it again.")
    if _stop_wanted(run):
        run.update(phase="stopped", activity="", note="stopped before it began")
        return
    run.update(phase="running", activity="loading the data", device=model.device())
    dataset = datasets.load(config.dataset)
    images, labels = _training_data(dataset)
    run.update(
        activity="training",
        data=dataset.source,
        data_hash=dataset.hash,
        examples=model.training_count(config, len(images)),
        steps=model.steps_per_epoch(config, len(images)),
    )
    network = model.build(config, len(images))
    with (run.path / "history.jsonl").open("ab", buffering=0) as history:
        reporter = _Reporter(run, config, network, history, gone)
        outcome = model.fit(network, config, images, labels, report=reporter.report, should_stop=reporter.should_stop)
    seconds = time.perf_counter() - reporter.started
    if outcome.diverged:
        (run.path / "model.onnx").unlink(missing_ok=True)
        raise UserError(
            f"The loss grew beyond all numbers in epoch {outcome.epochs + 1}, so this network learns nothing more: "
            f"try a smaller learning rate, such as {config.learning_rate / 10:g}."
        )
    run.update(activity="reading the test digits", seconds=seconds, hook_seconds=outcome.hook_seconds)
    write_whole(run.path / "model.onnx", export.to_onnx(network, config))
    model.save(network, run.path / "model.keras")
    test_loss, test_accuracy = model.evaluate(network, dataset.images("test"), dataset.labels("test"))
    run.update(
        phase="stopped" if outcome.stopped else "finished",
        activity="",
        note=reporter.why_stopped,
        test_loss=test_loss,
        test_accuracy=test_accuracy,
    )


def _stop_wanted(run: Run) -> bool:
    return any(request.get("kind") == "stop" for request in run.requests())


class _Reporter:
    """What happens at each of the some 25 live points of an epoch; every microsecond here is taken from training."""

    def __init__(
        self, run: Run, config: TrainingConfig, network: Any, history: io.RawIOBase, gone: threading.Event
    ) -> None:
        self.run, self.config, self.network, self.history, self.gone = run, config, network, history, gone
        self.started = time.perf_counter()
        self.why_stopped = ""
        self._refresh = self.started + REFRESH
        self._requests = run.path / "requests.jsonl"

    def report(self, record: dict[str, Any]) -> None:
        self.history.write(line(record))
        before = time.perf_counter()
        if before >= self._refresh and np.isfinite(record.get("loss", np.nan)):
            write_whole(self.run.path / "model.onnx", export.to_onnx(self.network, self.config))
            now = time.perf_counter()
            self._refresh = now + max(REFRESH, (now - before) / REFRESH_SHARE)

    def should_stop(self) -> bool:
        if not self.why_stopped:
            if time.perf_counter() - self.started > self.config.time_limit:
                self.why_stopped = f"stopped at its time limit of {self.config.time_limit} s"
            elif self.gone.is_set():
                self.why_stopped = "its folder is gone"
            elif self._requests.exists() and _stop_wanted(self.run):
                self.why_stopped = "stopped by its owner"
        return bool(self.why_stopped)


@contextmanager
def _signs_of_life(run: Run) -> Iterator[threading.Event]:
    """Touch the run's state every second; the event tells that its folder is gone."""
    over, gone = threading.Event(), threading.Event()

    def beat() -> None:
        while not over.wait(1.0):
            try:
                run.live()
            except OSError:
                gone.set()
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield gone
    finally:
        over.set()
        thread.join()
