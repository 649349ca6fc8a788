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
    """Wait until nothing we started has used much processor time for 2 seconds; say whether that came about."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        before = _processor_seconds()
        time.sleep(2)
        if _processor_seconds() - before < 0.2:
            return True
    return False


def _processor_seconds() -> float:
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            total += sum(process.cpu_times()[:2])
    return total
