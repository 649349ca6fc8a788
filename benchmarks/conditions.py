"""Conditions of a measurement: machine, versions and load."""

import contextlib
import datetime
import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import psutil

QUIET_TIMEOUT_SECONDS = 60  # for the machine to become idle
QUIET_PERCENT = 5.0  # of all cores


def print_conditions(*libraries: str, more: str = "") -> None:
    """Print date, machine and versions on two lines that start with `#`."""
    versions = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in libraries)]
    load = psutil.getloadavg()[0]
    print(f"# {datetime.date.today()}, {_processor()}, {os.cpu_count()} cores, load {load:.1f}")
    print(f"# {', '.join(versions)}{more and f', {more}'}", flush=True)


def _processor() -> str:
    with contextlib.suppress(OSError):  # Linux
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    with contextlib.suppress(OSError, subprocess.SubprocessError):  # macOS
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return platform.processor() or platform.machine()


def await_quiet() -> bool:
    """Wait until the machine has been nearly idle for 2 seconds; return whether that happened."""
    end = time.monotonic() + QUIET_TIMEOUT_SECONDS
    while time.monotonic() < end:
        if psutil.cpu_percent(interval=2) < QUIET_PERCENT:
            return True
    return False
