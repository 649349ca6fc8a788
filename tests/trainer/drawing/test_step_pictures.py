"""The pictures of the normalization steps."""

import io
import re
import xml.etree.ElementTree as ElementTree
from base64 import b64decode
from dataclasses import dataclass
from html import unescape

import numpy as np
import pytest
from PIL import Image

from trainer.drawing import normalize, step_pictures, synthetic_digits
from trainer.drawing.strokes import Strokes
from trainer.figures.palette import BLUE, VERMILLION

LABELS = range(10)


def drawing(label: int, pen: float = 20) -> normalize.NormalizationSteps:
    written = synthetic_digits.pen_strokes(label, np.random.default_rng(label))
    (steps,) = normalize.find_digits(synthetic_digits.draw(written, 300, pen))
    return steps


@dataclass
class Figure:
    words: str
    alt: str
    root: ElementTree.Element

    def parts(self, kind: str) -> list[ElementTree.Element]:
        return [element for element in self.root.iter() if element.tag.endswith("}" + kind)]

    @property
    def pixels(self) -> np.ndarray:
        """What is shown, 0 to 1, at its place in a frame of as many pixels as the picture has."""
        frame = np.zeros([int(float(size)) for size in self.root.attrib["viewBox"].split()[:1:-1]])
        (image,) = self.parts("image")
        shown = np.asarray(Image.open(io.BytesIO(b64decode(image.attrib["href"].split(",")[1])))) / 255
        left, top = (int(float(image.attrib[side])) for side in "xy")
        frame[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
        return frame


def figures(html: str) -> list[Figure]:
    found = re.findall(r'<img .*?alt="(.*?)" src="(.*?)"><figcaption>(.*?)</figcaption>', html)
    return [Figure(words, unescape(alt), svg(url)) for alt, url, words in found]


def svg(url: str) -> ElementTree.Element:
    return ElementTree.fromstring(b64decode(url.removeprefix("data:image/svg+xml;base64,")))


def steps_of(steps: normalize.NormalizationSteps) -> list[Figure]:
    return figures(step_pictures.steps_html(None, steps, [steps.box]))


@pytest.mark.parametrize("label", LABELS)
def test_each_step_shows_its_result(label: int) -> None:
    steps = drawing(label)
    drawn, inked, cropped, fitted, moved, seen = steps_of(steps)
    assert [float(size) for size in drawn.root.attrib["viewBox"].split()] == [0, 0, 300, 300]
    (box,) = [part for part in inked.parts("rect") if part.attrib.get("fill") == "none"]
    left, top, right, bottom = steps.box
    assert (float(box.attrib["x"]), float(box.attrib["width"])) == (left, right - left)
    assert (float(box.attrib["y"]), float(box.attrib["height"])) == (top, bottom - top)
    assert float(cropped.root.attrib["viewBox"].split()[2]) == max(right - left, bottom - top)
    assert fitted.pixels.sum() == pytest.approx(steps.boxed.sum(), rel=0.02)
    assert moved.pixels == pytest.approx(steps.uncentered, abs=0.005)
    assert seen.pixels == pytest.approx(steps.image, abs=0.005)


@pytest.mark.parametrize("label", LABELS)
def test_the_arrow_leads_from_the_center_of_mass_to_its_new_position(label: int) -> None:
    steps = drawing(label)
    moved, seen = steps_of(steps)[4:]
    begin = [index + 0.5 for index in normalize.center_of_mass(steps.uncentered)]
    end = [index + 0.5 for index in normalize.center_of_mass(steps.image)]
    (dot,) = moved.parts("circle")
    assert [float(dot.attrib["cx"]), float(dot.attrib["cy"])] == pytest.approx(begin, abs=0.01)
    lines = [
        part.attrib["d"] for part in moved.parts("path") if "L" in part.attrib["d"] and "z" not in part.attrib["d"]
    ]
    if begin != pytest.approx(end):
        assert [float(number) for number in lines[0].split("L")[1].split()] == pytest.approx(end, abs=0.01)
    (cross,) = [part for part in seen.parts("path") if part.attrib.get("id") == "center"]
    assert [float(number) for number in cross.attrib["d"][1:].split("m")[0].split()] == pytest.approx(end, abs=0.01)


def test_each_step_has_a_caption_and_an_alt_text() -> None:
    shown = steps_of(drawing(7))
    assert len(shown) == 6 and all(figure.words and figure.alt for figure in shown)
    assert re.fullmatch(r"Moved( \d+ (left|right),?)?( \d+ (up|down))?|Centered: no move", shown[4].words)


@pytest.mark.parametrize(("pen", "word"), [(5, "thicker"), (20, None), (60, "thinner")])
def test_the_caption_says_whether_strokes_were_redrawn(pen: float, word: str | None) -> None:
    words = steps_of(drawing(0, pen))[3].words
    assert words.startswith("Fitted into 20 × 20") and ((word or "made") in words) == (word is not None)


def test_strokes_are_shown_drawn_again() -> None:
    written = [300 * line for line in synthetic_digits.pen_strokes(5, np.random.default_rng(5))]
    steps = Strokes(written, [40] * len(written), 300).whole
    assert steps is not None
    _, _, redrawn, fitted, *_ = steps_of(steps)
    assert redrawn.words == "Your strokes, drawn again with MNIST&#39;s pen"
    left, top, right, bottom = steps.box
    assert redrawn.pixels.mean() < 0.6 * steps.ink[top:bottom, left:right].mean(), "the pen on the paper is thick"
    assert "made" not in fitted.words


def test_blank_paper_has_the_same_steps_empty() -> None:
    html = step_pictures.steps_html(None, None)
    assert len(figures(html)) == 6 and "empty" in html
    assert not any(figure.parts("image") for figure in figures(html))


@pytest.mark.parametrize("same", [True, False])
def test_an_alternative_stands_beside_the_steps(same: bool) -> None:
    steps = drawing(4)
    other = step_pictures.Alternative("Squeezed", steps.squeezed, "a 9 (51 %)", same)
    html = step_pictures.steps_html(None, steps, alternatives=[other])
    last = figures(html)[-1]
    assert last.alt == "Squeezed: a 9 (51 %)" and last.pixels == pytest.approx(steps.squeezed, abs=0.005)
    assert ((BLUE if same else VERMILLION) in last.words) and (("=" if same else "≠") in last.words)


def test_several_digits_have_a_box_each_with_its_word() -> None:
    boxes = [(10, 50, 60, 100), (100, 5, 150, 60)]
    root = svg(step_pictures.boxes_url((300, 300), boxes, ["4", "2?"], focus=1))
    texts = [element for element in root.iter() if element.tag.endswith("}text")]
    assert [element.text for element in texts] == ["4", "2?"]
    assert float(texts[0].attrib["y"]) < 50 and float(texts[1].attrib["y"]) > 60  # where there is room
    frames = [element for element in root.iter() if element.attrib.get("fill") == "none"]
    assert len(frames) == 2 and frames[0].attrib["stroke"] != frames[1].attrib["stroke"]


def test_a_photo_is_embedded_small_with_its_boxes() -> None:
    photo = np.full((900, 1000, 3), 200, np.uint8)
    url = step_pictures.boxed_url(photo, [(100, 100, 300, 300)], ["7"])
    assert len(url) < 100_000
    (image,) = [element for element in svg(url).iter() if element.tag.endswith("}image")]
    assert image.attrib["href"].startswith("data:image/jpeg")
