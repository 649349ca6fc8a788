"""What a training writes into its run directory while it goes on, and what it is told there.

It is called some 25 times an epoch; every microsecond here is taken from training. So what takes longer than a line
of text (the checkpoint, the growing network, the readings) gets a copy of the weights and is done beside the training,
and seldom enough to stay below a share of its time.
"""

from __future__ import annotations

import io
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from trainer.config import dataset_info
from trainer.config.limits import CLASSES
from trainer.config.training import TrainingConfig
from trainer.data.datasets import Dataset
from trainer.networks import model, onnx_writer
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.fitting import Control, Hooks, steps_per_epoch
from trainer.networks.inference import Network
from trainer.runs.history import WATCHED
from trainer.runs.requests import FollowedDrawing, Requests
from trainer.runs.run import Run
from trainer.storage.arrays import write_arrays
from trainer.storage.files import Record, append, appending, line, read_bytes, records, regular, write_whole

SNAPSHOTS = 16  # of the first layer
EXPORT = (2.0, 0.01)  # seconds between two exports of the growing network at least, and its share of the time at most
READING = (0.1, 0.03)  # of two readings of the followed drawings
KEEPING = (0.05, 0.01)  # of two snapshots of the first layer
GLANCE = 0.05  # seconds between two looks at the requests, and between two writes of lines


class Pace:
    """Says when something is due again: after some seconds at least, and seldom enough for its share of the time."""

    def __init__(self, seconds: float, share: float) -> None:
        self._seconds, self._share = seconds, share
        self._due = time.perf_counter() + seconds

    def due(self, now: float) -> bool:
        return now >= self._due

    def done(self, begun: float) -> None:
        now = time.perf_counter()
        self._due = now + max(self._seconds, (now - begun) / self._share)


class Reporter(Hooks):
    """Reports a training of `network` to `run`, from its first update or from a checkpoint on."""

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
        self._control, self._glance = Control(), 0.0
        self.requests = Requests.of(config, ())
        self._history = _Lines(run.path / "history.jsonl", start)
        self._readings = _Lines(run.path / "readings.jsonl", start)
        self._step = start.step if start else 0
        self._flush = 0.0
        self._checkpoint: Checkpoint | None = None
        self._writer = ThreadPoolExecutor(1)
        self._writing: Future[Any] | None = None
        self._export, self._reading, self._keeping = Pace(*EXPORT), Pace(*READING), Pace(*KEEPING)
        self._process = psutil.Process()
        watched = watched_digits(dataset.labels("test"))
        self._digits = dataset.images("test", watched)
        self._snapshots = _Snapshots(run, start)
        if start is None:
            digits = {"images": dataset.x_test[watched], "labels": dataset.y_test[watched]}
            self._later(write_arrays, run.path / "digits.npz", digits)
            self._snapshots.take(0, model.first_weights(model.weights(network), config))

    # --- what the training is told ----------------------------------------------------------------------------

    def control(self) -> Control:
        """Return how to go on; the requests are looked at now and then, and read only when their file has grown."""
        now = time.perf_counter()
        if now >= self._glance:
            self._glance = now + GLANCE
            self._control = self._read_control(now)
        return self._control

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
                self._reading = Pace(0, READING[1])  # a new one is read at once
        return self.requests

    # --- what it reports --------------------------------------------------------------------------------------

    def checkpoint(self, make: Callable[[], Checkpoint]) -> None:
        self._checkpoint = make()

    def report(self, record: Record) -> None:
        self._step = record["step"]
        if record["kind"] == "epoch":
            self._end_epoch(record)
            return
        self._history.write(record)
        now = time.perf_counter()
        if now < self._flush:
            return
        self._flush = now + GLANCE
        busy = self._writing is not None and not self._writing.done()
        self._later(self._history.flush)
        if busy:
            return
        due = self._due(now)
        if any(due.values()) and math.isfinite(record.get("loss", math.nan)):
            self._later(self._look, record, model.weights(self._network), due)

    def _end_epoch(self, record: Record) -> None:
        """Write an epoch's line once its checkpoint is safe: no epoch that was shown gets lost."""
        checkpoint, self._checkpoint = self._checkpoint, None
        due = {**self._due(time.perf_counter()), "read": True, "keep": self._snapshot_due}

        def write() -> None:
            assert checkpoint is not None  # its hook was called just before
            record["memory"] = self._process.memory_info().rss
            said = self._look(record, checkpoint.weights, due)
            record["reads"] = said[: len(self._digits)].argmax(axis=1).tolist()
            checkpoint.save(self._run.checkpoint)  # at last: who is killed before the line is there loses the line
            self._history.write(record)
            self._history.flush()

        self._later(write)

    def _due(self, now: float) -> dict[str, bool]:
        return {
            "read": bool(self._drawings) and self._reading.due(now),
            "export": self._export.due(now),
            "keep": self._keeping.due(now) and self._snapshot_due,
        }

    @property
    def _snapshot_due(self) -> bool:
        return self._snapshots.due(self._step, self.requests.epochs * self._steps)

    def _later(self, work: Callable[..., object], *arguments: Any) -> None:
        """Do what takes milliseconds beside the training, in its order."""
        if self._writing is not None and self._writing.done():
            self._writing.result()  # raises what went wrong
        self._writing = self._writer.submit(work, *arguments)

    def _look(self, record: Record, weights: dict[str, list[np.ndarray]], due: dict[str, bool]) -> np.ndarray:
        """Do what is due with the network as it was at this line; return what it said of all images, if that was."""
        begun = time.perf_counter()
        said = np.zeros((0, CLASSES), np.float32)
        content = onnx_writer.to_onnx(weights, self._config)
        if due["read"]:
            drawings = self._drawings
            images = np.stack([*self._digits, *(drawing.image for drawing in drawings)])
            said = np.nan_to_num(Network(content).probabilities(images))
            self._write_readings(record, drawings, said[len(self._digits) :])
            self._reading.done(begun)
        if due["export"]:
            write_whole(self._run.network_file, content, sync=False)
            self._export.done(begun)
        if due["keep"]:
            self._snapshots.take(record["step"], model.first_weights(weights, self._config))
            self._keeping.done(begun)
        return said

    @property
    def _drawings(self) -> tuple[FollowedDrawing, ...]:
        """Return the drawings that are followed: none where it is not digits that are learned."""
        return self.requests.drawings if dataset_info.kind(self._config.dataset).digits else ()

    def _write_readings(self, record: Record, drawings: tuple[FollowedDrawing, ...], said: np.ndarray) -> None:
        if drawings:
            probabilities = dict(zip((drawing.id for drawing in drawings), said.round(4).tolist(), strict=True))
            self._readings.write({"step": record["step"], "epoch": record["epoch"], "probabilities": probabilities})
            self._readings.flush()

    def export(self) -> None:
        """Let the network be drawn with as it is now."""
        write_whole(self._run.network_file, onnx_writer.to_onnx(model.weights(self._network), self._config))

    def close(self) -> None:
        """Finish what is being written, and the checkpoint of a training that ended within an epoch."""
        try:
            self._later(self._history.flush)
            self._writer.shutdown()
            if self._writing is not None:
                self._writing.result()
            if self._checkpoint is not None:
                self._checkpoint.save(self._run.checkpoint)
            self._snapshots.end(self._step, model.first_weights(model.weights(self._network), self._config))
        finally:
            self._history.close()
            self._readings.close()


def watched_digits(labels: np.ndarray) -> np.ndarray:
    """Choose the test digits that each epoch reads again: the first of each class, then the first others."""
    _, first = np.unique(labels, return_index=True)
    others = np.setdiff1d(np.arange(min(len(labels), 2 * WATCHED)), first)
    return np.concatenate([first, others])[:WATCHED]


class _Lines:
    """A file that grows by lines; a training that was resumed begins by taking back what came after its checkpoint."""

    def __init__(self, path: Path, start: Checkpoint | None) -> None:
        if start and regular(path):
            kept = [record for record in records(read_bytes(path)) if not _came_after(start, record)]
            write_whole(path, b"".join(map(line, kept)))
        self._file: io.RawIOBase = appending(path)
        self._waiting: deque[Record] = deque()

    def write(self, record: Record) -> None:
        """Append a line with the next flush."""
        self._waiting.append(record)

    def flush(self) -> None:
        lines = b""
        while self._waiting:
            lines += line(self._waiting.popleft())
        if lines:
            append(self._file, lines)

    def close(self) -> None:
        self._file.close()


def _came_after(start: Checkpoint, record: Record) -> bool:
    if record.get("kind") == "epoch":
        return bool(record.get("epoch", 0) > start.epoch)
    return bool(record.get("step", 0) > start.step)


class _Snapshots:
    """The first layer's weights over the training, evenly spread; when they are too many every second one goes."""

    def __init__(self, run: Run, start: Checkpoint | None) -> None:
        self._path = run.path / "snapshots.npz"
        self._steps: list[int] = []
        self._weights: list[np.ndarray] = []
        if start and (kept := run.snapshots()):
            before = [(int(step), weights) for step, weights in zip(*kept, strict=True) if step <= start.step]
            self._steps, self._weights = [step for step, _ in before], [weights for _, weights in before]

    def due(self, step: int, steps: int) -> bool:
        return bool(self._steps) and step - self._steps[-1] >= steps / (SNAPSHOTS - 1)

    def end(self, step: int, weights: np.ndarray | None) -> None:
        """Let the weights of the end be the last ones."""
        if len(self._steps) >= SNAPSHOTS and self._steps[-1] != step:
            self._steps.pop()
            self._weights.pop()
        self.take(step, weights)

    def take(self, step: int, weights: np.ndarray | None) -> None:
        """Keep these weights, if the network has such as can be shown; the file is written whole each time."""
        if weights is None or self._steps[-1:] == [step]:
            return
        if len(self._steps) >= SNAPSHOTS:
            self._steps, self._weights = self._steps[::2], self._weights[::2]
        self._steps.append(step)
        with np.errstate(over="ignore"):  # where the network diverges
            self._weights.append(weights.astype(np.float16))
        arrays = {"steps": np.array(self._steps), "weights": np.stack(self._weights)}
        write_arrays(self._path, arrays)
