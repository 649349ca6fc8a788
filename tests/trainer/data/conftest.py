"""A cache, a Keras cache and a mirror of its own for each test of the data sets."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.data_files import STAND_IN, Arrays, Mirror
from trainer.data import fetch, synthetic
from trainer.data.cache import content_hash


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set an empty cache, an empty Keras cache and no proxy, and make the synthetic digits few."""
    for name in ("DIGITLAB_DATA", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DIGITLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(synthetic, "COUNTS", (25, 15))
    monkeypatch.setattr(synthetic, "DRAWN_PER_SEED", 20)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Arrays:
    """Let a few random images pass for MNIST."""
    monkeypatch.setattr(fetch, "MNIST_HASH", content_hash(STAND_IN.values()))
    return STAND_IN


@pytest.fixture
def keras_cache(tmp_path: Path) -> Path:
    file = tmp_path / "keras" / "datasets" / "mnist.npz"
    file.parent.mkdir(parents=True)
    return file


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    mirror = Mirror()
    thread = threading.Thread(target=mirror.server.serve_forever, args=(0.01,))
    thread.start()
    yield mirror
    mirror.over.set()
    mirror.server.shutdown()
    mirror.server.server_close()
    thread.join()
