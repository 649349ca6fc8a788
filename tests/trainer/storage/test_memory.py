"""Caches in memory: what they count, and what they drop."""

import sys
import threading
from dataclasses import dataclass

import numpy as np
import pytest

from harness.waiting import TIMEOUT_SECONDS
from trainer.storage.memory import OVERHEAD_BYTES, ByteCache, cached, content_key, memory_bytes


@dataclass(frozen=True)
class Pair:
    first: np.ndarray
    second: str


def test_arrays_count_with_their_values_wherever_those_lie(tmp_path):
    array = np.zeros(10_000, np.uint8)
    view = np.frombuffer(bytearray(10_000), np.uint8)
    assert 10_000 <= memory_bytes(array) < 10_300 and 10_000 <= memory_bytes(view) < 10_300
    np.save(tmp_path / "mapped.npy", array)
    assert memory_bytes(np.load(tmp_path / "mapped.npy", mmap_mode="r")) < 1_000  # the system can drop its pages
    assert 20_000 <= memory_bytes([Pair(array, "x" * 10_000)]) < 22_000
    assert 30_000 <= memory_bytes({"a": (array, array), "b": {"c": "x" * 10_000}}) < 32_000


@pytest.mark.parametrize("value", [None, 3, 0.5, "text", b"", [], {}, (), object(), dict, Pair])
def test_anything_can_be_measured(value):
    assert memory_bytes(value) == sys.getsizeof(value)


def test_what_was_used_least_recently_goes_first():
    calls = []

    @cached(3 * (10_000 + OVERHEAD_BYTES), size=len)
    def read(name, length=10_000):
        calls.append(name)
        return name * length

    for name in ("a", "b", "c", "a", "d"):  # d takes the place of b
        read(name)
    assert calls == ["a", "b", "c", "d"]
    assert [read(name)[0] for name in ("a", "c", "d", "b")] == ["a", "c", "d", "b"]
    assert calls == ["a", "b", "c", "d", "b"]
    for _ in range(2):
        assert len(read("e", 40_000)) == 40_000  # too large: it is read again, and drops nothing
    assert calls[-2:] == ["e", "e"]


def test_no_thread_waits_for_what_another_computes():
    release, entered = threading.Event(), threading.Event()

    @cached(1_000)
    def read(name):
        if name == "slow":
            entered.set()
            assert release.wait(TIMEOUT_SECONDS)
        return name

    slow = threading.Thread(target=read, args=("slow",))
    slow.start()
    assert entered.wait(TIMEOUT_SECONDS) and read("fast") == "fast"
    release.set()
    slow.join()


def test_a_cache_never_holds_more_than_its_budget():
    cache = ByteCache(1_000_000)
    for number in range(500):
        cache[number] = np.zeros(number * 100, np.uint8)
        assert cache.currsize <= 1_000_000
    assert 499 in cache and len(cache) < 500


def test_arrays_with_the_same_content_share_a_result():
    calls = []

    @cached(10_000, key=content_key)
    def total(array, weights=None):
        calls.append(array)
        return float(array.sum())

    array = np.arange(6, dtype=np.uint8)
    for same in (array, array.copy(), np.repeat(array, 2)[::2]):
        assert total(same, weights=[1, 2]) == 15.0
    assert len(calls) == 1
    for other in (array.reshape(2, 3), array.astype(np.uint16), array + 1):
        total(other, weights=[1, 2])
    assert total(array, weights=[1, 3]) == 15.0 and len(calls) == 5
