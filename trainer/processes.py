"""Priority of worker processes, and short helper processes that return their output or raise a UserError."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from trainer import UserError

ROOT = Path(__file__).parents[1]  # the folder that holds `trainer`
NICE = 10  # of what nobody waits for at the screen
USER_ERROR_STATUS = 3  # exit status of a helper whose last line of error output is meant for the user

_log = logging.getLogger(__name__)


def nice_value() -> int:
    """Return the nice value of training processes: DIGITLAB_NICE, or 10. Exits if the variable is invalid."""
    setting = os.environ.get("DIGITLAB_NICE") or str(NICE)
    if not setting.isdecimal() or int(setting) > 19:
        sys.exit(f"DIGITLAB_NICE must be a whole number between 0 and 19 (got {setting!r}).")
    return int(setting)


def lower_priority() -> None:
    """Give this process at least `nice_value()`: the server, which answers people, comes first."""
    if hasattr(os, "setpriority"):  # not on Windows
        _lower(0, nice_value())


def lower_thread_priority() -> None:
    """Give this thread a nice value of at least NICE: the threads that answer people come first."""
    if sys.platform == "linux":  # elsewhere all threads of a process share one
        _lower(threading.get_native_id(), NICE)


def _lower(process: int, nice: int) -> None:
    os.setpriority(os.PRIO_PROCESS, process, max(nice, os.getpriority(os.PRIO_PROCESS, process)))


def run_helper(module: str, arguments: Sequence[str], input: bytes, timeout: float) -> bytes:
    """Run `python -m module arguments`, wait for it, and return its standard output.

    timeout: seconds. Raises UserError if the helper reported one (see `report_user_error`), OSError if it could not be
    started, subprocess.TimeoutExpired, and subprocess.CalledProcessError for any other failure, with the error output
    in the log.
    """
    completed = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        input=input,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        timeout=timeout,
    )
    errors = completed.stderr.decode(errors="replace").strip()
    if completed.returncode == USER_ERROR_STATUS:
        raise UserError((errors.splitlines() or [""])[-1])
    if completed.returncode:
        _log.warning("%s failed (status %s): %s", module, completed.returncode, errors[-2000:])
    completed.check_returncode()
    return completed.stdout


@contextmanager
def report_user_error() -> Iterator[None]:
    """In a process started by `run_helper`: exit with the message of a UserError raised in this block."""
    try:
        yield
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(USER_ERROR_STATUS)
