"""My drawings on the Draw page: label, correct, list, delete."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from harness.waiting import TIMEOUT_SECONDS
from trainer.drawing import collection

PAGE = """
from pathlib import Path
from types import SimpleNamespace
import numpy as np
import streamlit as st
from trainer.analysis.answer import Answer
from trainer.drawing.collection import Collection
from ui.draw import my_drawings as widget

st.session_state.owner, st.session_state.pins = "me", ()
st.session_state.engine = SimpleNamespace(collection=lambda owner: Collection(Path(FOLDER)))
kept = Collection(Path(FOLDER))
number = st.number_input("drawing", 0, 99, 0, key="number")
image = np.random.default_rng(number).random((28, 28), dtype=np.float32) if number else None
for digit in (3, 8, "7", None, 10, True):
    st.button(f"press {digit}", key=f"press.{digit}", on_click=widget.save_label, args=(kept, image, digit, 3))
probabilities = np.full(10, 0.1 / 9)
probabilities[3] = 0.9 if number < 90 else 0.2
widget.render(image, Answer(probabilities) if number else None, "a-run")
"""


@pytest.fixture
def page(tmp_path):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "train.py").write_text("")
    script = tmp_path / "page.py"
    script.write_text(PAGE.replace("FOLDER", repr(str(tmp_path / "visitor"))))
    return AppTest.from_file(str(script), default_timeout=TIMEOUT_SECONDS).run()


def words(page):
    return "\n".join(element.value for kind in (page.markdown, page.caption, page.warning) for element in kind)


def draw(page, number):
    page.number_input(key="number").set_value(number).run()


def press(page, digit):
    page.button(key=f"press.{digit}").click().run()
    assert not page.exception


def open_drawings(page):
    page.button(key="my_drawings").click().run()
    assert not page.exception


def listed(page):
    return [button.label.partition(" of ")[2] for button in page.button if ".delete." in str(button.key)]


def links(page):
    return [link.proto.label for link in page.get("page_link")]


def prompt(page):
    (component,) = [element.proto for element in page.get("bidi_component") if element.proto.id.endswith("meant.digit")]
    return json.loads(component.bytes)["prompt"]


def test_a_click_saves_another_corrects_and_the_same_deletes(page):
    assert not page.exception and "read correctly" not in words(page)
    draw(page, 1)
    press(page, 3)
    assert "1 drawing, 1 read correctly" in words(page) and links(page) == []
    press(page, 8)
    assert "1 drawing, 0 read correctly" in words(page) and links(page) == ["Fine-tune on my drawings"]
    draw(page, 2)
    assert "1 drawing, 0 read correctly" in words(page) and links(page) == []
    press(page, 3)
    assert "2 drawings, 1 read correctly" in words(page)
    press(page, 3)
    assert "1 drawing, 0 read correctly" in words(page)


@pytest.mark.parametrize("forged", ["7", None, 10, True])
def test_a_forged_digit_saves_nothing(page, forged):
    draw(page, 1)
    press(page, forged)
    assert "read correctly" not in words(page)


def test_drawings_are_listed_newest_first_and_deleted_one_by_one(page):
    for number in range(1, 14):
        draw(page, number)
        press(page, 8 if number == 13 else 3)
    open_drawings(page)
    assert listed(page) == ["an 8, read as a 3"] + ["a 3"] * 11
    next(button for button in page.button if button.label.endswith("an 8, read as a 3")).click().run()
    open_drawings(page)
    assert "12 drawings, 12 read correctly" in words(page) and listed(page) == ["a 3"] * 12


def test_an_unsure_answer_asks_what_was_meant(page):
    draw(page, 2)
    assert prompt(page) == "I meant"
    draw(page, 95)
    assert prompt(page) == "Tell it what you meant"
    press(page, 3)
    assert prompt(page) == "I meant"


def test_deleting_all_asks_for_confirmation(page):
    draw(page, 1)
    press(page, 3)
    open_drawings(page)
    page.button(key="my_drawings.ask_delete").click().run()
    open_drawings(page)
    assert "Delete 1 drawing?" in words(page)
    page.button(key="my_drawings.Keep them").click().run()
    assert "1 drawing," in words(page) and "Delete 1" not in words(page)
    open_drawings(page)
    page.button(key="my_drawings.ask_delete").click().run()
    open_drawings(page)
    page.button(key="my_drawings.Delete them").click().run()
    assert not page.exception and "read correctly" not in words(page)


def test_damaged_drawings_show_a_sentence_and_can_be_deleted(page, tmp_path):
    draw(page, 1)
    press(page, 3)
    (tmp_path / "visitor" / collection.FILE).write_bytes(b"PK\x03\x04")
    page.run()
    assert not page.exception and "keeps a copy of the damaged file" in words(page)
    press(page, 8)  # saves nothing
    page.button(key="meant.begin_anew").click().run()
    assert not page.exception and "damaged" not in words(page)
    assert len(list((tmp_path / "visitor").glob("damaged-*"))) == 1
