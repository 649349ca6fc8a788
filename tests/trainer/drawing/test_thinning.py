"""Center lines of ink."""

import numpy as np
from PIL import Image, ImageDraw

from trainer.drawing import synthetic_digits, thinning


def test_a_bar_becomes_its_middle() -> None:
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 4:24, 12:16] = 255
    (points,) = thinning.center_points(image)
    assert np.abs(points[:, 0] - 14).max() <= 0.5, "x"
    assert points[:, 1].min() < 7 and points[:, 1].max() > 21, "y"


def test_a_ring_keeps_its_hole_and_stays_in_one_piece() -> None:
    drawn = Image.new("1", (60, 60))
    ImageDraw.Draw(drawn).ellipse((5, 5, 55, 55), outline=1, width=9)
    (line,) = thinning.thin(np.asarray(drawn)[None])
    ImageDraw.floodfill(filled := Image.fromarray(np.uint8(line) * 255), (30, 30), 128)
    levels = np.asarray(filled)
    assert levels[0, 0] == 0, "the line is closed"
    assert 100 < line.sum() < 160, "and one pixel wide"


def test_thinning_again_changes_nothing_and_touches_no_input() -> None:
    images, _ = synthetic_digits.make_digits(20, seed=4)
    ink = images > 127
    kept = ink.copy()
    once = thinning.thin(ink)
    assert np.array_equal(ink, kept) and not (once & ~ink).any()
    assert np.array_equal(thinning.thin(once), once)
    assert thinning.thin(ink[:0]).shape == (0, 28, 28)


def test_a_blank_image_has_no_points_and_a_faint_one_has_some() -> None:
    images = np.zeros((2, 28, 28), np.uint8)
    images[1, 10:14, 5:20] = 40
    blank, faint = thinning.center_points(images)
    assert blank.shape == (0, 2) and len(faint) > 20
