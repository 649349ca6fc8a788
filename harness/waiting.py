"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 300  # seconds, on a machine that may be busy


def wait_for(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait until `condition()` is true and return it."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return value
