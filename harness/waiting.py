"""Waiting for other threads and processes."""

import time
from collections.abc import Callable
from typing import Any

TIMEOUT_SECONDS = 300  # generous, because the machine may be busy


def wait_for(condition: Callable[[], Any], seconds: float = TIMEOUT_SECONDS) -> Any:
    """Wait until `condition()` is true and return its value."""
    end, pause = time.monotonic() + seconds, 0.02
    while not (value := condition()):
        assert time.monotonic() < end, f"the condition was not met within {seconds:g} s"
        time.sleep(pause)
        pause = min(0.2, 1.2 * pause)  # whoever is waited for needs the processor more
    return value
