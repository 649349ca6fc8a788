"""A visitor without a browser: sends the messages of Streamlit's frontend over a raw websocket."""

import asyncio
import json
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

import numpy as np
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from harness.waiting import TIMEOUT_SECONDS
from trainer.drawing import synthetic_digits

CANVAS_SIDE = 300  # pixels a side of the canvas on Draw
CANVAS_KEY = "canvas"  # its widget key


class Visitor:
    """A session of the app with its current page; it sends one request at a time.

    elements: the output of the last run of the page or of a fragment. session: its id, with which another connection
    can continue it. polls: for each fragment that reruns by itself, the seconds between two runs.
    """

    def __init__(self, url: str, socket: ClientConnection) -> None:
        self.elements: list[Element] = []
        self.session = ""
        self.polls: dict[str, float] = {}
        self._url, self._socket = url, socket
        self._page = ""  # the server's hash of its script
        self._query = ""
        self._parts: dict[str, str] = {}  # widget id -> the fragment that it reruns, "" for the page

    async def open(self, page: str = "", query: str = "") -> list[Element]:
        """Open a page and return its elements."""
        self._query = query
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.query_string = query
        message.rerun_script.context_info.url = f"{self._url}/{page}"
        return await self.request(message.SerializeToString())

    async def set(self, key: str, **value: Any) -> list[Element]:
        """Set the value of the widget `key`, as in `json_value="{}"`, and return the new elements."""
        return await self.request(self.message(key, **value))

    async def trigger(self, key: str, event: str, value: Any) -> list[Element]:
        """Send an event of the component `key`, and return the new elements."""
        widget = self._widget(key)
        message = self._rerun(self._parts[widget])
        message.rerun_script.widget_states.widgets.add(
            id=f"$$STREAMLIT_INTERNAL_KEY_{widget}__events",
            json_trigger_value=json.dumps([{"event": event, "value": value}]),
        )
        return await self.request(message.SerializeToString())

    async def set_states(self, states: Sequence[dict[str, Any]]) -> list[Element]:
        """Send several widget states, as in `{"id": …, "string_value": ""}`, and return the new elements."""
        message = self._rerun("")
        for state in states:
            message.rerun_script.widget_states.widgets.add(**state)
        return await self.request(message.SerializeToString())

    async def poll(self, part: str) -> list[Element]:
        """Rerun a fragment, as a browser does automatically, and return its elements."""
        message = self._rerun(part)
        message.rerun_script.is_auto_rerun = True
        return await self.request(message.SerializeToString())

    async def upload(self, key: str, name: str, content: bytes) -> list[Element]:
        """Upload a file with the file uploader `key`, and return the new elements."""
        message = BackMsg()
        message.file_urls_request.file_names.append(name)
        await self.send(message.SerializeToString())
        while (answer := await self._receive()).WhichOneof("type") != "file_urls_response":
            pass
        urls = answer.file_urls_response.file_urls[0]
        await asyncio.to_thread(self._put, urls.upload_url, name, content)
        file = {"file_id": urls.file_id, "name": name, "size": len(content), "file_urls": urls}
        return await self.set(key, file_uploader_state_value={"uploaded_file_info": [file]})

    def _put(self, path: str, name: str, content: bytes) -> None:
        token, boundary = secrets.token_hex(16), secrets.token_hex(16)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Cookie": f"_streamlit_xsrf={token}",
            "X-Xsrftoken": token,
        }
        body = b"".join((head.encode(), content, f"\r\n--{boundary}--\r\n".encode()))
        urlopen(Request(self._url + path, body, headers, method="PUT"), timeout=TIMEOUT_SECONDS).close()

    async def settle(self) -> None:
        """Rerun fragments until none reruns by itself."""
        while self.polls:
            part, every = min(self.polls.items(), key=lambda poll: poll[1])
            await asyncio.sleep(every)
            await self.poll(part)

    def in_url(self, name: str) -> str:
        """Return a value of the page's query, or ""."""
        return parse_qs(self._query).get(name, [""])[0]

    @property
    def keys(self) -> list[str]:
        """Return the keys of the page's widgets."""
        return [widget.split("-", 2)[-1] for widget in self._parts]

    @property
    def kinds(self) -> list[str]:
        """Return the kinds of the elements."""
        return [element.WhichOneof("type") or "" for element in self.elements]

    @property
    def widgets(self) -> dict[str, str]:
        """Return the kinds of the widgets by their ids."""
        shown = zip(self.elements, self.kinds, strict=True)
        return {id: kind for element, kind in shown if (id := getattr(getattr(element, kind, None), "id", ""))}

    def message(self, key: str, **value: Any) -> bytes:
        """Return the message of a browser that sets the value of the widget `key`."""
        widget = self._widget(key)
        message = self._rerun(self._parts[widget])
        message.rerun_script.widget_states.widgets.add(id=widget, **value)
        return message.SerializeToString()

    def _widget(self, key: str) -> str:
        """Return the id of the widget `key`."""
        return next(name for name in self._parts if name.endswith(f"-{key}"))

    async def request(self, message: bytes) -> list[Element]:
        """Send a message and return the elements after its run."""
        await self.send(message)
        await self.read()
        return self.elements

    async def send(self, message: bytes) -> None:
        await self._socket.send(message)

    async def read(self, until: Callable[[Element], bool] = lambda element: False) -> bool:
        """Read until an element satisfies `until` and return True, or until a run ends and return False.

        Raises websockets.ConnectionClosed if the server closes the connection.
        """
        while True:
            message = await self._receive()
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

    async def _receive(self) -> ForwardMsg:
        return ForwardMsg.FromString(await self._socket.recv(decode=False))

    def _begin(self, message: ForwardMsg) -> None:
        self.elements.clear()
        self.session = message.new_session.initialize.session_id
        if not message.metadata.run.fragment_ids:  # the whole page
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
async def visit(url: str, session: str = "", owner: str = "", address: str = "") -> AsyncIterator[Visitor]:
    """Connect to the server as a new browser, or continue a session, or use an owner's cookie.

    address: the visitor's network address; the server believes it if DIGITLAB_PROXY has this computer's.
    """
    headers = {"Cookie": f"digit_lab_owner={owner or secrets.token_urlsafe(24)}"}
    if address:
        headers["X-Forwarded-For"] = address
    async with connect(
        f"{url.replace('http', 'ws', 1)}/_stcore/stream",
        origin=url,
        subprotocols=["streamlit", "none", *([session] if session else [])],
        additional_headers=headers,
        compression=None,
        open_timeout=TIMEOUT_SECONDS,
        close_timeout=1,  # whoever leaves does not wait
        max_size=None,
        ping_interval=None,
        proxy=None,
    ) as socket:
        yield Visitor(url, socket)


def canvas_value(written: Sequence[np.ndarray], side: int = CANVAS_SIDE) -> str:
    """Return the canvas's JSON value, with objects and pixels, for strokes with coordinates from 0 to 1."""
    url = data_url(synthetic_digits.draw(list(written), side, side / 15))
    return canvas_json([fabric_path((stroke * side).tolist()) for stroke in written], url)


def canvas_json(objects: Any, url: Any) -> str:
    """Return the canvas's JSON value for objects and a data URL of its pixels."""
    return json.dumps(
        {"drawing": {"raw": {"version": "7.4.0", "objects": objects, "background": "#000000"}, "data": url}}
    )


def fabric_path(points: list[list[float]]) -> dict[str, Any]:
    """Return a stroke as an object of Fabric's pencil brush."""
    commands = [["M", *points[0]]] + [["Q", *a, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2] for a, b in pairwise(points)]
    return {
        "type": "Path",
        "stroke": "#ffffff",
        "strokeWidth": 20,
        "fill": None,
        "path": [*commands, ["L", *points[-1]]],
    }


def data_url(pixels: np.ndarray) -> str:
    """Return pixels as the data URL of a PNG."""
    png = BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    return f"data:image/png;base64,{b64encode(png.getvalue()).decode()}"
