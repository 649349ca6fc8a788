"""Servers, each with runs of its own, and a page to look at them."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from playwright.sync_api import Browser, BrowserContext, Error, Page

from harness.browser import new_context, settle
from harness.server import MNIST, Server
from harness.waiting import wait_for
from trainer.drawing import synthetic_digits
from trainer.runs import lease
from trainer.runs.store import RunStore


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sixth of MNIST where it is, else synthetic digits: many networks learn them."""
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    if MNIST.is_file():
        with np.load(MNIST) as arrays:
            arrays = {name: array[: 10_000 if name.endswith("train") else 2_000] for name, array in arrays.items()}
    else:
        images, labels = synthetic_digits.make_digits(7_000, seed=1)
        arrays = {"x_train": images[:6000], "y_train": labels[:6000], "x_test": images[6000:], "y_test": labels[6000:]}
    np.savez(path, **arrays)
    return path


@pytest.fixture
def start(tmp_path: Path, digits: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Server]]:
    """Start servers, one after the other, on the same run root, each with a training process of its own."""
    monkeypatch.setenv("DIGITLAB_SLOTS", "1")
    with ExitStack() as servers:
        yield lambda: servers.enter_context(Server(tmp_path / "served", digits))


@pytest.fixture(scope="session")
def training_cluster(cluster: LocalCluster, digits: Path) -> LocalCluster:
    """The cluster of all tests, now training on `digits`: training processes of its own would delay each server."""
    with Client(cluster, set_as_default=False) as client:
        client.wait_for_workers(len(cluster.workers))
        client.run(lambda: os.environ.update({"DIGITLAB_DATA": str(digits)}))  # the method alone would bring a copy
    for nanny in cluster.workers.values():
        nanny.env["DIGITLAB_DATA"] = str(digits)  # for workers that replace a killed one
    return cluster


@pytest.fixture(scope="session")
def new_server(
    tmp_path_factory: pytest.TempPathFactory, digits: Path, chromium: str, training_cluster: LocalCluster
) -> Callable[[], Server]:
    """Start a server that trains in the cluster of all tests, with runs of its own."""
    return lambda: Server(
        tmp_path_factory.mktemp("server") / "runs", digits, scheduler=training_cluster.scheduler_address
    )


@pytest.fixture(scope="session")
def server(new_server: Callable[[], Server]) -> Iterator[Server]:
    """The server of all tests that others' runs do not disturb."""
    with new_server() as server:
        yield server


@pytest.fixture(scope="module")
def own_server(new_server: Callable[[], Server]) -> Iterator[Server]:
    """A fresh server, without others' runs."""
    with new_server() as server:
        yield server


def stop_trainings(server: Server) -> None:
    """Stop what trains on a server: it would compete with the trainings of the next test."""
    store = RunStore(server.runs)
    for run in store.live():
        run.request("stop")
    wait_for(lambda: not any(lease.state(run) == "held" for run in store.live()))  # a test may only have written others


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """The browser context of the tests' pages, with a blank page that stays: the others are rendered in its process.

    A page in a process of its own compiles the app's scripts once more, which takes a second of processor time.
    """
    with new_context(browser, reduced_motion="reduce") as context:  # what moves as a page loads costs a third of it
        blank = context.new_page()
        blank.route("**/*", lambda route: route.fulfill(body=""))
        blank.goto("http://127.0.0.1/")  # the site of every server
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page of a new visitor."""
    context.clear_cookies()
    context.clear_permissions()
    yield settle(context.new_page())
    for page in context.pages[1:]:
        page.close()


@pytest.fixture(autouse=True)
def no_training_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Stop the trainings that a test leaves on a shared server."""
    yield
    for name in {"server", "own_server"}.intersection(request.fixturenames):
        stop_trainings(request.getfixturevalue(name))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add to the report of a failed test what its page and its server showed: elsewhere nobody can look at them."""
    report: Any = yield
    if report.when == "call" and report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Page):
                report.sections.append((f"what was on {name}", shown(value)))
            elif isinstance(value, Server):
                report.sections.append((f"what {name} printed", value.log.read_text()[-3000:]))
    return report


def shown(page: Page) -> str:
    """Return a page's state, its text, and the last that its console said."""
    try:
        app = page.evaluate(
            """() => {
                const app = document.querySelector("[data-testid=stApp]")
                return `${app?.dataset.testConnectionState}, script ${app?.dataset.testScriptState}`
            }"""
        )
        text = page.evaluate("document.body.innerText")[:3000]
        console = [message.text[:300] for message in page.console_messages()[-30:]]
    except Error as error:
        return str(error)
    return "\n".join([page.url, app, text, "console:", *console, "errors:", *map(str, page.page_errors())])
