"""The line to the server breaks while a network trains, and comes back: nothing is lost, and the page catches up."""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.jobs import wait_for
from tests.serving import RUNNING, Server, choose, reached, train
from trainer.progress import epochs_done
from trainer.runs import Run, RunStore

STATE = "data-test-connection-state"
PROGRESS = re.compile(r"Epoch \d+ of \d+ · step")


class Line:
    """A line to a server, which can break and be mended; the server is at `url` through it."""

    def __init__(self, server: Server) -> None:
        self._to = urlsplit(server.url).port
        self._broken = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and every new one at once."""
        self._broken.set()
        for end in list(self._open):
            _end(end)

    def mend(self) -> None:
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
        for end in (source, sink):
            _end(end)
            self._open.discard(end)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    line = Line(server)
    yield line
    line.close()


@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.long)])
def test_a_lost_connection_loses_nothing(server, page, line, seconds):
    shown: list[ForwardMsg] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: shown.append(message(frame))))
    page.goto(f"{line.url}/train")
    choose(page, "Tutorial A", epochs=200)  # it outlasts all that is looked at
    store = RunStore(server.runs)
    run: Run | None = store.get(train(page))
    assert run
    expect(page.get_by_text(PROGRESS)).to_be_visible()
    rate = page.get_by_role("spinbutton", name="Learning rate", exact=True)
    rate.fill("0.0123")  # an edit of the form, for the next run
    rate.press("Enter")
    page.wait_for_url("**config=*")
    seen = wait_for(lambda: reached(page))

    page.remove_locator_handler(page.locator(RUNNING))  # where the line breaks, the end of a script is not told
    app = page.get_by_test_id("stApp")
    line.cut()
    back = time.monotonic() + seconds
    expect(app).not_to_have_attribute(STATE, "CONNECTED")
    wait_for(lambda: time.monotonic() > back)
    missed = epochs_done(store.history(run))
    wait_for(lambda: run.state.ended or epochs_done(store.history(run)) > max(missed, seen))  # it goes on by itself

    line.mend()
    expect(app).to_have_attribute(STATE, "CONNECTED")
    there = epochs_done(store.history(run))
    wait_for(lambda: run.state.ended or reached(page) >= there)
    wait_for(lambda: run.state.ended or reached(page) > there)  # and grows on
    expect(rate).to_have_value("0.0123")
    assert run.id in page.url
    if not run.state.ended:
        page.get_by_role("button", name="Stop", exact=True).click()  # still its owner
    expect(page.get_by_text(re.compile(r"(Stopped|Finished): reads"))).to_be_visible()
    assert run.config and run.config.learning_rate == 0.01

    assert shown
    assert not any(one.metadata.cacheable for one in shown)  # else it may be asked to show what it has forgotten


def message(frame: str | bytes) -> ForwardMsg:
    assert isinstance(frame, bytes)
    return ForwardMsg.FromString(frame)
