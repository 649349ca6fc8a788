"""Reporter: writes a training's progress into its run directory, and reads its owner's requests.

It is called about 25 times in an epoch, and its time is taken from training. So everything that takes longer than a
line of text (the checkpoint, the exported network, predictions) gets a copy of the weights and runs in a thread, paced
to stay below a share of the time.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import psutil

from trainer.config import dataset_info
from trainer.config.limits import CLASSES
from trainer.config.training import TrainingConfig
from trainer.data.datasets import Dataset
from trainer.jobs.line_writer import LineWriter
from trainer.jobs.snapshots import Snapshots, snapshot
from trainer.networks import model, onnx_writer
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.fitting import steps_per_epoch
from trainer.networks.hooks import Control, Hooks
from trainer.networks.inference import Network
from trainer.runs.history import MAX_WATCHED_DIGITS
from trainer.runs.requests import FollowedDrawing, Requests
from trainer.runs.run import Run
from trainer.storage.arrays import write_arrays
from trainer.storage.files import Record, write_atomically

# Seconds between two of them at least, and their share of the training time at most.
EXPORT_PACE = (2.0, 0.01)  # exports of the network while it is trained
PREDICTION_PACE = (0.1, 0.03)  # predictions for the followed drawings
SNAPSHOT_PACE = (0.05, 0.01)  # snapshots of the first layer
POLL_SECONDS = 0.05  # between two reads of the requests, and between two writes of lines


class Pace:
    """Limits how often something is done, by a minimum interval and a maximum share of the time."""

    def __init__(self, seconds: float, share: float) -> None:
        self._seconds, self._share = seconds, share
        self._due = time.perf_counter() + seconds

    def due(self, now: float) -> bool:
        return now >= self._due

    def done(self, started: float) -> None:
        now = time.perf_counter()
        self._due = now + max(self._seconds, (now - started) / self._share)


class Reporter(Hooks):
    """Reports the training of `network` to `run`, from the first step or from a checkpoint."""

    def __init__(
        self,
        run: Run,
        config: TrainingConfig,
        network: Any,
        dataset: Dataset,
        gone: threading.Event,
        start: Checkpoint | None = None,
    ) -> None:
        self.started = time.perf_counter()
        self.why_ended = ""
        self._run, self._config, self._network, self._gone = run, config, network, gone
        self._steps = steps_per_epoch(config, len(dataset.x_train))
        self._requests_file, self._requests_size = run.path / "requests.jsonl", -1
        self._control, self._next_read = Control(), 0.0
        self._control_lock = threading.Lock()  # the thread that looks for an end reads requests, too
        self.requests = Requests.of(config, ())
        self._history = LineWriter(run.path / "history.jsonl", start, start.epoch_line if start else {})
        self._predictions = LineWriter(run.path / "readings.jsonl", start)
        self._step = start.step if start else 0
        self._next_flush = 0.0
        self._checkpoint: Checkpoint | None = None
        self._writer = ThreadPoolExecutor(1)
        self._writing: deque[Future[Any]] = deque()  # oldest first
        self._export_pace, self._prediction_pace = Pace(*EXPORT_PACE), Pace(*PREDICTION_PACE)
        self._snapshot_pace = Pace(*SNAPSHOT_PACE)
        self._process = psutil.Process()
        watched = choose_watched_digits(dataset.labels("test"))
        self._digits = dataset.images("test", watched)
        self._snapshots = Snapshots(run, start)
        if start is None:
            digits = {"images": dataset.x_test[watched], "labels": dataset.y_test[watched]}
            self._later(write_arrays, run.path / "digits.npz", digits)
            self._snapshots.take(0, *snapshot(config, model.weights(network), self._digits))

    # --- requests ---------------------------------------------------------------------------------------------

    def control(self) -> Control:
        """Return how the training goes on; the requests are read only now and then, if their file has grown."""
        with self._control_lock:
            now = time.perf_counter()
            if now >= self._next_read and not self._control.end:  # an end that the training obeys already is final
                self._next_read = now + POLL_SECONDS
                self._control = self._read_control(now)
            return self._control

    def ended(self) -> bool:
        return bool(self.control().end)

    def _read_control(self, now: float) -> Control:
        requests = self._read_requests()
        end = requests.end
        if end:
            self.why_ended = "stopped by its owner"
        elif now - self.started > self._config.time_limit:
            end, self.why_ended = "stop", f"stopped at its time limit of {self._config.time_limit} s"
        elif self._gone.is_set():
            end, self.why_ended = "stop", "its folder is gone"
        return Control(end, requests.epochs, requests.learning_rate)

    def _read_requests(self) -> Requests:
        try:
            size = self._requests_file.stat().st_size
        except OSError:
            return self.requests
        if size != self._requests_size:
            self._requests_size = size
            before, self.requests = self.requests.drawings, self._run.requests
            if len(self.requests.drawings) > len(before):
                self._prediction_pace = Pace(0, PREDICTION_PACE[1])  # predict a new drawing at once
        return self.requests

    # --- reports ----------------------------------------------------------------------------------------------

    def checkpoint(self, make: Callable[[], Checkpoint]) -> None:
        self._checkpoint = make()

    def report(self, record: Record) -> None:
        self._step = record["step"]
        if record["kind"] == "epoch":
            self._end_epoch(record)
            return
        self._history.write(record)
        now = time.perf_counter()
        if now < self._next_flush:
            return
        self._next_flush = now + POLL_SECONDS
        busy = self._is_writing()
        self._later(self._history.flush)
        if busy:
            return
        due = self._due(now)
        if any(due.values()) and math.isfinite(record.get("loss", math.nan)):
            self._later(self._write_network, record, model.weights(self._network), due)

    def _end_epoch(self, record: Record) -> None:
        """Save the checkpoint, which holds the epoch's line, then write the line.

        So an epoch that was shown is never lost, and a process that is killed in between loses no line either.
        """
        checkpoint, self._checkpoint = self._checkpoint, None
        due = {**self._due(time.perf_counter()), "predictions": True, "snapshot": self._snapshot_due}

        def write() -> None:
            assert checkpoint is not None  # `checkpoint` was called just before
            record["memory"] = self._process.memory_info().rss
            predictions = self._write_network(record, checkpoint.weights, due)
            record["reads"] = predictions[: len(self._digits)].argmax(axis=1).tolist()
            self._history.flush()
            replace(checkpoint, epoch_line=record).save(self._run.checkpoint)
            self._history.write(record)
            self._history.flush()

        self._later(write)

    def _due(self, now: float) -> dict[str, bool]:
        return {
            "predictions": bool(self._drawings) and self._prediction_pace.due(now),
            "export": self._export_pace.due(now),
            "snapshot": self._snapshot_pace.due(now) and self._snapshot_due,
        }

    @property
    def _snapshot_due(self) -> bool:
        return self._snapshots.due(self._step, self.requests.epochs * self._steps)

    def _later(self, work: Callable[..., object], *arguments: Any) -> None:
        """Do work that takes milliseconds in the thread, one after another. Raises the error of earlier work."""
        self._is_writing()
        self._writing.append(self._writer.submit(work, *arguments))

    def _is_writing(self) -> bool:
        """Tell whether the thread has work. Raises the error of earlier work."""
        while self._writing and self._writing[0].done():
            self._writing.popleft().result()
        return bool(self._writing)

    def _write_network(self, record: Record, weights: dict[str, list[np.ndarray]], due: dict[str, bool]) -> np.ndarray:
        """Write what is due of the network at a line: predictions, export, snapshot.

        Returns the predictions for watched digits and followed drawings, (n, 10), or none if they are not due.
        """
        started = time.perf_counter()
        predictions = np.zeros((0, CLASSES), np.float32)
        content = onnx_writer.to_onnx(weights, self._config)
        network = Network(content) if due["predictions"] or due["snapshot"] else None
        if network and due["predictions"]:
            drawings = self._drawings
            images = np.stack([*self._digits, *(drawing.image for drawing in drawings)])
            predictions = np.nan_to_num(network.probabilities(images))
            self._write_predictions(record, drawings, predictions[len(self._digits) :])
            self._prediction_pace.done(started)
        if due["export"]:
            write_atomically(self._run.network_file, content, sync=False)
            self._export_pace.done(started)
        if due["snapshot"]:
            self._snapshots.take(record["step"], *snapshot(self._config, weights, self._digits, network))
            self._snapshot_pace.done(started)
        return predictions

    @property
    def _drawings(self) -> tuple[FollowedDrawing, ...]:
        """Return the followed drawings; none if the data set has no digits."""
        return self.requests.drawings if dataset_info.info(self._config.dataset).is_digits else ()

    def _write_predictions(
        self, record: Record, drawings: tuple[FollowedDrawing, ...], predictions: np.ndarray
    ) -> None:
        if drawings:
            probabilities = dict(zip((drawing.id for drawing in drawings), predictions.round(4).tolist(), strict=True))
            self._predictions.write({"step": record["step"], "epoch": record["epoch"], "probabilities": probabilities})
            self._predictions.flush()

    def export(self) -> None:
        """Export the network as it is now."""
        write_atomically(self._run.network_file, onnx_writer.to_onnx(model.weights(self._network), self._config))

    def close(self) -> None:
        """Finish all writes and save the checkpoint of a cut-off epoch; raise the error of a write that failed."""
        try:
            self._later(self._history.flush)
            self._writer.shutdown()
            self._is_writing()
            if self._checkpoint is not None:
                self._checkpoint.save(self._run.checkpoint)
            self._snapshots.end(self._step, *snapshot(self._config, model.weights(self._network), self._digits))
        finally:
            self._writer.shutdown()
            self._history.close()
            self._predictions.close()


def choose_watched_digits(labels: np.ndarray) -> np.ndarray:
    """Return the places of the test digits that are predicted after each epoch: the first of each class, then others.

    labels: (n,) of the test digits.
    """
    _, first = np.unique(labels, return_index=True)
    others = np.setdiff1d(np.arange(min(len(labels), 2 * MAX_WATCHED_DIGITS)), first)
    return np.concatenate([first, others])[:MAX_WATCHED_DIGITS]
