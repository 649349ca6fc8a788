"""A visitor's labeled drawings: saved, corrected, downloaded, deleted, and private."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from harness.browser import digit_strokes
from trainer import UserError
from trainer.drawing import collection, saved_strokes, strokes
from trainer.drawing.collection import Collection
from trainer.drawing.strokes import Strokes
from trainer.jobs.engine import Engine

SIZE = (28, 28)


@pytest.fixture
def drawings(tmp_path):
    return Collection(tmp_path / "visitor")


def drawing(seed):
    return np.random.default_rng(seed).random(SIZE, dtype=np.float32)


def on_paper(number):
    lines = [300 * line for line in digit_strokes(number)]
    return Strokes(lines, [20.0] * len(lines), 300)


def test_a_drawing_is_saved_with_its_label_and_prediction(drawings):
    drawings.add(drawing(0), 7, 1)
    drawings.add(drawing(1), 3, 3)
    drawings.add(drawing(2), 5)
    again = Collection(drawings.path.parent)  # as after a restart
    assert len(again) == 3 and again.correct_count == 1
    assert again.labels.tolist() == [7, 3, 5] and again.predictions.tolist() == [1, 3, -1]
    assert again.images.dtype == np.float32 and again.images.shape == (3, *SIZE)
    assert again.images[0] == pytest.approx(drawing(0), abs=1 / 500)


def test_a_second_label_for_the_same_drawing_replaces_the_first(drawings):
    drawings.add(drawing(0), 7, 1)
    drawings.add(drawing(1), 2, 2)
    drawings.add(drawing(0), 1, 1)
    assert drawings.labels.tolist() == [1, 2] and drawings.correct_count == 2
    assert drawings.label_of(drawing(0)) == 1 and drawings.label_of(drawing(5)) is None


def test_one_drawing_or_all_can_be_deleted(drawings):
    keys = [drawings.add(drawing(seed), seed) for seed in range(3)]
    drawings.remove(keys[1])
    drawings.remove(keys[1])  # gone already: in another tab
    assert drawings.labels.tolist() == [0, 2]
    drawings.clear()
    assert len(drawings) == 0 and drawings.images.shape == (0, *SIZE)


def test_plain_numpy_reads_the_npz_file(drawings):
    drawings.add(drawing(0), 7, 1, [np.array([[0.0, 1.0], [0.5, 0.0]])])
    with np.load(io.BytesIO(drawings.content()), allow_pickle=False) as arrays:
        assert arrays["images"].shape == (1, *SIZE) and arrays["images"].dtype == np.uint8
        assert arrays["labels"].tolist() == [7] and arrays["said"].tolist() == [1]
        assert arrays["points"].tolist() == [[0, 65_535], [32_768, 0]]
        assert arrays["points_of_stroke"].tolist() == [2] and arrays["strokes_of_drawing"].tolist() == [1]


def test_strokes_are_saved_with_their_drawing_and_deleted_with_it(drawings):
    numbers = (4, 7)
    written = [on_paper(number).whole for number in numbers]
    keys = [drawings.add(one.image, number, None, one.lines) for number, one in zip(numbers, written, strict=True)]
    drawings.add(drawing(0), 5)  # of a photo
    saved = Collection(drawings.path.parent).drawings  # as after a restart
    assert [len(lines) for lines in saved.lines] == [len(digit_strokes(4)), len(digit_strokes(7)), 0]
    for image, lines in zip(saved.images[:2], saved.lines, strict=False):
        assert strokes.image(lines) == pytest.approx(image / 255, abs=0.05)  # as the canvas draws them
    drawings.add(written[0].image, 9)
    assert [len(lines) for lines in drawings.drawings.lines] == [len(lines) for lines in saved.lines]
    drawings.remove(keys[0])
    assert np.array_equal(drawings.drawings.lines[0][0], saved.lines[1][0])


def test_a_file_without_strokes_as_older_versions_wrote_it_is_read_and_grows(drawings):
    drawings.path.parent.mkdir()
    images = np.stack([np.rint(255 * drawing(seed)).astype(np.uint8) for seed in range(2)])
    old = {"images": images, "labels": np.array([3, 8], np.uint8), "said": np.array([3, -1], np.int8)}
    with drawings.path.open("wb") as file:
        np.savez(file, allow_pickle=False, **old)
    assert drawings.label_of(drawing(1)) == 8 and drawings.drawings.lines == ((), ())
    drawings.add(drawing(2), 1, 1, [np.array([[0.0, 0.0], [0.5, 1.0]])])
    assert [len(lines) for lines in drawings.drawings.lines] == [0, 0, 1]
    drawings.remove(collection.drawing_key(drawing(0)))
    assert drawings.labels.tolist() == [8, 1] and [len(lines) for lines in drawings.drawings.lines] == [0, 1]


def test_the_most_drawings_with_the_longest_strokes_fit_into_the_file():
    longest = saved_strokes.shortened([np.random.default_rng(0).random((3_000, 2))])
    content = collection.Drawings(
        np.zeros((collection.MAX_DRAWINGS, *SIZE), np.uint8),
        np.zeros(collection.MAX_DRAWINGS, np.uint8),
        np.zeros(collection.MAX_DRAWINGS, np.int8),
        (longest,) * collection.MAX_DRAWINGS,
    ).content()
    assert len(content) < collection.MAX_FILE_BYTES
    assert len(collection.Drawings.read(content).lines) == collection.MAX_DRAWINGS


def test_the_sheet_has_the_drawings_in_rows_by_label(drawings):
    for place, label in enumerate([3, 3, 8]):
        drawings.add(drawing(place), label)
    sheet = np.asarray(Image.open(io.BytesIO(drawings.sheet())))
    cell = collection.CELL
    assert sheet.shape == (2 * cell, 3 * cell)
    first = sheet[2 : 2 + 56 : 2, cell + 2 : cell + 2 + 56 : 2]
    assert np.array_equal(first, np.rint(drawing(0) * 255).astype(np.uint8))
    assert len(np.unique(sheet[cell:, 2 * cell :])) == 1  # of the 8 there is only one


def test_a_sheet_of_many_drawings_stays_narrow():
    images = np.zeros((collection.MAX_DRAWINGS, *SIZE), np.uint8)
    sheet = Image.open(io.BytesIO(collection.contact_sheet(images, [4] * len(images))))
    assert sheet.width == (collection.DRAWINGS_PER_ROW + 1) * collection.CELL


def test_the_number_of_drawings_is_limited(drawings, monkeypatch):
    monkeypatch.setattr(collection, "MAX_DRAWINGS", 2)
    for seed in range(2):
        drawings.add(drawing(seed), 1)
    with pytest.raises(UserError, match="At most 2 drawings"):
        drawings.add(drawing(2), 1)
    drawings.add(drawing(0), 4)  # a correction is none more
    assert drawings.labels.tolist() == [4, 1]


DAMAGED = {
    "empty": b"",
    "cut": b"PK\x03\x04",
    "something else": b"not a zip",
    "a pickle": b"\x80\x04K\x01.",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_raises_a_sentence_and_stays_unchanged(drawings, content):
    drawings.add(drawing(0), 7)
    drawings.path.write_bytes(content)
    for ask in (
        lambda: len(drawings),
        lambda: drawings.add(drawing(1), 1),
        lambda: drawings.remove("a"),
        drawings.content,
    ):
        with pytest.raises(UserError, match="keeps a copy of the damaged file"):
            ask()
    assert drawings.path.read_bytes() == content
    drawings.clear()
    assert len(drawings) == 0
    (aside,) = drawings.path.parent.glob("damaged-*")
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
        {"points": np.zeros((0, 2), np.uint16)},  # of three arrays that belong together
    ],
)
def test_arrays_that_do_not_fit_together_count_as_damage(drawings, changes):
    drawings.path.parent.mkdir()
    arrays = {"images": np.zeros((1, *SIZE), np.uint8), "labels": np.zeros(1, np.uint8), "said": np.zeros(1, np.int8)}
    np.savez_compressed(drawings.path, **{**arrays, **changes})
    with pytest.raises(UserError, match="keeps a copy of the damaged file"):
        len(drawings)


def test_two_tabs_that_save_at_the_same_time_lose_nothing(drawings):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda seed: Collection(drawings.path.parent).add(drawing(seed), seed % 10), range(40)))
    assert len(drawings) == 40 and not list(drawings.path.parent.glob(".*"))


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
