"""A lost and restored connection to the server: nothing is lost, and the page catches up."""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from harness.browser import LONG_TRAINING, RUNNING, config_of, digit_strokes, draw, epochs_drawn, open_form, train
from harness.server import Server
from harness.waiting import wait_for
from trainer.runs.progress import epochs_done
from trainer.runs.run import Run
from trainer.runs.store import RunStore
from ui.train.link import SETTLE_SECONDS

STATE = "data-test-connection-state"
PROGRESS = re.compile(r"Epoch \d+ of \d+")


class Proxy:
    """TCP proxy to a server whose connections can be cut and restored; the server is reachable at `url`."""

    def __init__(self, server: Server) -> None:
        self._to = urlsplit(server.url).port
        self._broken, self._breaks = threading.Event(), threading.Event()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Close all connections, and every new one at once."""
        self._broken.set()
        for end in list(self._open):
            _end(end)

    def cut_soon(self) -> None:
        """Close them after the next data from the server."""
        self._breaks.set()

    def restore(self) -> None:
        self._breaks.clear()
        self._broken.clear()

    def close(self) -> None:
        self.cut()
        _end(self._listener)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                if self._broken.is_set():
                    _end(near)
                    continue
                far = socket.create_connection(("127.0.0.1", self._to))
                self._open |= {near, far}
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(65536):
                sink.sendall(content)
                if self._breaks.is_set() and source.getpeername()[1] == self._to:
                    self.cut()
        for end in (source, sink):
            _end(end)
            self._open.discard(end)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def wait_for_disconnect(page: Page, seconds: float = 1.2 * SETTLE_SECONDS) -> None:
    """Wait until a page knows that it is disconnected, and then for some seconds more."""
    page.remove_locator_handler(page.locator(RUNNING))  # a broken connection does not report the end of a script
    expect(page.get_by_test_id("stApp")).not_to_have_attribute(STATE, "CONNECTED")
    back = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() > back)


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    proxy = Proxy(server)
    yield proxy
    proxy.close()


@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.long)])
def test_a_lost_connection_loses_nothing(server, page, proxy, seconds):
    shown: list[ForwardMsg] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: shown.append(message(frame))))
    open_form(page, proxy.url, LONG_TRAINING)
    store = RunStore(server.runs)
    run: Run | None = store.get(train(page))
    assert run
    expect(page.get_by_text(PROGRESS)).to_be_visible()
    rate = page.get_by_role("spinbutton", name="Learning rate", exact=True)
    rate.fill("0.0123")  # an edit of the form, for the next run
    rate.press("Enter")
    page.wait_for_url("**config=*")
    seen = wait_for(lambda: epochs_drawn(page))

    proxy.cut()
    wait_for_disconnect(page, seconds)
    missed = epochs_done(store.history(run))
    wait_for(
        lambda: run.state.ended or epochs_done(store.history(run)) > max(missed, seen)
    )  # it trains on without the page

    proxy.restore()
    expect(page.get_by_test_id("stApp")).to_have_attribute(STATE, "CONNECTED")
    there = epochs_done(store.history(run))
    wait_for(lambda: run.state.ended or epochs_drawn(page) >= there)
    wait_for(lambda: run.state.ended or epochs_drawn(page) > there)  # and more epochs follow
    expect(rate).to_have_value("0.0123")
    assert run.id in page.url
    if not run.state.ended:
        page.get_by_role("button", name="Stop and keep").click()  # the visitor is still its owner
    expect(page.get_by_text(re.compile(r"(Stopped|Finished): .* read correctly"))).to_be_visible()
    assert run.config == LONG_TRAINING

    assert shown
    assert not any(
        one.metadata.cacheable for one in shown
    )  # the browser may have dropped cached messages after a reconnect


def test_an_edit_is_kept_if_the_connection_breaks_during_its_answer(server, page, proxy):
    page.goto(f"{proxy.url}/train")
    rate = page.get_by_role("spinbutton", name="Learning rate", exact=True)
    rate.fill("0.0123")
    proxy.cut_soon()
    rate.press("Enter")
    wait_for_disconnect(page)
    proxy.restore()
    page.wait_for_url(lambda url: (config := config_of(url)) and config.learning_rate == 0.0123)
    expect(rate).to_have_value("0.0123")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()  # the page is complete


def test_a_drawing_made_without_a_connection_is_read_after_it_is_restored(server, page, proxy):
    page.goto(proxy.url)
    expect(page.get_by_role("status")).to_have_text("Draw a digit on the black paper.")
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    proxy.cut()
    draw(page, digit_strokes(7))  # before the page notices
    wait_for_disconnect(page)
    proxy.restore()
    expect(page.get_by_role("status")).to_have_text(re.compile("Looks like a 7"))


def message(frame: str | bytes) -> ForwardMsg:
    assert isinstance(frame, bytes)
    return ForwardMsg.FromString(frame)
