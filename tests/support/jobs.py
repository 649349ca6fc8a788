"""A stand-in for a training, importable in a worker."""

import os
import time
from pathlib import Path

from trainer.runs.run import Run


def run_until_released(path: str) -> None:
    """Run until the run directory contains a file `go`, or a request to end; the device is the process id.

    Leaves a checkpoint.
    """
    run = Run(Path(path))
    run.update(phase="running", device=str(os.getpid()))
    while not (run.path / "go").exists() and not run.requests.end:
        time.sleep(0.01)
    run.checkpoint.touch()
    run.update(phase={"": "finished", "pause": "paused", "stop": "stopped"}[run.requests.end])
