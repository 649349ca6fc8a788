"""One training inside a worker: a config in, the run directory out."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil

from trainer import UserError
from trainer.analysis import evaluation
from trainer.config.training import TrainingConfig
from trainer.data import datasets
from trainer.data.uploads import Uploads
from trainer.drawing.collection import Drawings
from trainer.jobs.reporter import Reporter
from trainer.networks import fitting, keras_file, model, onnx_reader
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.inference import Network
from trainer.networks.onnx_reader import network_hash
from trainer.processes import lower_priority
from trainer.runs.parent import repeated
from trainer.runs.run import Run
from trainer.storage.files import read_bytes, regular
from trainer.text import number

MEMORY_LOOK = 0.1  # seconds between two looks at how much memory is taken

_log = logging.getLogger(__name__)
_data_lock = threading.Lock()
_data: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # content hash -> training images float32, labels


def dask_setup(worker: object) -> None:
    """Warm a worker before its first job: Keras, tiny fits that compile, and the data, in the background."""
    lower_priority()
    threading.Thread(target=_warm_data, daemon=True).start()
    model.warm_up()


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
    """Train what the run directory asks for; whatever happens is written there, if that can be, and nothing is raised.

    Where it takes more memory than DIGITLAB_MEMORY says, in GB, this process ends at once.
    """
    run = Run(Path(path))
    if run.state.phase != "queued":  # its first worker died, and a cluster of default settings tries another
        return
    with _signs_of_life(run) as gone, _within_memory(run):
        try:
            _train(run, gone)
        except UserError as error:
            _end(run, "failed", str(error))
        except OSError as error:
            _log.exception("run %s broke off", run.id)
            then = "press Resume" if run.checkpoint.is_file() else "train it again"
            reason = f"The folder for runs must be writable (got: {error.strerror or error})"
            _end(run, "interrupted", f"{reason}: free some space, then {then}.")
        except Exception as error:  # nobody stands above a job
            _log.exception("run %s failed", run.id)
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            _end(
                run,
                "failed",
                f"Training broke off ({reason}): try a smaller network or batch, and see the training log.",
            )


def _end(run: Run, phase: str, error: str) -> None:
    if run.path.is_dir():
        try:
            run.update(phase=phase, activity="", error=error)
        except OSError:  # then the engine says that it has ended, once that can be written
            _log.exception("run %s: that it %s could not be written", run.id, phase)


def _train(run: Run, gone: threading.Event) -> None:
    view = run.read()
    config = view.config
    if config is None:
        raise UserError("The run's config.json must be what the page wrote (got something else): train it again.")
    start = Checkpoint.load(run.checkpoint) if regular(run.checkpoint) else None
    if start is None and view.requests.end == "stop":
        run.update(phase="stopped", activity="", note="stopped before it began")
        return
    run.update(phase="running", activity="loading the data", device=model.device())
    uploads = Uploads(run.path.parent)
    dataset = datasets.load(config.dataset, uploads.path(config.dataset))
    images, labels = _training_data(dataset)
    drawings = _drawings(run) if config.own_examples else None
    extra = _more_digits(run, config, drawings)
    run.update(
        activity="training",
        data=uploads.titles().get(config.dataset, dataset.source),
        data_hash=dataset.hash,
        examples=fitting.training_count(config, len(images)),
        steps=fitting.steps_per_epoch(config, len(images)),
        begun=start.step if start else 0,
        drawings=len(drawings.labels) if drawings else 0,
    )
    network = model.build(config, len(images))
    if start is None and view.parent:
        parent = _read(run.parent_file)
        model.assign(network, onnx_reader.read(parent, config))
        if drawings:
            run.update(right_before=_right(Network(parent), drawings))
    reporter = Reporter(run, config, network, dataset, gone, start)
    try:
        outcome = fitting.fit(network, config, images, labels, reporter, extra, start)
    finally:
        reporter.close()
    seconds = (start.seconds if start else 0.0) + time.perf_counter() - reporter.started
    if outcome.diverged:
        run.network_file.unlink(missing_ok=True)
        raise UserError(
            f"The loss grew beyond all numbers in epoch {outcome.epochs + 1}, so this network learns nothing more: "
            f"try a smaller learning rate, such as {number(reporter.requests.learning_rate / 10)}."
        )
    run.update(seconds=seconds, hook_seconds=outcome.hook_seconds)
    reporter.export()
    if outcome.stopped and reporter.requests.end == "pause":
        run.update(phase="paused", activity="")
        return
    run.update(activity="reading the test digits")
    model.save(network, run.path / keras_file.FILE, network_hash(run.network_file))
    test_loss, test_accuracy = model.evaluate(network, dataset.images("test"), dataset.labels("test"))
    _evaluate(run, config, dataset)
    run.update(
        phase="stopped" if outcome.stopped else "finished",
        activity="",
        note=reporter.why_ended if outcome.stopped else _early_stop(outcome),
        test_loss=test_loss,
        test_accuracy=test_accuracy,
        right_after=_right(Network(run.network_file), drawings) if drawings else None,
    )


def _evaluate(run: Run, config: TrainingConfig, dataset: datasets.Dataset) -> None:
    """Keep what the network says of every test image; where that fails the page that shows it tries again."""
    try:
        evaluation.make(run.network_file, config, dataset, run.path)
    except (UserError, OSError):
        _log.warning("run %s was not evaluated", run.id, exc_info=True)


def _more_digits(run: Run, config: TrainingConfig, drawings: Drawings | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Return what is learned besides the data set: pen digits in many styles, and own drawings, float32 as all."""
    parts = []
    if config.synthetic_examples:
        run.update(activity="drawing pen digits in many styles")
        images, labels = datasets.synthetic(config.synthetic_examples)
        parts.append((np.divide(images, 255, dtype=np.float32), labels))
    if drawings:
        parts.append(repeated(drawings, config.own_examples, config.seed))
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
    return UserError(f"The run's {path.name} must be what the page wrote (got something else): train it again.")


def _right(network: Network, drawings: Drawings) -> int:
    """Count the drawings that a network reads as what was meant."""
    said = network.probabilities(np.divide(drawings.images, 255, dtype=np.float32)).argmax(axis=1)
    return int((said == drawings.labels).sum())


def _early_stop(outcome: fitting.Outcome) -> str:
    return f"stopped early, back at its best in epoch {outcome.best_epoch}" if outcome.early else ""


@contextmanager
def _within_memory(run: Run) -> Iterator[None]:
    """End this process when it takes more memory than it may: else the machine would end others, or stand still."""
    process, most = psutil.Process(), float(os.environ.get("DIGITLAB_MEMORY") or "inf")

    def look() -> bool:
        if process.memory_info().rss > most * 1e9:
            sentence = f"A training may take at most {most:.1f} GB of memory here (this one needed more)"
            _end(run, "failed", f"{sentence}: choose a smaller batch or a smaller network.")
            os._exit(1)  # a fresh one takes its place
        return True

    with _every(MEMORY_LOOK, look):
        yield


@contextmanager
def _signs_of_life(run: Run) -> Iterator[threading.Event]:
    """Touch the run's state every second; the event tells that its folder is gone."""
    gone = threading.Event()

    def beat() -> bool:
        try:
            run.live()
        except OSError:
            gone.set()
        return not gone.is_set()

    with _every(1.0, beat):
        yield gone


@contextmanager
def _every(seconds: float, look: Callable[[], bool]) -> Iterator[None]:
    """Call `look` that often beside what is done in this block, until it says that it was the last time."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(seconds) and look():
            pass

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
