"""The paper that a digit is drawn on."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
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
from trainer.drawing import normalize

SIDE = 300  # pixels, the same on a phone
PEN = 1 / 15  # of the side
PENS = {"Thin": 1 / 30, "Medium": PEN, "Thick": 1 / 10}  # of the side, too
Read = TypeVar("Read")
LONGEST = 250_000  # characters that a browser may say of a paper: minutes of drawing

# Texts in an image are unpacked when it is opened, of which a few kB could take 64 MB.
PngImagePlugin.MAX_TEXT_MEMORY = ImageFile.SAFEBLOCK  # 1 MB

# The canvas sends a drawing 200 ms after the pen is lifted; its button "Update the app" sends it at once, so the script
# presses that. If a later version renames the button, the canvas still sends the drawing by itself. The script also
# hides the canvas's toolbar, which is too small for a finger and covers a corner of the paper.
send_at_once = st.components.v2.component(
    "digit_lab_send_at_once",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


@dataclass
class _Sheet:
    """What is on a paper. It stays while another page is looked at, which the canvas itself does not."""

    begun: dict[str, Any]  # what the canvas began with: where this changes, it begins anew
    now: dict[str, Any]  # as the canvas sent it: "raw", its strokes, and "data", its pixels
    id: str  # the same from the first stroke on a clean sheet to the last one


@dataclass(frozen=True)
class Drawing:
    """What a browser sent of a paper of `side` pixels."""

    url: str | None  # its pixels, as a data URL
    side: int
    sheet: str  # which clean sheet it was begun on
    flaw: str = ""  # what was wrong with it, if the paper had to be cleared

    def steps(self) -> normalize.Steps | None:
        """Return the drawing on its way to a network, or None for blank paper.

        Raises UserError for what is no drawing: a browser sent it, so it is measured before it is decoded.
        """
        return self._read(normalize.from_canvas)

    def digits(self) -> list[normalize.Steps]:
        """Return each digit that is drawn, in reading order; raises UserError as `steps` does."""
        return self._read(normalize.digits) or []

    def _read(self, read: Callable[[np.ndarray], Read]) -> Read | None:
        rgba = self._pixels()
        if rgba is None:
            return None
        found = read(rgba)
        if not found and rgba[..., :3].any():
            raise UserError("A digit needs some paper around it (this one is inked all over): press Clear.")
        return found

    def _pixels(self) -> np.ndarray | None:
        if self.flaw:
            raise UserError(self.flaw)
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


def ask(key: str, side: int = SIDE, pen: float = PEN) -> Drawing:
    """Show a paper and return what is on it; `key` names it on every page, and `pen` is a share of its side.

    A page that shows one calls `send_at_once()` too, once and outside of what a stroke runs again.
    """
    kept = f"{key}.sheet"
    if kept not in st.session_state:
        clear(key)
    sheet: _Sheet = st.session_state[kept]
    if key not in st.session_state:  # back from another page
        sheet.begun = sheet.now["raw"]
        st.session_state[key] = {"drawing": sheet.now}
    if flaw := _flaw(st.session_state[key]):
        clear(key)
        sheet = st.session_state[kept]
    st_canvas(
        stroke_width=round(pen * side),
        stroke_color="#ffffff",
        background_color="#000000",
        width=side,
        height=side,
        initial_drawing=sheet.begun,
        return_image_data=True,
        key=key,
    )
    sheet.now = st.session_state[key]["drawing"]
    return Drawing(sheet.now.get("data"), side, sheet.id, flaw)


def _flaw(said: Any) -> str:
    """Tell what is wrong with what a browser says of a paper, before anything else looks at it: it may be anything."""
    match said:
        case {"drawing": {"raw": {**raw}, "data": None | str()}, **rest} if (
            isinstance(raw.get("objects", []), list) and rest.get("backgroundFit") is None
        ):
            if (length := len(json.dumps(said))) <= LONGEST:
                return ""
            got = f"got {length:,} characters, and {LONGEST:,} are the most"
        case _:
            got = "got something else"
    return f"A drawing must be some strokes and their picture ({got}): the paper was cleared, draw once more."


def clear(key: str) -> None:
    """Take a clean sheet; in a callback, since the canvas learns of it before it is shown."""
    _begin(key, [], None, uuid4().hex)


def undo(key: str) -> None:
    """Take the last stroke away; in a callback, too."""
    sheet = st.session_state[f"{key}.sheet"]
    strokes = sheet.now["raw"].get("objects", [])[:-1]
    # The canvas sends the pixels that are left as soon as it shows them: until then the old ones stand.
    _begin(key, strokes, sheet.now.get("data") if strokes else None, sheet.id)


def _begin(key: str, strokes: list[Any], pixels: str | None, id: str) -> None:
    begun = {"objects": strokes, "sheet": uuid4().hex}  # like no other, so that the canvas takes it for a new beginning
    sheet = st.session_state[f"{key}.sheet"] = _Sheet(begun, {"raw": begun, "data": pixels}, id)
    st.session_state[key] = {"drawing": sheet.now}
