"""What stands in for a training where the engine alone is tested; importable in a worker."""

import os
import time
from pathlib import Path

from trainer.runs import Run


def run_until_told(path: str) -> None:
    """Run until a file named `go` lies in the run directory; the device is this process."""
    run = Run(Path(path))
    run.update(phase="running", device=str(os.getpid()))
    while not (run.path / "go").exists():
        time.sleep(0.01)
    run.update(phase="finished")
