"""Forged drawings from a browser: one sentence answers, memory stays bounded, and the session continues."""

import asyncio
import base64
import contextlib
import json
import re
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
import pytest
from distributed import LocalCluster
from PIL import Image
from websockets.exceptions import ConnectionClosedError

from harness.browser import digit_strokes
from harness.server import Server
from harness.visitor import CANVAS_KEY, CANVAS_SIDE, Visitor, canvas_json, canvas_value, fabric_path, visit

MEMORY = 20e6  # bytes that a forged drawing may cost the server at most
SENTENCE = re.compile(r"A drawing must [^\n]+\.")
STROKE = fabric_path([[10.0, 10.0], [20.0, 20.0], [30.0, 10.0]])


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *more: bytes, pixels: bytes = zlib.compress(bytes(9999))) -> bytes:
    """Return a PNG that claims this size, with more chunks before its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"".join([b"\x89PNG\r\n\x1a\n", header, *more, chunk(b"IDAT", pixels), chunk(b"IEND", b"")])


def url(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def jpeg() -> bytes:
    file = BytesIO()
    Image.new("RGB", (CANVAS_SIDE, CANVAS_SIDE)).save(file, "JPEG")
    return file.getvalue()


def bomb(megabytes: int) -> bytes:
    """Return compressed zeros, 1,000 times smaller than unpacked."""
    pack = zlib.compressobj(9)
    return b"".join(pack.compress(bytes(10**6)) for _ in range(megabytes)) + pack.flush()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"/>'
TEXTS = [chunk(b"zTXt", b"text %d\0\0" % place + bomb(1)) for place in range(60)]
PICTURES = {  # in place of the data URL of the paper's pixels, which are read if there are no strokes
    "30,000 pixels a side": url(png(30_000, 30_000)),
    "7,000 pixels a side, all there": url(png(7_000, 7_000, pixels=bomb(180))),
    "another size": url(png(CANVAS_SIDE - 1, CANVAS_SIDE)),
    "60 MB of texts": url(png(CANVAS_SIDE, CANVAS_SIDE, *TEXTS)),
    "a profile of 100 MB": url(png(CANVAS_SIDE, CANVAS_SIDE, chunk(b"iCCP", b"profile\0\0" + bomb(100)))),
    "too few pixels": url(png(CANVAS_SIDE, CANVAS_SIDE)),
    "a JPEG": url(jpeg(), "image/jpeg"),
    "a JPEG that claims to be a PNG": url(jpeg()),
    "an SVG": url(SVG, "image/svg+xml"),
    "an SVG that claims to be a PNG": url(SVG),
    "not base64": "data:image/png;base64,<script>",
    "no data URL": "https://example.org/digit.png",
    "nothing": "",
    "440 kB of text": url(bytes(330_000)),
    "a number": 7,
    "true": True,
    "a list": [1, 2],
    "an object": {"data": None},
}
OBJECTS = {"a text": "[]", "null": None, "a number": 7, "an object": {"0": STROKE}, "160,000 objects": [{}] * 160_000}
STATES = {  # in place of the whole state that the canvas sends
    "null": {"drawing": None},
    "a text": {"drawing": "drawing"},
    "a list": {"drawing": [STROKE]},
    "raw null": {"drawing": {"raw": None, "data": None}},
    "raw a list": {"drawing": {"raw": [STROKE], "data": None}},
    "no data": {"drawing": {"raw": {"objects": []}}},
    "a background": {"drawing": {"raw": {"objects": []}, "data": None}, "backgroundFit": {}},
}
FORGED = {
    **{f"picture: {name}": canvas_json([], picture) for name, picture in PICTURES.items()},
    **{f"objects: {name}": canvas_json(objects, None).replace(" ", "") for name, objects in OBJECTS.items()},
    **{f"state: {name}": json.dumps(state) for name, state in STATES.items()},
}
TOO_LARGE = {
    "25 MB of text": canvas_json([STROKE], "data:image/png;base64," + "A" * 25_000_000),
    "a picture of 25 MB": canvas_json([STROKE], url(bytes(18_700_000))),
    "3.9 MB of text": canvas_json([STROKE], "A" * 3_900_000),
    "a million objects": canvas_json([{}] * 1_000_000, None).replace(" ", ""),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, few_digits: Path, cluster: LocalCluster) -> Iterator[Server]:
    """A server that has loaded everything it needs."""

    async def warm_up() -> None:
        async with visit(server.url) as visitor:
            await visitor.open("train")
            await visitor.settle()
            await visitor.open()
            await draw(visitor)

    with Server(tmp_path_factory.mktemp("forged") / "runs", few_digits, scheduler=cluster.scheduler_address) as server:
        asyncio.run(warm_up())
        yield server


async def draw(visitor: Visitor) -> None:
    """Draw a digit and check that it is answered."""
    await visitor.set(CANVAS_KEY, json_value=canvas_value(digit_strokes(3)))
    components = [element.bidi_component for element in visitor.elements]
    (bars,) = [component for component in components if component.id.endswith("-bars.chart")]
    assert len(json.loads(bars.bytes)["shares"]) == 10
    assert complaints(visitor) == []


def complaints(visitor: Visitor) -> list[str]:
    assert not any(element.HasField("exception") for element in visitor.elements)
    return [element.alert.body for element in visitor.elements if element.HasField("alert")]


class Memory:
    """The growth of a server's memory since the start, at its peak on Linux, else now."""

    def __init__(self, server: Server) -> None:
        self._process = psutil.Process(server.process.pid)
        with contextlib.suppress(OSError):
            Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")  # resets the peak
        self._before = self._process.memory_info().rss

    def risen(self) -> float:
        highest = self._process.memory_info().rss
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{self._process.pid}/status").read_text()
            highest = max(highest, *(1024 * int(kB) for kB in re.findall(r"VmHWM:\s+(\d+) kB", status)))
        return highest - self._before


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_a_forged_drawing_is_refused_with_a_sentence(server: Server, forged: str) -> None:
    async def send() -> None:
        async with visit(server.url) as visitor:
            await visitor.open()
            await draw(visitor)
            memory = Memory(server)
            await visitor.set(CANVAS_KEY, json_value=forged)
            (sentence,) = complaints(visitor)
            assert SENTENCE.fullmatch(sentence)
            assert memory.risen() < MEMORY
            await draw(visitor)

    asyncio.run(send())


@pytest.mark.parametrize("forged", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_a_message_that_is_too_large_is_not_read_and_the_session_continues(server: Server, forged: str) -> None:
    async def send() -> None:
        async with visit(server.url) as visitor:
            await visitor.open()
            await draw(visitor)
            message, memory = visitor.message(CANVAS_KEY, json_value=forged), Memory(server)
            with pytest.raises(ConnectionClosedError, match="1009"):  # message too big
                await visitor.request(message)
            assert memory.risen() < MEMORY
        async with visit(server.url, visitor.session) as again:  # browsers reconnect like this
            await again.open()
            assert again.session == visitor.session
            await draw(again)

    asyncio.run(send())


def test_a_canvas_with_too_many_strokes_is_cleared(server: Server) -> None:
    scribble = [np.random.default_rng(0).uniform(0.2, 0.8, (3_500, 2))]

    async def send() -> None:
        async with visit(server.url) as visitor:
            await visitor.open()
            await visitor.set(CANVAS_KEY, json_value=canvas_value(scribble))
            (sentence,) = complaints(visitor)
            assert "the paper was cleared" in sentence
            papers = [element.bidi_component for element in visitor.elements if element.HasField("bidi_component")]
            (paper,) = [json.loads(paper.json) for paper in papers if paper.id.endswith(f"-{CANVAS_KEY}")]
            assert paper["initialDrawing"]["objects"] == []
            await draw(visitor)

    asyncio.run(send())
