"""Canvas that a digit is drawn on, and the drawing that the browser sends."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import numpy as np
import streamlit as st
from PIL import Image, ImageFile, PngImagePlugin
from streamlit_drawable_canvas import st_canvas

from trainer import UserError
from trainer.drawing import fabric, normalize, stroke_groups
from trainer.drawing.strokes import Strokes
from trainer.shipped import network as shipped

SIDE = 300  # pixels, the same on a phone
PEN_WIDTH = 1 / 15  # as a fraction of the side
PEN_WIDTHS = {"Thin": 1 / 30, "Medium": PEN_WIDTH, "Thick": 1 / 10}  # as fractions of the side
Result = TypeVar("Result")
MAX_CHARACTERS = 250_000  # in a drawing as JSON: enough for minutes of drawing

# Pillow unpacks the texts in an image when it opens it; a few kB could take 64 MB.
PngImagePlugin.MAX_TEXT_MEMORY = ImageFile.SAFEBLOCK  # 1 MB

# The canvas sends a drawing 200 ms after the pen is lifted. Its button "Update the app" sends it at once, so the script
# presses that button. If a later version renames it, the canvas still sends the drawing by itself. The script also
# applies the style sheet inside the canvas, moves the pen by the arrow keys, and lets pens and fingers draw.
_component = st.components.v2.component(
    "digit_lab_send_at_once",
    js="\n".join(Path(__file__).with_name(name).read_text("utf-8") for name in ("contacts.js", "canvas.js")),
)
_STYLE = Path(__file__).with_suffix(".css").read_text("utf-8")
PAPER_STYLE = Path(__file__).with_name("paper.css").read_text("utf-8")  # of a page with a canvas
_FOCUS = "paper.focus"  # session key of a reason to give the paper the focus, once for each reason


def send_at_once() -> None:
    """Let a canvas send its drawing as soon as the pen is lifted, and be drawn on by keyboard."""
    _component(data={"css": _STYLE, "focus": st.session_state.get(_FOCUS, "")})


def focus(reason: str) -> None:
    """Give the paper the keyboard focus when it is shown next, once for each reason."""
    st.session_state[_FOCUS] = reason


@dataclass
class _Sheet:
    """Content of a canvas. It survives a visit to another page, which the canvas component does not."""

    initial: dict[str, Any]  # the drawing that the canvas started with; a new value restarts the canvas
    current: dict[str, Any]  # as the canvas sent it: "raw", its strokes, and "data", its pixels
    id: str  # constant until the canvas is cleared


@dataclass(frozen=True)
class Drawing:
    """Drawing on a canvas of `side` pixels, as a browser sent it.

    It is read from its strokes, and from its pixels if these are not all that was drawn.
    """

    url: str | None  # its pixels, as a data URL
    side: int
    sheet: str  # id of the canvas content, constant until the canvas is cleared
    problem: str = ""  # why the canvas had to be cleared, as a sentence
    objects: Sequence[Any] = ()  # its strokes, as Fabric describes them
    unfinished: tuple[np.ndarray, float] | None = None  # points of the stroke that is being drawn, and width of its pen

    def steps(self) -> normalize.NormalizationSteps | None:
        """Return the normalization steps of the drawing, or None for a blank canvas.

        Raises UserError for anything but a drawing. The browser sent it, so its size is checked before it is decoded.
        """
        return self._read(lambda strokes: strokes.whole, normalize.from_canvas)

    def digits(self) -> list[normalize.NormalizationSteps]:
        """Return the steps of each drawn digit, in reading order. Raises UserError as `steps` does."""
        return self._read(_find_digits, normalize.find_digits) or []

    def _read(
        self, from_strokes: Callable[[Strokes], Result], from_pixels: Callable[[np.ndarray], Result]
    ) -> Result | None:
        if self.problem:
            raise UserError(self.problem)
        if strokes := self._strokes():
            return from_strokes(strokes)
        rgba = self._pixels()
        if rgba is None:
            return None
        found = from_pixels(rgba)
        if not found and rgba[..., :3].any():
            raise UserError("A digit must have black paper around it (got one that is inked all over): press Clear.")
        return found

    def _strokes(self) -> Strokes | None:
        """Return all strokes, also the unfinished one, or None if the pixels show more than these."""
        strokes = fabric.read(self.objects, self.side)
        if self.unfinished is None or (self.objects and strokes is None):
            return strokes
        line, pen = self.unfinished
        return strokes.with_line(line, pen) if strokes else Strokes([line], [pen], self.side)

    def _pixels(self) -> np.ndarray | None:
        if self.url is None:
            return None
        try:
            png = base64.b64decode(self.url.removeprefix("data:image/png;base64,"), validate=True)
            image = Image.open(BytesIO(png), formats=["PNG"])
            if image.size != (self.side, self.side):
                raise ValueError(image.size)
            return np.asarray(image.convert("RGBA"))
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise UserError(
                f"A drawing must be a PNG image of {self.side} x {self.side} pixels (got something else): press Clear."
            ) from error


def _find_digits(strokes: Strokes) -> list[normalize.NormalizationSteps]:
    return stroke_groups.find_digits(strokes, shipped.recognizability)


def with_stroke(key: str, points: np.ndarray, pen: float, side: int = SIDE) -> Drawing | None:
    """Return what a rendered canvas shows while a stroke is drawn, or None if the stroke is finished.

    points: of the stroke so far, (n, 2) from 0 to 1.
    """
    sheet: _Sheet = st.session_state[f"{key}.sheet"]
    objects, line = sheet.current["raw"].get("objects", []), side * points
    last = fabric.read(objects[-1:], side)
    if last and last.begins_at(line[0]):
        return None
    return Drawing(sheet.current.get("data"), side, sheet.id, "", objects, (line, pen * side))


def render(key: str, side: int = SIDE, pen: float = PEN_WIDTH) -> Drawing:
    """Render a canvas and return its drawing; `key` identifies it on all pages, `pen` is a fraction of its side.

    The page must also call `send_at_once()` once, outside the fragment that a stroke reruns.
    """
    sheet_key = f"{key}.sheet"
    if sheet_key not in st.session_state:
        clear(key)
    sheet: _Sheet = st.session_state[sheet_key]
    if key not in st.session_state:  # back from another page
        sheet.initial = sheet.current["raw"]
        st.session_state[key] = {"drawing": sheet.current}
    if problem := _problem(st.session_state[key]):
        clear(key)
        sheet = st.session_state[sheet_key]
    st_canvas(
        stroke_width=round(pen * side),
        stroke_color="#ffffff",
        background_color="#000000",
        width=side,
        height=side,
        initial_drawing=sheet.initial,
        return_image_data=True,
        key=key,
    )
    drawing = st.session_state[key]["drawing"]
    # A canvas that was given strokes shows them, and sends no pixels before the next one: the last ones are valid.
    if drawing["data"] is not None or drawing["raw"].get("objects") != sheet.current["raw"].get("objects"):
        sheet.current = drawing
    objects = sheet.current["raw"].get("objects", [])
    return Drawing(sheet.current.get("data"), side, sheet.id, problem, objects)


def _problem(state: Any) -> str:
    """Return why a canvas's state is invalid, or "": a browser sent it, so it may be anything."""
    match state:
        case {"drawing": {"raw": {**raw}, "data": None | str()}, **rest} if (
            isinstance(raw.get("objects", []), list) and rest.get("backgroundFit") is None
        ):
            if (length := len(json.dumps(state))) <= MAX_CHARACTERS:
                return ""
            expected, got = f"have at most {MAX_CHARACTERS:,} characters", f"{length:,}"
        case _:
            expected, got = "be some strokes and their picture", "something else"
    return f"A drawing must {expected} (got {got}): the paper was cleared, so draw it again."


def current(key: str, side: int = SIDE) -> Drawing:
    """Return the drawing of a rendered canvas in a callback, with a stroke that arrives together with its press."""
    sheet: _Sheet = st.session_state[f"{key}.sheet"]
    state = st.session_state.get(key)
    if state is None:
        drawing, problem = sheet.current, ""
    else:
        problem = _problem(state)
        drawing = {} if problem else state["drawing"]
    strokes = drawing.get("raw", {}).get("objects", [])
    pixels = drawing.get("data")
    if pixels is None and strokes == sheet.current["raw"].get("objects"):  # not sent again, since they are the same
        pixels = sheet.current.get("data")
    return Drawing(pixels, side, sheet.id, problem, strokes)


def clear(key: str) -> None:
    """Clear a canvas. Call this in a callback: the canvas must learn of it before it is rendered."""
    _restart(key, [], None, uuid4().hex)


def undo(key: str) -> None:
    """Remove the last stroke. Call this in a callback, too."""
    sheet, state = st.session_state[f"{key}.sheet"], st.session_state.get(key)
    # A stroke that arrives together with the press is not yet in the sheet.
    drawing = sheet.current if state is None or _problem(state) else state["drawing"]
    strokes = drawing["raw"].get("objects", [])[:-1]
    # The canvas sends the remaining pixels as soon as it shows them. Until then the old ones are used.
    _restart(key, strokes, drawing.get("data") if strokes else None, sheet.id)


def _restart(key: str, strokes: list[Any], pixels: str | None, id: str) -> None:
    initial = {"objects": strokes, "sheet": uuid4().hex}  # unique, so that the canvas restarts with it
    sheet = st.session_state[f"{key}.sheet"] = _Sheet(initial, {"raw": initial, "data": pixels}, id)
    st.session_state[key] = {"drawing": sheet.current}
