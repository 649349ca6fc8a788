"""My drawings on the Draw page: label, correct, list, delete."""

import pytest
from streamlit.testing.v1 import AppTest

from harness.waiting import TIMEOUT_SECONDS
from trainer.drawing import collection

PAGE = """
from pathlib import Path
from types import SimpleNamespace
import numpy as np
import streamlit as st
from trainer.drawing.collection import Collection
from ui.draw import my_drawings as widget

st.session_state.owner = "me"
st.session_state.engine = SimpleNamespace(collection=lambda owner: Collection(Path(FOLDER)))
kept = Collection(Path(FOLDER))
number = st.number_input("drawing", 0, 99, 0, key="number")
image = np.random.default_rng(number).random((28, 28), dtype=np.float32) if number else None
for digit in (3, 8, "7", None, 10, True):
    st.button(f"press {digit}", key=f"press.{digit}", on_click=widget.save_label, args=(kept, image, digit, 3))
widget.render(image, 3 if number else None, "a-run")
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
    page.session_state["my_drawings"] = True
    page.run()
    assert not page.exception


def listed(page):
    return [button.label for button in page.button if ".delete." in str(button.key)]


def test_a_click_saves_another_corrects_and_the_same_deletes(page):
    assert not page.exception and "read correctly" not in words(page)
    draw(page, 1)
    press(page, 3)
    assert "1 drawing, 1 read correctly" in words(page) and "saved as a 3" in words(page)
    press(page, 8)
    assert "1 drawing, 0 read correctly" in words(page) and "saved as an 8" in words(page)
    draw(page, 2)
    assert "1 drawing, 0 read correctly" in words(page) and "saved as" not in words(page)
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
    assert listed(page) == ["8, read as 3"] + ["3"] * 9
    next(button for button in page.button if button.label == "8, read as 3").click().run()
    assert "12 drawings, 12 read correctly" in words(page) and listed(page) == ["3"] * 10


def test_deleting_all_asks_for_confirmation(page):
    draw(page, 1)
    press(page, 3)
    open_drawings(page)
    page.button(key="my_drawings.ask_delete").click().run()
    assert "Delete 1 drawing?" in words(page)
    page.button(key="my_drawings.Keep them").click().run()
    assert "1 drawing," in words(page) and "Delete 1" not in words(page)
    page.button(key="my_drawings.ask_delete").click().run()
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
