"""Job: one training in a worker, from the config in a run directory to its results there."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from trainer import UserError
from trainer.analysis import evaluation
from trainer.config.training import TrainingConfig
from trainer.data import datasets, synthetic
from trainer.data.uploads import Uploads
from trainer.drawing.collection import Drawings
from trainer.jobs.cluster import MEMORY_METRIC
from trainer.jobs.reporter import Reporter
from trainer.jobs.scores import count_correct, scores
from trainer.jobs.testing import TestClock, TestEndedError
from trainer.networks import fitting, keras_file, model, onnx_reader
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.hooks import Outcome
from trainer.networks.inference import Network
from trainer.networks.onnx_reader import network_hash
from trainer.processes import lower_priority
from trainer.runs import lease
from trainer.runs.parent import repeat_drawings
from trainer.runs.run import Run
from trainer.runs.state import TESTING, TRAINING, UNTESTED
from trainer.storage.files import DISK_FULL_ERRORS, is_regular_file, read_bytes
from trainer.text import number

MEMORY_POLL_SECONDS = 0.1
HEARTBEAT_SECONDS = 1.0
LEASE_SECONDS = 5.0  # for which a job waits for its run's lease, which the engine holds for moments

KEPT_DATA_BYTES = 250_000_000  # MNIST has 190 MB; larger data are loaded again, so that idle workers stay small

_log = logging.getLogger(__name__)
_data_lock = threading.Lock()
_data: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # the last data set: content hash -> images, labels


def dask_setup(worker: Any) -> None:
    """Prepare a worker for its first job: load Keras, compile with tiny fits and, in a thread, load MNIST."""
    lower_priority()
    # Dask's own figure is up to 5 s old, from before Keras was loaded: a first short job would seem to leave it behind.
    worker.metrics[MEMORY_METRIC] = lambda worker: psutil.Process().memory_info().rss
    threading.Thread(target=_warm_data, daemon=True).start()
    model.warm_up()


def _warm_data() -> None:
    try:
        _training_data(datasets.load())
    except UserError:
        return  # the first job reports the problem to somebody who reads it


def _training_data(dataset: datasets.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the training images, float32 (n, 28, 28), 0 paper .. 1 ink, and the labels, cached for the next job."""
    with _data_lock:
        if dataset.hash not in _data:
            _data.clear()
            _data[dataset.hash] = dataset.images("train"), dataset.labels("train")
        return _data[dataset.hash]


def _release_large_data() -> None:
    with _data_lock:
        if sum(images.nbytes for images, _ in _data.values()) > KEPT_DATA_BYTES:
            _data.clear()


def run(path: str) -> None:
    """Train the run in a directory; write the result or the error there, and raise nothing.

    A run whose last process still writes stays queued. If this one uses more memory than DIGITLAB_MEMORY (GB), it ends
    at once.
    """
    run = Run(Path(path))
    if run.state.phase != "queued":  # its worker died, and a cluster with Dask's defaults tries another
        return
    try:
        with lease.hold(run, LEASE_SECONDS):
            if run.state.phase == "queued":  # still
                _run(run)
                _release_large_data()
    except lease.LeaseHeldError:
        _log.warning("run %s still has another process", run.id)
    except OSError:
        _log.exception("run %s could not begin", run.id)


def _run(run: Run) -> None:
    with _heartbeats(run) as gone, _memory_limit(run):
        try:
            _train(run, gone)
        except UserError as error:
            _end(run, "failed", str(error))
        except OSError as error:
            _log.exception("run %s was interrupted", run.id)
            _end(run, "interrupted", _interruption(run, error))
        except Exception as error:  # nothing else would report it
            _log.exception("run %s failed", run.id)
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            _end(
                run,
                "failed",
                f"Training failed ({reason}): try a smaller network or batch size, and see the training log.",
            )


def _interruption(run: Run, error: OSError) -> str:
    """Return the sentence for a run that an error of the operating system interrupted."""
    then = "press Resume" if run.checkpoint.is_file() else "train again"
    if error.errno in (*DISK_FULL_ERRORS, errno.EROFS, errno.EACCES, errno.EPERM):
        reason = f"The folder for runs must be writable (got: {error.strerror})"
        return f"{reason}: free some space, then {then}."
    return f"Training was interrupted ({error.strerror or error or type(error).__name__}): {then}."


def _end(run: Run, phase: str, error: str) -> None:
    if run.path.is_dir():
        try:
            run.update(phase=phase, activity="", error=error)
        except OSError:  # the engine marks the run as interrupted once the disk allows it
            _log.exception("run %s could not be marked as %s", run.id, phase)


def _train(run: Run, gone: threading.Event) -> None:
    view = run.read()
    config = view.config
    if config is None:
        raise UserError("The run's config.json must be readable (got a damaged file): train again.")
    start = Checkpoint.load(run.checkpoint) if is_regular_file(run.checkpoint) else None
    if start is None and view.requests.end == "stop":
        run.update(phase="stopped", activity="", note="stopped before training started")
        return
    run.update(phase="running", activity="loading the data", device=model.device())
    uploads = Uploads(run.path.parent)
    dataset = datasets.load(config.dataset, uploads.path(config.dataset), shown=view.state.data)
    images, labels = _training_data(dataset)
    drawings = _drawings(run) if config.own_examples else None
    extra = _extra_digits(run, config, drawings)
    run.update(
        activity=TRAINING,
        data=uploads.titles().get(config.dataset, dataset.source),
        data_hash=dataset.hash,
        examples=fitting.training_count(config, len(images)),
        steps=fitting.steps_per_epoch(config, len(images)),
        begun=start.step if start else 0,
        drawings=len(drawings.labels) if drawings else 0,
        **UNTESTED,
    )
    network = model.build(config, len(images))
    if start is None and view.parent:
        parent = _read(run.parent_file)
        model.assign(network, onnx_reader.read(parent, config))
        if drawings:
            run.update(right_before=count_correct(Network(parent), drawings))
    reporter = Reporter(run, config, network, dataset, gone, start)
    try:
        outcome = fitting.fit(network, config, images, labels, reporter, extra, start)
    finally:
        reporter.close()
    seconds = (start.seconds if start else 0.0) + time.perf_counter() - reporter.started
    if outcome.diverged:
        run.network_file.unlink(missing_ok=True)
        raise UserError(
            f"The loss became infinite in epoch {outcome.epochs + 1}: "
            f"train again with a smaller learning rate, such as {number(reporter.requests.learning_rate / 10)}."
        )
    run.update(seconds=seconds, hook_seconds=outcome.hook_seconds)
    reporter.export()
    if outcome.stopped and reporter.control().end == "pause":
        run.update(phase="paused", activity="")
        return
    clock = TestClock(run, 0.0 if outcome.stopped else config.time_limit - seconds)
    run.update(activity=TESTING)
    model.save(network, run.path / keras_file.FILE, network_hash(run.network_file))
    notes = [reporter.why_ended if outcome.stopped else _early_stop(outcome)]
    results: dict[str, Any] = {}
    try:
        if drawings:
            results["right_after"] = count_correct(Network(run.network_file), drawings)
        for found in scores(network, config, dataset, (images, labels), clock):
            results |= found
        _evaluate(run, config, dataset, clock)
    except TestEndedError as ended:
        if run.requests.end == "pause" and not outcome.early:  # it would not find the weights of its best epoch again
            run.update(phase="paused", activity="")
            return
        if "test_accuracy" not in results:
            notes.append(str(ended))
    phase = "stopped" if outcome.stopped else "finished"
    run.update(phase=phase, activity="", note="; ".join(filter(None, notes)), **results)


def _evaluate(run: Run, config: TrainingConfig, dataset: datasets.Dataset, clock: TestClock) -> None:
    """Save the network's predictions for all test images; if that fails, the Evaluate page tries again."""
    clock.restart()
    try:
        evaluation.evaluate(run.network_file, config, dataset, run.path, clock.check)
    except (UserError, OSError):
        _log.warning("run %s was not evaluated", run.id, exc_info=True)


def _extra_digits(run: Run, config: TrainingConfig, drawings: Drawings | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the digits to learn besides the data set: pen digits and own drawings, (n, 28, 28) float32, labels."""
    parts = []
    if config.synthetic_examples:
        run.update(activity="drawing pen digits")
        images, labels = synthetic.extra_digits(config.synthetic_examples)
        parts.append((np.divide(images, 255, dtype=np.float32), labels))
    if drawings:
        parts.append(repeat_drawings(drawings, config.own_examples, config.seed))
    return (np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])) if parts else None


def _drawings(run: Run) -> Drawings:
    try:
        return Drawings.read(_read(run.drawings_file))
    except ValueError:
        raise _damaged(run.drawings_file) from None


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except OSError:
        raise _damaged(path) from None


def _damaged(path: Path) -> UserError:
    return UserError(f"The run's {path.name} must be readable (got a damaged file): train again.")


def _early_stop(outcome: Outcome) -> str:
    return f"stopped early, with the weights of its best epoch, {outcome.best_epoch}" if outcome.early else ""


@contextmanager
def _memory_limit(run: Run) -> Iterator[None]:
    """End this process if it uses more than DIGITLAB_MEMORY; the machine would slow down or end other processes."""
    process, limit = psutil.Process(), float(os.environ.get("DIGITLAB_MEMORY") or "inf")

    def check() -> bool:
        if process.memory_info().rss > limit * 1e9:
            sentence = f"A training may use at most {limit:.1f} GB of memory here (this one needed more)"
            _end(run, "failed", f"{sentence}: choose a smaller batch size or a smaller network.")
            os._exit(1)  # the cluster starts another worker
        return True

    with _every(MEMORY_POLL_SECONDS, check):
        yield


@contextmanager
def _heartbeats(run: Run) -> Iterator[threading.Event]:
    """Give heartbeats during this block; the event is set when the run's folder is gone."""
    gone = threading.Event()

    def beat() -> bool:
        try:
            run.heartbeat()
        except FileNotFoundError:
            gone.set()
        except OSError:  # a disk that refuses this for a moment may not refuse the training's files
            pass
        return not gone.is_set()

    with _every(HEARTBEAT_SECONDS, beat):
        yield gone


@contextmanager
def _every(seconds: float, action: Callable[[], bool]) -> Iterator[None]:
    """Repeat an action in a thread during this block, until it returns False."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(seconds) and action():
            pass

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
