"""HTML on a page: a single entry point, and text that somebody typed is escaped."""

import ast
import re
from base64 import b64decode
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from markupsafe import Markup, escape

from harness.server import ROOT
from trainer.drawing import normalize, step_pictures
from trainer.figures import sheets
from ui.digit_input.inputs import image_html
from ui.html import html, style

PAGE_FILES = [ROOT / "app.py", *(path for name in ("pages", "ui") for path in (ROOT / name).rglob("*.py"))]
HOSTILE = "<script>alert(1)</script>\"'& <img src=x onerror=alert(1)>"
DIGIT = np.zeros((28, 28), np.float32)
CANVAS = np.full((100, 100, 4), 255, np.uint8)
CANVAS[30:70, 45:55, :3] = 0
STEPS = normalize.from_canvas(CANVAS)
# Ways to turn a text that a component was given into HTML, a program or a request.
MAKES_HTML = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc"
    r"|\beval\b|new Function|setTimeout\(\s*[\"'`]|javascript:|\bfetch\(|XMLHttpRequest"
)


def test_html_accepts_only_markup():
    with pytest.raises(TypeError, match=r"must be a Markup \(got str\)"):
        html("<b>bold</b>")


def test_a_style_sheet_must_not_contain_tags(tmp_path: Path):
    (tmp_path / "page.css").write_text("p {}</style><script>")
    for sheet in ("p {}</style><script>", tmp_path / "page.css"):
        with pytest.raises(ValueError, match="without tags"):
            style(sheet)


def test_only_ui_html_calls_streamlits_html():
    calls = set()
    for path in PAGE_FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("html", "iframe", "v1"):
                calls.add((str(path.relative_to(ROOT)), ast.unparse(node)))
            if isinstance(node, ast.keyword) and node.arg in ("unsafe_allow_html", "unsafe_allow_javascript"):
                calls.add((str(path.relative_to(ROOT)), node.arg))
    assert calls == {("ui/html.py", "st.html")}


def test_no_component_turns_text_into_html():
    scripts = [path for name in ("ui",) for path in (ROOT / name).rglob("*.js")]
    for path in [*PAGE_FILES, *scripts]:
        assert not MAKES_HTML.search(path.read_text()), path


MAKERS = {
    "a sheet's caption": lambda text: sheets.captioned_images(np.zeros((1, 28, 28), np.uint8), [text]),
    "another reading": lambda text: step_pictures.steps_html(
        None, STEPS, alternatives=[step_pictures.Alternative(text, DIGIT, text, True)]
    ),
    "a picture's description": lambda text: image_html("data:,", text),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_a_text_with_tags_is_escaped(maker):
    made = MAKERS[maker](HOSTILE)
    assert isinstance(made, Markup)
    assert "<script" not in made and "<img src=x" not in made
    assert escape(HOSTILE) in made and HOSTILE in unescape(made)


def test_a_text_on_a_drawing_is_escaped_in_its_svg():
    url = step_pictures.boxes_url((100, 100), [(10, 10, 50, 50)], [HOSTILE])
    svg = b64decode(url.partition(",")[2]).decode()
    assert escape(HOSTILE) in svg and "<script" not in svg
