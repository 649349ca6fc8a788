"""A visitor's labelled drawings: saved, corrected, downloaded, deleted, and private."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from harness.waiting import TIMEOUT_SECONDS
from trainer import UserError
from trainer.drawing import collection
from trainer.drawing.collection import Collection
from trainer.jobs.engine import Engine

SIZE = (28, 28)


@pytest.fixture
def kept(tmp_path):
    return Collection(tmp_path / "visitor")


def drawing(seed):
    return np.random.default_rng(seed).random(SIZE, dtype=np.float32)


def test_a_drawing_is_saved_with_its_label_and_prediction(kept):
    kept.add(drawing(0), 7, 1)
    kept.add(drawing(1), 3, 3)
    kept.add(drawing(2), 5)
    again = Collection(kept.path.parent)  # as after a restart
    assert len(again) == 3 and again.correct_count == 1
    assert again.labels.tolist() == [7, 3, 5] and again.predictions.tolist() == [1, 3, -1]
    assert again.images.dtype == np.float32 and again.images.shape == (3, *SIZE)
    assert again.images[0] == pytest.approx(drawing(0), abs=1 / 500)


def test_a_second_label_for_the_same_drawing_replaces_the_first(kept):
    kept.add(drawing(0), 7, 1)
    kept.add(drawing(1), 2, 2)
    kept.add(drawing(0), 1, 1)
    assert kept.labels.tolist() == [1, 2] and kept.correct_count == 2
    assert kept.label_of(drawing(0)) == 1 and kept.label_of(drawing(5)) is None


def test_one_drawing_or_all_can_be_deleted(kept):
    keys = [kept.add(drawing(seed), seed) for seed in range(3)]
    kept.remove(keys[1])
    kept.remove(keys[1])  # gone already: in another tab
    assert kept.labels.tolist() == [0, 2]
    kept.clear()
    assert len(kept) == 0 and kept.images.shape == (0, *SIZE)


def test_plain_numpy_reads_the_npz_file(kept):
    kept.add(drawing(0), 7, 1)
    with np.load(io.BytesIO(kept.content()), allow_pickle=False) as arrays:
        assert arrays["images"].shape == (1, *SIZE) and arrays["images"].dtype == np.uint8
        assert arrays["labels"].tolist() == [7] and arrays["said"].tolist() == [1]


def test_the_sheet_has_the_drawings_in_rows_by_label(kept):
    for place, label in enumerate([3, 3, 8]):
        kept.add(drawing(place), label)
    sheet = np.asarray(Image.open(io.BytesIO(kept.sheet())))
    cell = collection.CELL
    assert sheet.shape == (2 * cell, 3 * cell)
    first = sheet[2 : 2 + 56 : 2, cell + 2 : cell + 2 + 56 : 2]
    assert np.array_equal(first, np.rint(drawing(0) * 255).astype(np.uint8))
    assert len(np.unique(sheet[cell:, 2 * cell :])) == 1  # of the 8 there is only one


def test_a_sheet_of_many_drawings_stays_narrow():
    images = np.zeros((collection.MAX_DRAWINGS, *SIZE), np.uint8)
    sheet = Image.open(io.BytesIO(collection.contact_sheet(images, [4] * len(images))))
    assert sheet.width == (collection.DRAWINGS_PER_ROW + 1) * collection.CELL


def test_the_number_of_drawings_is_limited(kept, monkeypatch):
    monkeypatch.setattr(collection, "MAX_DRAWINGS", 2)
    for seed in range(2):
        kept.add(drawing(seed), 1)
    with pytest.raises(UserError, match="At most 2 drawings"):
        kept.add(drawing(2), 1)
    kept.add(drawing(0), 4)  # a correction is none more
    assert kept.labels.tolist() == [4, 1]


DAMAGED = {
    "empty": b"",
    "cut": b"PK\x03\x04",
    "something else": b"not a zip",
    "a pickle": b"\x80\x04K\x01.",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_raises_a_sentence_and_stays_unchanged(kept, content):
    kept.add(drawing(0), 7)
    kept.path.write_bytes(content)
    for ask in (lambda: len(kept), lambda: kept.add(drawing(1), 1), lambda: kept.remove("a"), kept.content):
        with pytest.raises(UserError, match="set aside"):
            ask()
    assert kept.path.read_bytes() == content
    kept.clear()
    assert len(kept) == 0
    (aside,) = kept.path.parent.glob("damaged-*")
    assert aside.read_bytes() == content


@pytest.mark.parametrize(
    "changes",
    [
        {"images": np.zeros((2, 28, 28), np.uint8)},
        {"images": np.zeros((1, 28, 28), np.float32)},
        {"labels": np.array([10], np.uint8)},
        {"said": np.zeros(3, np.int8)},
        {"images": np.array([None])},
        {"more": np.zeros(3_000_000, np.uint8)},
    ],
)
def test_arrays_that_do_not_fit_together_count_as_damage(kept, changes):
    kept.path.parent.mkdir()
    arrays = {"images": np.zeros((1, *SIZE), np.uint8), "labels": np.zeros(1, np.uint8), "said": np.zeros(1, np.int8)}
    np.savez_compressed(kept.path, **{**arrays, **changes})
    with pytest.raises(UserError, match="set aside"):
        len(kept)


def test_two_tabs_that_save_at_the_same_time_lose_nothing(kept):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda seed: Collection(kept.path.parent).add(drawing(seed), seed % 10), range(40)))
    assert len(kept) == 40 and not list(kept.path.parent.glob(".*"))


def test_a_read_only_folder_raises_a_sentence(tmp_path):
    (tmp_path / "visitor").write_text("a file where the folder should be")
    with pytest.raises(UserError, match="must be writable"):
        Collection(tmp_path / "visitor" / "more").add(drawing(0), 1)


def test_each_visitor_has_their_own_drawings(tmp_path, cluster):
    engine = Engine(tmp_path / "runs", address=cluster.scheduler_address)
    try:
        engine.collection("me").add(drawing(0), 3)
        assert len(engine.collection("me")) == 1 and len(engine.collection("somebody else")) == 0
        assert engine.runs.runs() == []  # they are no run
    finally:
        engine.close()


# --- on a page ------------------------------------------------------------------------------------------------

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
    assert not page.exception and "set aside" in words(page)
    press(page, 8)  # keeps nothing
    page.button(key="meant.begin_anew").click().run()
    assert not page.exception and "set aside" not in words(page)
    assert len(list((tmp_path / "visitor").glob("damaged-*"))) == 1
