"""HTML on a page: one door, and a text that somebody typed stays a text."""

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
from ui.digit_input.source import picture
from ui.html import html, style

SHOWING = [ROOT / "app.py", *(path for name in ("pages", "ui") for path in (ROOT / name).rglob("*.py"))]
HOSTILE = "<script>alert(1)</script>\"'& <img src=x onerror=alert(1)>"
DIGIT = np.zeros((28, 28), np.float32)
CANVAS = np.full((100, 100, 4), 255, np.uint8)
CANVAS[30:70, 45:55, :3] = 0
STEPS = normalize.from_canvas(CANVAS)
# What would make HTML, a program or a request of a text that a component was given.
MAKES_HTML = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc"
    r"|\beval\b|new Function|setTimeout\(\s*[\"'`]|javascript:|\bfetch\(|XMLHttpRequest"
)


def test_html_takes_nothing_but_markup():
    with pytest.raises(TypeError, match=r"must be a Markup \(got str\)"):
        html("<b>bold</b>")


def test_a_style_sheet_may_not_end_its_tag(tmp_path: Path):
    (tmp_path / "page.css").write_text("p {}</style><script>")
    for sheet in ("p {}</style><script>", tmp_path / "page.css"):
        with pytest.raises(ValueError, match="without tags"):
            style(sheet)


def test_only_one_file_shows_html():
    calls = set()
    for path in SHOWING:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("html", "iframe", "v1"):
                calls.add((str(path.relative_to(ROOT)), ast.unparse(node)))
            if isinstance(node, ast.keyword) and node.arg in ("unsafe_allow_html", "unsafe_allow_javascript"):
                calls.add((str(path.relative_to(ROOT)), node.arg))
    assert calls == {("ui/html.py", "st.html")}


def test_no_component_makes_html_of_a_text():
    scripts = [path for name in ("ui",) for path in (ROOT / name).rglob("*.js")]
    for path in [*SHOWING, *scripts]:
        assert not MAKES_HTML.search(path.read_text()), path


MAKERS = {
    "a sheet's caption": lambda text: sheets.sheet(np.zeros((1, 28, 28), np.uint8), [text]),
    "another reading": lambda text: step_pictures.strip(
        None, STEPS, otherwise=[step_pictures.Otherwise(text, DIGIT, text, True)]
    ),
    "a picture's description": lambda text: picture("data:,", text),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_a_text_with_tags_is_shown_as_it_was_typed(maker):
    made = MAKERS[maker](HOSTILE)
    assert isinstance(made, Markup)
    assert "<script" not in made and "<img src=x" not in made
    assert escape(HOSTILE) in made and HOSTILE in unescape(made)


def test_a_word_on_a_drawing_is_escaped_in_its_svg():
    url = step_pictures.boxes_alone((100, 100), [(10, 10, 50, 50)], [HOSTILE])
    svg = b64decode(url.partition(",")[2]).decode()
    assert escape(HOSTILE) in svg and "<script" not in svg
