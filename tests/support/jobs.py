"""Stand-ins for a training, importable in a worker."""

import os
import time
from pathlib import Path

from trainer.runs import lease
from trainer.runs.run import Run


def run_until_released(path: str) -> None:
    """Run until the run directory contains a file `go`, or a request to end; the device is the process id.

    Leaves a checkpoint.
    """
    run = Run(Path(path))
    with lease.hold(run, 5.0):
        run.update(phase="running", device=str(os.getpid()))
        while not (run.path / "go").exists() and not run.requests.end:
            time.sleep(0.01)
        run.checkpoint.touch()
        run.update(phase={"": "finished", "pause": "paused", "stop": "stopped"}[run.requests.end])


def run_endlessly(path: str) -> None:
    """Run as long as its process does, whatever its owner requests; the device is the process id."""
    run = Run(Path(path))
    run.update(phase="running", activity="training", device=str(os.getpid()))
    while True:
        time.sleep(1)


def die_once(path: str) -> None:
    """End this process before the run begins; the second time, run until released."""
    died = Path(path) / "died"
    if died.exists():
        run_until_released(path)
    died.touch()
    os._exit(1)
