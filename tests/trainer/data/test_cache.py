"""The data set cache: memory maps, full and read-only disks, damage."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.support.data_files import npz_bytes, same
from trainer import UserError
from trainer.data import datasets
from trainer.data.cache import Cache
from trainer.data.npz import KEYS
from trainer.storage.memory import ByteCache

pytestmark = pytest.mark.usefixtures("own_cache")


def test_the_cache_comes_before_all_other_sources(stand_in, mirror, keras_cache):
    mirror.answers["/mnist.npz"] = npz_bytes(stand_in)
    datasets.load(mirrors=[mirror.npz])
    keras_cache.write_bytes(b"not even a zip archive")

    data = datasets.load(mirrors=[mirror.npz])
    assert (data.source, data.note) == ("MNIST", "")
    assert mirror.requests == ["/mnist.npz"]


def test_cached_arrays_are_read_only_memory_maps(mirror):
    first, second = datasets.load(mirrors=[]), datasets.load(mirrors=[])
    for data in (first, second):
        for key in KEYS:
            array = getattr(data, key)
            assert isinstance(array, np.memmap) and array.dtype == np.uint8
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1
            assert array is getattr(first, key)  # mapped once: each map takes an open file


def test_arrays_stay_in_memory_when_the_cache_cannot_be_written(tmp_path, stand_in, mirror, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DIGITLAB_CACHE", str(tmp_path / "file" / "cache"))
    mirror.answers["/mnist.npz"] = npz_bytes(stand_in)
    for _ in range(2):
        data = datasets.load(mirrors=[mirror.npz])
        assert same(data, stand_in) and not data.x_train.flags.writeable
    assert datasets.available().source == "MNIST"
    assert len(mirror.requests) == 1


def test_synthetic_digits_stay_in_memory_when_the_cache_cannot_be_written(tmp_path, mirror, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DIGITLAB_CACHE", str(tmp_path / "file" / "cache"))
    first, second = (datasets.load(mirrors=[mirror.npz]) for _ in range(2))
    assert first.x_train is second.x_train and not first.x_train.flags.writeable
    assert len(mirror.requests) == 1


def test_a_full_disk_leaves_no_partial_files(tmp_path, stand_in, keras_cache):
    resource = pytest.importorskip("resource", reason="needs a limit on file sizes, which Windows has not")
    keras_cache.write_bytes(npz_bytes(stand_in))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        data = datasets.load()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert same(data, stand_in) and not data.x_train.flags.writeable
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_dir() and path.name != "datasets"]


def test_damage_in_the_cache_is_found_and_repaired(stand_in, mirror):
    mirror.answers["/mnist.npz"] = npz_bytes(stand_in)
    file = Path(datasets.load(mirrors=[mirror.npz]).y_test.filename)
    whole = file.read_bytes()
    for damaged in (whole[:-1], whole[:-1] + b"\xff", b""):
        file.unlink()
        file.write_bytes(damaged)
        assert datasets.available() is None
        assert same(datasets.load(mirrors=[mirror.npz]), stand_in)
    assert len(mirror.requests) == 4


def test_intact_files_with_new_stamps_are_used_again(tmp_path, stand_in, mirror):
    mirror.answers["/mnist.npz"] = npz_bytes(stand_in)
    datasets.load(mirrors=[mirror.npz])
    (tmp_path / "cache" / "datasets" / "index.json").write_text("{ damaged")
    assert same(datasets.load(mirrors=[]), stand_in)
    assert datasets.available().source == "MNIST"


def saved(cache, number, used):
    """Save a data set of 40 kB that was used at a time."""
    with cache.lock():
        digest = cache.save([np.full(10_000, number, np.uint8) for _ in KEYS])
        cache.set(f"data {number}", digest)
    os.utime(cache.root / digest, (used, used))
    return digest


def test_the_data_sets_used_least_recently_leave_the_disk(monkeypatch):
    cache = Cache()
    first, second, third = (saved(cache, number, used=1e9 + number) for number in range(3))
    assert cache.find("data 0").hash == first  # now it is the last
    mapped = cache.open(second).arrays[0]
    os.utime(cache.root / second, (1e9, 1e9))
    cache.trim(100_000)
    assert cache.find("data 1") is None and mapped[0] == 1  # whoever has it keeps it
    assert cache.find("data 0") and cache.find("data 2")
    cache.trim(0)
    assert not any(cache.open(digest) for digest in (first, second, third))
    monkeypatch.setenv("DIGITLAB_DISK", "0.1")
    monkeypatch.setattr("trainer.data.cache.CACHE_PART", 0.0005)  # 50 kB
    first, second = (saved(cache, number, used=1e9 + number) for number in (5, 6))
    assert cache.open(first) is None and cache.open(second)  # the newest stays in any case


def test_the_index_forgets_what_leads_nowhere_before_what_was_used(monkeypatch):
    monkeypatch.setattr("trainer.data.cache.MAX_INDEX_ENTRIES", 5)
    cache = Cache()
    digest = saved(cache, 0, used=1e9)
    with cache.lock():
        for number in range(10):
            cache.set(f"gone {number}", f"{number:064x}")
        assert cache.find("data 0").hash == digest
        cache.set("failure", [1.0, "why"])
    assert cache.get("failure") == [1.0, "why"] and cache.find("data 0").hash == digest


def test_what_stays_in_memory_is_bounded(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DIGITLAB_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(Cache, "_unwritten", ByteCache(100_000))
    cache = Cache()
    digests = []
    with cache.lock():
        for number in range(4):
            digests.append(cache.save([np.full(10_000, number, np.uint8) for _ in KEYS]))
        assert [cache.open(digest) is not None for digest in digests] == [False, False, True, True]
        with pytest.raises(UserError, match="too large for the memory"):
            cache.save([np.zeros(100_000, np.uint8) for _ in KEYS])
