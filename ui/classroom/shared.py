"""Values that all visitors of a class look at, read from the disk for all of them about once a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import streamlit as st

from trainer import UserError
from trainer.classroom.classroom import Classroom, Settings

FRESH_SECONDS = 1.0  # for which everybody gets the same value
MAX_VALUES = 500

Value = TypeVar("Value")


def shared(key: Hashable, make: Callable[[], Value]) -> Value:
    """Return the value of a key, made at most once a second by whoever asks first; the others get the one before.

    Nobody waits for somebody else: whoever finds no value at all makes it. An error is not kept.
    """
    values, making = _values(), _making()
    made, value = values.get(key, (float("-inf"), None))
    if key in values and (time.monotonic() - made < FRESH_SECONDS or key in making):
        return value
    making.add(key)
    try:
        value = make()
    except UserError:
        values.pop(key, None)
        raise
    finally:
        making.discard(key)
    if len(values) >= MAX_VALUES:
        values.clear()
    values[key] = time.monotonic(), value
    return value


def expire(key: Hashable) -> None:
    """Let the next one who asks make the value anew."""
    _values().pop(key, None)


def settings(classroom: Classroom) -> Settings:
    """Return the settings of a class, perhaps a second old. Raises UserError if it has ended."""
    return shared(("settings", classroom.code), lambda: classroom.settings)


@st.cache_resource(show_spinner=False)
def _values() -> dict[Hashable, tuple[float, Any]]:
    return {}


@st.cache_resource(show_spinner=False)
def _making() -> set[Hashable]:
    return set()
