"""Waiting for what happens elsewhere, and what stands in for a training; importable in a worker."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainer.runs.run import Run

PATIENCE = 300  # seconds, on a machine that may be busy


def wait_for(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait until `condition()` is true and return it."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return value


def run_until_told(path: str) -> None:
    """Run until a file named `go` lies in the run directory, or an end is wished; the device is this process.

    A pause leaves a checkpoint, and so does the end.
    """
    run = Run(Path(path))
    run.update(phase="running", device=str(os.getpid()))
    while not (run.path / "go").exists() and not run.requests.end:
        time.sleep(0.01)
    run.checkpoint.touch()
    run.update(phase={"": "finished", "pause": "paused", "stop": "stopped"}[run.requests.end])
