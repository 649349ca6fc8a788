"""What the lessons have in common: how they look, and a picture with its words."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from trainer.figures.images import svg_url

STYLE = f"<style>{Path(__file__).with_suffix('.css').read_text('utf-8')}</style>"


def picture(svg: str, alt: str, rem: int = 30) -> None:
    """Show a picture, SVG whose colours suit a light and a dark page, at most so many rem wide."""
    st.html(
        f'<img class="lesson-picture" style="max-width: {rem}rem" decoding="sync" alt="{escape(alt)}" '
        f'src="{svg_url(svg)}">'
    )
