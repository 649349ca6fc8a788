"""Processes of our own: their priority, and short ones that do one thing and return it, or refuse with a sentence."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from trainer import UserError

ROOT = Path(__file__).parents[1]  # the folder that holds `trainer`
REFUSED = 3  # the status of a process whose last line of error output is meant for the user

_log = logging.getLogger(__name__)


def lower_priority() -> None:
    """Give this process a nice value of 10: whoever draws or looks comes first."""
    if hasattr(os, "setpriority"):  # not on Windows
        os.setpriority(os.PRIO_PROCESS, 0, 10)


def run_helper(module: str, arguments: Sequence[str], input: bytes, timeout: float) -> bytes:
    """Run `python -m module arguments`, wait for it, and return what it wrote to its standard output.

    timeout: seconds. Raises UserError with the process's own sentence where it refused (see `refusing`), OSError where
    it could not be started, subprocess.TimeoutExpired where it took too long, and, after its error output went to the
    log, subprocess.CalledProcessError where it failed otherwise.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        input=input,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        timeout=timeout,
    )
    errors = done.stderr.decode(errors="replace").strip()
    if done.returncode == REFUSED:
        raise UserError((errors.splitlines() or [""])[-1])
    if done.returncode:
        _log.warning("%s failed (status %s): %s", module, done.returncode, errors[-2000:])
    done.check_returncode()
    return done.stdout


@contextmanager
def refusing() -> Iterator[None]:
    """End this process, started by `run_helper`, with the sentence of a UserError raised in the block."""
    try:
        yield
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)
