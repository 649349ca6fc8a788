"""Caches in memory that are bounded in bytes: what was used least recently goes first."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
import threading
from collections.abc import Callable, Hashable
from typing import Any, ParamSpec, TypeVar

import cachetools
import numpy as np
from cachetools.keys import hashkey

P = ParamSpec("P")
R = TypeVar("R")
OVERHEAD_BYTES = 300  # of an entry: its key, and its places in two dictionaries


def memory_bytes(value: Any) -> int:
    """Estimate the memory of a value: arrays, texts and numbers, and lists, dictionaries and dataclasses of them.

    What two values share is counted twice; a mapped array counts nothing, since the system can drop its pages.
    """
    total, todo = 0, [value]
    while todo:
        part = todo.pop()
        total += sys.getsizeof(part)
        if isinstance(part, np.ndarray):
            total += 0 if isinstance(part, np.memmap) or part.flags.owndata else part.nbytes
        elif isinstance(part, dict):
            todo.extend(part)
            todo.extend(part.values())
        elif isinstance(part, list | tuple | set | frozenset):
            todo.extend(part)
        elif dataclasses.is_dataclass(part) and not isinstance(part, type):
            todo.append(vars(part))
    return total


class ByteCache(cachetools.LRUCache[Any, Any]):
    """Values of together at most `maxsize` bytes. Not thread-safe; raises ValueError for a larger value."""

    def __init__(self, max_bytes: int, size: Callable[[Any], int] = memory_bytes) -> None:
        super().__init__(max_bytes, lambda value: size(value) + OVERHEAD_BYTES)


def content_key(*arguments: Any, **named: Any) -> Hashable:
    """Return the key of a call for `cached`, with arrays and lists by a hash of what they contain."""
    return hashkey(*map(_content, arguments), **{name: _content(value) for name, value in named.items()})


def _content(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        content = hashlib.blake2b(np.ascontiguousarray(value).data, digest_size=16).digest()
        return value.shape, value.dtype.str, content
    return tuple(value) if isinstance(value, list) else value


def cached(
    max_bytes: int, size: Callable[[Any], int] = memory_bytes, key: Callable[..., Hashable] = hashkey
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Cache a function's results, as `functools.lru_cache` does, up to `max_bytes`; a larger result is not cached.

    size: of a result, in bytes; key: of a call, from its arguments. Threads wait for nothing that another computes.
    """
    return cachetools.cached(ByteCache(max_bytes, size), key, threading.Lock())
