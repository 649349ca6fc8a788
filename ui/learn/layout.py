"""Style sheet of the lessons, and pictures with an alt text."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from trainer.figures.images import svg_url
from ui.html import html

STYLE = Path(__file__).with_suffix(".css")


def render_picture(svg: Markup, alt: str, rem: int = 30) -> None:
    """Render an SVG picture, at most `rem` wide. Its colors must suit light and dark themes."""
    html(
        Markup('<img class="lesson-picture" style="max-width: {}rem" decoding="sync" alt="{}" src="{}">').format(
            rem, alt, svg_url(svg)
        )
    )
