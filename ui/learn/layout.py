"""What the lessons have in common: how they look, and a picture with its words."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from trainer.figures.images import svg_url
from ui.html import html

STYLE = Path(__file__).with_suffix(".css")


def picture(svg: Markup, alt: str, rem: int = 30) -> None:
    """Show a picture, SVG whose colours suit a light and a dark page, at most so many rem wide."""
    html(
        Markup('<img class="lesson-picture" style="max-width: {}rem" decoding="sync" alt="{}" src="{}">').format(
            rem, alt, svg_url(svg)
        )
    )
