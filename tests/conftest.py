"""Fixtures for all tests: separate run and cache folders, MNIST if available, a cluster, the app, and Chromium."""

import gc
import os
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import dask
import numpy as np
import pytest
import streamlit as st
from distributed import Client, LocalCluster
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from harness.browser import NO_CHROMIUM, find_chromium, open_chromium
from harness.server import MNIST, ROOT
from harness.waiting import TIMEOUT_SECONDS
from tests.support.apps import TINY
from trainer.drawing import synthetic_digits
from trainer.drawing.collection import Collection
from trainer.jobs.host import DASK_SETTINGS
from trainer.networks import model, onnx_writer
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.runs.store import RunStore

settings.register_profile("in any time", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("in any time")  # the machine may be busy


@pytest.fixture(scope="session", autouse=True)
def cache_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep downloaded and generated data out of the user's caches."""
    with pytest.MonkeyPatch.context() as patch:
        directory = tmp_path_factory.mktemp("cache")
        patch.setenv("DIGITLAB_CACHE", str(directory))
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        patch.delenv("DIGITLAB_DATA", raising=False)
        patch.delenv("DIGITLAB_SCHEDULER", raising=False)
        patch.setenv("DIGITLAB_NICE", "5")  # on a busy machine, what has a nice value of 10 stands still
        yield directory


@pytest.fixture(scope="session", autouse=True)
def scanned_once() -> Iterator[None]:
    """Let Streamlit scan the installed packages for components once: it takes half a second per AppTest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


freeze_once = cache(gc.freeze)  # gc.get_freeze_count takes a tenth of a second


@pytest.fixture(autouse=True)
def frozen_keras() -> None:
    """Exclude Keras's objects from garbage collection, which Streamlit runs twice after each run of an AppTest."""
    if "keras" in sys.modules:
        freeze_once()


@pytest.fixture(scope="module", autouse=True)
def frozen_leftovers() -> None:
    """Exclude what earlier modules left behind too, such as TensorFlow's graphs: an AppTest would take seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # Dask leaves the sockets of hosts that were killed
        gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def runs_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "runs"
    monkeypatch.setenv("DIGITLAB_RUNS", str(directory))
    return directory


@pytest.fixture(autouse=True)
def main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore the main module that AppTest replaces: a restarted Dask worker would run the app as its main module."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(scope="session")
def mnist_path() -> Path:
    if not MNIST.is_file():
        pytest.skip(f"MNIST was not found at {MNIST}: set DIGITLAB_TEST_MNIST to its file")
    return MNIST


@pytest.fixture(scope="session")
def ones() -> np.ndarray:
    """Twelve synthetic drawings of a 1: (12, 28, 28) uint8."""
    images, labels = synthetic_digits.make_digits(200, seed=9)
    return images[labels == 1][:12]


@pytest.fixture
def mine(tmp_path: Path, ones: np.ndarray) -> Collection:
    """Twelve drawings of a 1 that their owner labeled 7."""
    collection = Collection(tmp_path / "mine")
    for image in ones:
        collection.add(image / np.float32(255), 7, 1)
    return collection


@pytest.fixture(scope="session")
def few_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data file of 600 synthetic digits, in Keras's layout."""
    images, labels = synthetic_digits.make_digits(600, seed=3)
    path = tmp_path_factory.mktemp("data") / "few_digits.npz"
    np.savez(path, x_train=images[:500], y_train=labels[:500], x_test=images[500:], y_test=labels[500:])
    return path


@pytest.fixture(scope="session")
def cluster(few_digits: Path) -> Iterator[LocalCluster]:
    """A Dask cluster of two workers that train on few digits."""
    dask.config.set(DASK_SETTINGS)
    environment = {"DIGITLAB_DATA": str(few_digits)}  # also for workers that replace a killed one
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        memory_limit=0,  # as in `host`
        env=environment,
    ) as cluster:
        with Client(cluster, set_as_default=False) as client:
            client.wait_for_workers(2)
        yield cluster


@pytest.fixture
def app(
    cluster: LocalCluster, few_digits: Path, runs_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AppTest]:
    """The app, without a browser."""
    monkeypatch.setenv("DIGITLAB_SCHEDULER", cluster.scheduler_address)
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_SECONDS)
    yield app
    if "engine" in app.session_state:
        app.session_state.engine.close()
    st.cache_resource.clear()


@pytest.fixture
def network_run(runs_directory: Path) -> Run:
    """A finished run with an untrained network."""
    run = RunStore(runs_directory).create(TINY, owner_hash("somebody"))
    (run.path / "model.onnx").write_bytes(onnx_writer.to_onnx(model.weights(model.build(TINY)), TINY))
    run.update(phase="finished", test_accuracy=0.1234, device="CPU", data="MNIST", seconds=3.0)
    return run


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; without it the test is skipped, or fails with REQUIRE_BROWSER=1."""
    path = find_chromium()
    if not path and os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(f"{NO_CHROMIUM}, and REQUIRE_BROWSER=1 asks for one", pytrace=False)
    if not path:
        pytest.skip(NO_CHROMIUM)
    return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser


LONGEST = ("test_train_steering", "test_train")  # run first of those in browser/, else one worker ends alone with them
SLOW_FOLDERS = {"browser", "pages", "robustness"}
SLOW_FIXTURES = {"app", "page", "cluster", "chromium"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow tests, which `run.py test --fast` leaves out, and run those in browser/ last, the longest first.

    Last also because Playwright keeps an event loop in the tests' thread, where no other one can run then.
    """
    for item in items:
        folders = item.path.relative_to(ROOT / "tests").parts
        if "browser" in folders:
            item.add_marker(pytest.mark.browser)
            item.fixturenames.insert(0, "chromium")  # before a server is started in vain
        if SLOW_FOLDERS.intersection(folders) or SLOW_FIXTURES.intersection(item.fixturenames):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: (item.get_closest_marker("browser") is not None, item.path.stem not in LONGEST))


@pytest.hookimpl(wrapper=True, tryfirst=True)  # print after everything else
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    yield
    skipped = [report for report in terminalreporter.getreports("skipped") if NO_CHROMIUM in str(report.longrepr)]
    if skipped:
        terminalreporter.line(f"{len(skipped)} tests in the browser were skipped, because {NO_CHROMIUM}.")
        terminalreporter.line("Install Chromium with `python run.py browser`.")
