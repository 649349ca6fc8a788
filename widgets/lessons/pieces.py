"""What the lessons have in common: how they look, and a picture with its words."""

from __future__ import annotations

from base64 import b64encode

from markupsafe import Markup

from ui.html import html

STYLE = """
    .lesson-picture { display: block; width: 100%; margin: 0 auto }
    .lesson-field { border-radius: 0.9rem; border: 1.5px solid; padding: 0.7rem 0.8rem 0.8rem 1rem }
    .lesson-field b { font-size: 1.05rem }
    .lesson-field p { margin: 0; font-size: 0.875rem }
    .lesson-field .lesson-field { margin-top: 0.6rem }
    .lesson-sheet { display: grid; grid-template-columns: repeat(5, 1fr); gap: 0.35rem; max-width: 30rem }
    .lesson-sheet figure { margin: 0; text-align: center; font-size: 0.8rem; line-height: 1.2 }
    .lesson-sheet img { width: 100%; image-rendering: pixelated; border: 1px solid rgba(128, 128, 128, 0.45) }
    .lesson-scroll { overflow-x: auto }
    .lesson-table { border-collapse: collapse; width: 100%; font-size: 0.875rem; font-variant-numeric: tabular-nums }
    .lesson-table th, .lesson-table td { padding: 0.2rem 0.4rem; border: 0 solid rgba(128, 128, 128, 0.35);
        border-bottom-width: 1px; text-align: right; font-weight: 400 }
    .lesson-table th:first-child, .lesson-table .words { text-align: left }
    .lesson-table thead th { opacity: 0.75 }
    .lesson-table .right, .lesson-table .bar { white-space: nowrap }
    .lesson-table .bar { text-align: left; width: 26% }
    .lesson-digits { table-layout: fixed; min-width: 27rem }
    .lesson-digits th:first-child, .lesson-digits td:first-child { width: 4.4rem }
    .lesson-digits th, .lesson-digits td { padding: 0.2rem 0.25rem }
    .lesson-table tr.total td { font-weight: 700; border-bottom-width: 0 }
    .lesson-bar { display: block; height: 0.55rem; background: #0072B2; border-radius: 2px }
    .lesson-digit { width: 6rem; aspect-ratio: 1; border-radius: 0.5rem; image-rendering: pixelated; display: block }
    .lesson-cards { display: flex; gap: 1rem; align-items: center; min-height: 6rem }
    .lesson-cards > * { flex: none }
    .lesson-cards p { flex: 1; margin: 0 }
    .lesson-hidden { width: 6rem; aspect-ratio: 1; border-radius: 0.5rem; background: #000; color: #fff;
        font: 700 3.4rem/6rem sans-serif; text-align: center }
"""


def picture(svg: Markup, alt: str, rem: int = 30) -> None:
    """Show a picture, SVG whose colours suit a light and a dark page, at most so many rem wide."""
    url = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
    html(
        Markup('<img class="lesson-picture" style="max-width: {}rem" decoding="sync" alt="{}" src="{}">').format(
            rem, alt, url
        )
    )
