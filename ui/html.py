"""HTML and CSS on a page: the only calls of `st.html`.

HTML is a `markupsafe.Markup`, built by `Markup("<b>{}</b>").format(text)` and `Markup().join(parts)`. Both escape every
part that is no Markup itself, so a name that somebody typed cannot become a tag. Ruff's S704 rejects a Markup made of
anything but a literal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import streamlit as st
from markupsafe import Markup


def html(content: Markup, width: Literal["stretch", "content"] | int = "stretch") -> None:
    """Render HTML. Raises TypeError for a plain string, which nothing has escaped."""
    if not isinstance(content, Markup):
        raise TypeError(f"HTML must be a Markup (got {type(content).__name__}): build it by Markup(...).format(...).")
    st.html(str(content), width=width)


def style(*sheets: str | Path) -> None:
    """Apply style sheets to the page, each given as CSS or as the path of a .css file.

    Raises ValueError for a sheet that contains a tag, which would end the style element and become HTML.
    """
    css = "\n".join(sheet.read_text("utf-8") if isinstance(sheet, Path) else sheet for sheet in sheets)
    if "</" in css:
        raise ValueError('A style sheet must be CSS without tags (got "</").')
    st.html(f"<style>{css}</style>")
