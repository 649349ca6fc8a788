"""A visitor without a browser: the messages that Streamlit's page in a browser would send, over a raw websocket."""

import asyncio
import json
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from harness.waiting import PATIENCE
from trainer.drawing import synthetic_digits

SIDE = 300  # pixels of the paper on Draw
PAPER = "canvas"  # its key


class Visitor:
    """A session of the app and the page it looks at; it asks one thing at a time.

    `elements` are what the last run of the page, or of a part of it, has shown. `session` lets another connection go
    on with the session. `polls`: for each part of the page that renews itself, after how many seconds it does.
    """

    def __init__(self, url: str, socket: ClientConnection) -> None:
        self.elements: list[Element] = []
        self.session = ""
        self.polls: dict[str, float] = {}
        self._url, self._socket = url, socket
        self._page = ""  # by the server's name for its script
        self._query = ""
        self._parts: dict[str, str] = {}  # a widget's id -> the part of the page that it runs again, "" for all of it

    async def open(self, page: str = "", query: str = "") -> list[Element]:
        """Go to a page and return what it shows."""
        self._query = query
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.query_string = query
        message.rerun_script.context_info.url = f"{self._url}/{page}"
        return await self.ask(message.SerializeToString())

    async def set(self, key: str, **value: Any) -> list[Element]:
        """Give the widget `key` a value, as in `json_value="{}"`, and return what is shown then."""
        return await self.ask(self.message(key, **value))

    async def tell(self, states: Sequence[dict[str, Any]]) -> list[Element]:
        """Send states of widgets, as in `{"id": …, "string_value": ""}`, all at once, and return what is shown then."""
        message = self._rerun("")
        for state in states:
            message.rerun_script.widget_states.widgets.add(**state)
        return await self.ask(message.SerializeToString())

    async def poll(self, part: str) -> list[Element]:
        """Renew a part of the page, as the browser does by itself, and return what it shows."""
        message = self._rerun(part)
        message.rerun_script.is_auto_rerun = True
        return await self.ask(message.SerializeToString())

    async def settle(self) -> None:
        """Stay on the page until nothing on it is waited for."""
        while self.polls:
            part, every = min(self.polls.items(), key=lambda poll: poll[1])
            await asyncio.sleep(every)
            await self.poll(part)

    @property
    def kinds(self) -> list[str]:
        """Return of which kinds the elements are."""
        return [element.WhichOneof("type") or "" for element in self.elements]

    @property
    def widgets(self) -> dict[str, str]:
        """Return the kinds of the widgets that are shown, by their ids."""
        shown = zip(self.elements, self.kinds, strict=True)
        return {id: kind for element, kind in shown if (id := getattr(getattr(element, kind, None), "id", ""))}

    def message(self, key: str, **value: Any) -> bytes:
        """Return what a browser would send to give the widget `key` a value."""
        widget = next(name for name in self._parts if name.endswith(f"-{key}"))
        message = self._rerun(self._parts[widget])
        message.rerun_script.widget_states.widgets.add(id=widget, **value)
        return message.SerializeToString()

    async def ask(self, message: bytes) -> list[Element]:
        """Send a message and return what is shown when its run is over."""
        await self.send(message)
        await self.read()
        return self.elements

    async def send(self, message: bytes) -> None:
        await self._socket.send(message)

    async def read(self, until: Callable[[Element], bool] = lambda element: False) -> bool:
        """Read until such an element is shown, and return True, or until the page, or a part of it, has run.

        Raises websockets.ConnectionClosed where the server ends the connection.
        """
        while True:
            message = ForwardMsg.FromString(await self._socket.recv(decode=False))
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self._begin(message)
            elif kind == "navigation":
                self._page = message.navigation.page_script_hash
            elif kind == "page_info_changed":
                self._query = message.page_info_changed.query_string
            elif kind == "auto_rerun":
                self.polls[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            elif kind == "delta" and message.delta.HasField("new_element"):
                element = message.delta.new_element
                widget = getattr(getattr(element, element.WhichOneof("type") or "", None), "id", "")
                if widget:
                    self._parts[widget] = message.delta.fragment_id
                self.elements.append(element)
                if until(element):
                    return True
            elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return False

    def _begin(self, message: ForwardMsg) -> None:
        self.elements.clear()
        self.session = message.new_session.initialize.session_id
        if not message.metadata.run.fragment_ids:  # all of the page
            self._parts.clear()
            self.polls.clear()

    def _rerun(self, part: str) -> BackMsg:
        message = BackMsg()
        message.rerun_script.page_script_hash = self._page
        message.rerun_script.query_string = self._query
        message.rerun_script.fragment_id = part
        message.rerun_script.context_info.url = self._url
        return message


@asynccontextmanager
async def visit(url: str, session: str = "", owner: str = "") -> AsyncIterator[Visitor]:
    """Connect to the server as a browser of its own, or as the one that had the session, or the owner's cookie."""
    cookie = {"Cookie": f"digit_lab_owner={owner or secrets.token_urlsafe(24)}"}
    async with connect(
        f"{url.replace('http', 'ws', 1)}/_stcore/stream",
        origin=url,
        subprotocols=["streamlit", "none", *([session] if session else [])],
        additional_headers=cookie,
        compression=None,
        open_timeout=PATIENCE,
        max_size=None,
        ping_interval=None,
        proxy=None,
    ) as socket:
        yield Visitor(url, socket)


def drawn(written: Sequence[np.ndarray], side: int = SIDE) -> str:
    """Return strokes, in 0..1 of the paper, as the canvas sends them: its objects and its pixels as JSON."""
    url = data_url(synthetic_digits.draw(list(written), side, side / 15))
    return sheet([path((stroke * side).tolist()) for stroke in written], url)


def sheet(objects: Any, url: Any) -> str:
    """Return what the canvas sends as JSON: its objects and a data URL of its pixels."""
    return json.dumps(
        {"drawing": {"raw": {"version": "7.4.0", "objects": objects, "background": "#000000"}, "data": url}}
    )


def path(points: list[list[float]]) -> dict[str, Any]:
    """Return a stroke as Fabric's pencil leaves it."""
    commands = [["M", *points[0]]] + [["Q", *a, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2] for a, b in pairwise(points)]
    return {
        "type": "Path",
        "stroke": "#ffffff",
        "strokeWidth": 20,
        "fill": None,
        "path": [*commands, ["L", *points[-1]]],
    }


def data_url(pixels: np.ndarray) -> str:
    """Return pixels as a data URL of a PNG, as a browser sends a drawing."""
    png = BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    return f"data:image/png;base64,{b64encode(png.getvalue()).decode()}"
