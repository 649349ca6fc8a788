"""What stands in for a training; importable in a worker."""

import os
import time
from pathlib import Path

from trainer.runs.run import Run


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
