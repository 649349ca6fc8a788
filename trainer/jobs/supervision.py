"""Supervision of the running jobs: which do not respond, and which workers must be ended for that."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping

from trainer.jobs import testing
from trainer.jobs.cluster import Worker
from trainer.jobs.heartbeats import Silences
from trainer.runs.run import Run
from trainer.runs.state import TESTING, TRAINING

HANG_SECONDS = 30.0  # without a heartbeat, after which a worker is ended; importing Keras may silence it for seconds
MAX_GROWTH = 500_000_000  # bytes that a worker may use above its least between jobs: TensorFlow keeps part of each
STOP_SECONDS = 10.0  # for which a job may go on after a request to end, or after its time limit


class Supervision:
    """Observes the workers and the runs that they train, about once a second."""

    def __init__(self) -> None:
        self._silences = Silences()
        self._least_memory: dict[str, int] = {}  # of workers after a job, by their address; 0 during their first job

    def silence(self, run: Run) -> float:
        """Return for how many seconds an observed run has given no heartbeat; any thread may ask."""
        return self._silences.seconds(_names(run.id)[0], run.last_heartbeat)

    def observe(self, workers: Iterable[Worker], jobs: Mapping[str, Run]) -> dict[str, str]:
        """Return the addresses of the workers that must be ended now, with the reasons.

        jobs: the runs that are handed out, by the key of their task. A job that goes on after its time limit gets the
        request to stop.
        """
        observed: set[str] = set()

        def seconds(name: str, value: object) -> float:
            observed.add(name)
            return self._silences.observe(name, value)

        endless = {key for key, run in jobs.items() if self._is_endless(run, seconds)}
        ended: dict[str, str] = {}
        for worker in workers:
            name = f"worker {worker.address}"
            if seconds(name, worker.last_heartbeat) > HANG_SECONDS:
                ended[worker.address] = "it gives no heartbeat"
            elif self._has_grown(worker):
                ended[worker.address] = "its memory has grown"
            elif endless.intersection(worker.keys):
                ended[worker.address] = "its job does not end"
            if worker.address in ended:  # if that fails, it is tried again after as long
                observed.discard(name)
                observed -= {name for key in worker.keys if key in jobs for name in _names(jobs[key].id)}
        self._silences.keep(observed)
        return ended

    def _has_grown(self, worker: Worker) -> bool:
        """Tell whether an idle worker keeps too much memory, which its next training would be blamed for."""
        if worker.keys:
            self._least_memory.setdefault(worker.address, 0)
            return False
        if not worker.memory or worker.address not in self._least_memory:  # a new worker is yet to load Keras
            return False
        least = min(worker.memory, self._least_memory[worker.address] or worker.memory)
        self._least_memory[worker.address] = least
        return worker.memory - least > MAX_GROWTH

    def _is_endless(self, run: Run, seconds: Callable[[str, object], float]) -> bool:
        """Tell whether a job does not obey a request to end."""
        view = run.read()
        state, requests = view.state, view.requests
        if state.phase != "running":
            return False
        heartbeat, training, end = _names(run.id)
        seconds(heartbeat, run.last_heartbeat)
        if requests.end:
            patience = STOP_SECONDS + (2 * testing.MAX_SECONDS if state.activity == TESTING else 0)
            return seconds(end, (requests.ends, state.activity)) > patience
        if state.activity == TRAINING and view.config is not None:
            if seconds(training, state.begun) > view.config.time_limit + STOP_SECONDS:
                with contextlib.suppress(OSError):  # tried again
                    run.request("stop")
        return False


def _names(run_id: str) -> tuple[str, str, str]:
    """Return the names under which a run is observed."""
    return f"heartbeat {run_id}", f"training {run_id}", f"end {run_id}"
