"""Python code in a process of its own."""

import os
import subprocess
import sys

from harness.server import ROOT
from harness.waiting import TIMEOUT_SECONDS


def run_python(code: str, *arguments: str, **environment: str) -> str:
    """Run code in the project's folder and return what it printed; if it fails, the test fails with its errors.

    environment: variables beside those of this process.
    """
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
