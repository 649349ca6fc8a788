"""What a figure depends on besides the app: the machine, its versions, and what else it does."""

import contextlib
import datetime
import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import psutil

WAIT = 60  # seconds at most for the machine to come to rest
QUIET = 5.0  # percent of all cores


def print_conditions(*libraries: str, more: str = "") -> None:
    """Print the day, the machine and the versions, two lines behind `#`."""
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
    """Wait until the machine has done next to nothing for 2 seconds; say whether that came about."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if psutil.cpu_percent(interval=2) < QUIET:
            return True
    return False
