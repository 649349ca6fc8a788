"""Waiting for other threads and processes."""

import time
from collections.abc import Callable
from typing import Any

TIMEOUT_SECONDS = 300  # generous, because the machine may be busy


def wait_for(condition: Callable[[], Any], seconds: float = TIMEOUT_SECONDS) -> Any:
    """Wait until `condition()` is true and return its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"the condition was not met within {seconds:g} s"
        time.sleep(0.02)
    return value
