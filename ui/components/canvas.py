"""Canvases of the components that draw: JavaScript that stands before their own."""

from __future__ import annotations

from pathlib import Path

_RESIZE = Path(__file__).with_suffix(".js").read_text("utf-8")


def with_resize(script: Path) -> str:
    """Return the JavaScript of a component, which can call `resize(canvas, width, height)`."""
    return f"{_RESIZE}\n{script.read_text('utf-8')}"
