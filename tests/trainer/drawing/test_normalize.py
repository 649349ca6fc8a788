"""Normalization from a canvas to an image like MNIST's."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainer import UserError
from trainer.drawing import normalize

in_any_time = settings(deadline=None)  # the machine may be busy
PAPERS = ("white on black", "black on white", "white on transparent", "black on transparent")


def on_paper(coverage: np.ndarray, paper: str = "white on black") -> np.ndarray:
    """Return an RGBA canvas with ink of the given coverage, 0..255 per pixel."""
    rgba = np.zeros((*coverage.shape, 4), np.uint8)
    rgba[..., 3] = 255
    if paper == "white on black":
        rgba[..., :3] = coverage[..., None]
    elif paper == "black on white":
        rgba[..., :3] = 255 - coverage[..., None]
    else:
        rgba[..., :3] = 255 if paper.startswith("white") else 0
        rgba[..., 3] = coverage
    return rgba


def blob(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Return ink of every strength, with strong edges."""
    coverage = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    coverage[0, 0] = coverage[-1, -1] = 255
    return coverage


def drawn(ink: np.ndarray, left: int, top: int, size: int = 280) -> np.ndarray:
    coverage = np.zeros((size, size), np.uint8)
    coverage[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return coverage


def read(coverage: np.ndarray, paper: str = "white on black") -> normalize.NormalizationSteps:
    steps = normalize.from_canvas(on_paper(coverage, paper))
    assert steps is not None
    return steps


@pytest.fixture(scope="module")
def mnist(mnist_path: Path) -> np.ndarray:
    with np.load(mnist_path) as arrays:
        return arrays["x_test"]


@pytest.mark.parametrize(
    ("paper", "count"), [(paper, 200) for paper in PAPERS] + [pytest.param(PAPERS[0], 2000, marks=pytest.mark.slow)]
)
def test_mnist_is_recovered_after_enlarging_it_ten_times(mnist: np.ndarray, paper: str, count: int) -> None:
    close = 0
    for image in mnist[:: len(mnist) // count][:count]:
        steps = read(image.repeat(10, axis=0).repeat(10, axis=1), paper)
        close += np.abs(steps.image * 255 - image).mean() <= 6
    assert close >= 0.98 * count


@in_any_time
@given(hnp.arrays(np.uint8, st.tuples(st.integers(20, 40), st.integers(20, 40), st.just(4))))
def test_any_canvas_can_be_normalized(rgba: np.ndarray) -> None:
    steps = normalize.from_canvas(rgba)
    if steps is not None:
        for image in (steps.ink, steps.crop, steps.boxed, steps.image):
            assert image.dtype == np.float32
            assert image.min() >= 0 and image.max() <= 1
        assert steps.ink.shape == rgba.shape[:2]
        assert steps.image.shape == (28, 28)
        assert max(steps.boxed.shape) == 20
        assert steps.image.sum() == pytest.approx(steps.boxed.sum(), rel=1e-4), "ink was lost at the edge"


@in_any_time
@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 1000))
def test_the_center_of_mass_is_at_index_14_unless_ink_would_be_cut_off(height: int, width: int, seed: int) -> None:
    steps = read(drawn(blob(height, width, seed), 40, 40))
    for place, shift, length in zip(
        normalize.center_of_mass(steps.image), steps.shift, reversed(steps.boxed.shape), strict=True
    ):
        clipped = shift in (0, 28 - length)
        assert clipped or abs(place - 14) <= 0.5 + 1e-3


@in_any_time
@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 1000))
def test_the_position_on_the_canvas_does_not_matter(left: int, top: int, seed: int) -> None:
    ink = blob(60, 50, seed)
    here, there = read(drawn(ink, 100, 100)), read(drawn(ink, left, top))
    assert there.box == (left, top, left + 50, top + 60)
    assert np.array_equal(here.image, there.image)


@in_any_time
@given(st.integers(1, 100), st.integers(1, 100), st.integers(0, 1000))
def test_the_paper_does_not_matter(height: int, width: int, seed: int) -> None:
    coverage = drawn(blob(height, width, seed), 90, 110)
    images = [read(coverage, paper).image for paper in PAPERS]
    for image in images[1:]:
        assert np.array_equal(images[0], image)


@in_any_time
@given(st.integers(2, 7), st.integers(0, 1000))
def test_the_size_on_the_canvas_does_not_matter(times: int, seed: int) -> None:
    ink = blob(40, 20, seed)
    enlarged = ink.repeat(times, axis=0).repeat(times, axis=1)
    small, large = read(drawn(ink, 0, 0)), read(drawn(enlarged, 0, 0))
    np.testing.assert_allclose(
        small.boxed, large.boxed, atol=0.05
    )  # Pillow may count a pixel on the border of two boxes in both


def test_a_digit_heavy_on_one_side_keeps_all_its_ink() -> None:
    ink = np.zeros((200, 200), np.uint8)
    ink[:, :10] = 255  # the center of mass is near the left edge: index 14 would push the thin bar out
    ink[:10, :] = 60
    steps = read(drawn(ink, 10, 10))
    assert steps.shift[0] == 28 - 20
    assert steps.image[:, -1].any()


def test_faint_specks_do_not_widen_the_crop() -> None:
    coverage = drawn(np.full((100, 60), 255, np.uint8), 80, 90)
    coverage[5, 5] = coverage[270, 260] = 30
    assert read(coverage).box == (80, 90, 140, 190)


def test_pale_and_colored_ink_count_in_full() -> None:
    ink = drawn(np.full((100, 60), 255, np.uint8), 80, 90)
    expected = read(ink).image
    assert np.array_equal(read(ink // 2).image, expected)
    rgba = on_paper(np.zeros_like(ink), "black on white")
    rgba[ink > 0, :3] = (255, 255, 0)  # yellow on white: hardly darker, but its blue is gone
    steps = normalize.from_canvas(rgba)
    assert steps is not None and np.array_equal(steps.image, expected)


def ring(pen: float, height: int = 100) -> np.ndarray:
    """Return the ink of a circle drawn with a pen of a width, `height` pixels high in total; a dot if it is filled."""
    middle = (height - 1) / 2
    y, x = np.mgrid[:height, :height] - middle
    away = np.hypot(x, y)
    edges = [np.clip(radius - away + 0.5, 0, 1) for radius in (height / 2, height / 2 - pen)]
    return (255 * (edges[0] - edges[1])).astype(np.uint8)


@pytest.mark.parametrize("pen", [6, 8, 10, 14, 18])
def test_a_pen_like_mnists_is_measured_and_not_redrawn(pen: int) -> None:
    steps = read(drawn(ring(pen), 90, 80))
    assert steps.pen == pytest.approx(pen / 5, abs=0.3), "5 pixels of the canvas make one of the image"
    assert steps.thickened == 0


@pytest.mark.parametrize(
    ("pen", "height", "wanted"), [(2, 200, normalize.PEN_RANGE[0]), (30, 100, normalize.PEN_RANGE[1])]
)
def test_a_far_thinner_or_thicker_pen_is_redrawn_with_the_nearest_width(pen: int, height: int, wanted: float) -> None:
    steps = read(drawn(ring(pen, height), 30, 40))
    assert steps.pen + steps.thickened == pytest.approx(wanted)
    assert steps.boxed.sum() == pytest.approx(np.pi * (20 - wanted) * wanted, rel=0.35), "a ring of 20 pixels"
    assert max(steps.boxed.shape) == 20, "what was lost or won at the edges is made good"


def test_a_loop_almost_filled_by_a_thick_pen_opens_again() -> None:
    steps = read(drawn(ring(34, 80), 90, 80))
    assert steps.crop[30:50, 30:50].mean() > 0.6
    assert steps.image[11:17, 11:17].mean() < 0.3, "the same part of the digit"


def test_a_dot_stays_a_dot() -> None:
    steps = read(drawn(ring(10, 18), 100, 100))
    assert steps.boxed.shape == (20, 20)
    assert steps.image.sum() > 0.75 * np.pi * 10**2


@in_any_time
@given(st.integers(1, 60), st.integers(20, 200))
def test_pens_of_all_sizes_leave_ink(pen: int, height: int) -> None:
    steps = read(drawn(ring(min(pen, height // 2), height), 20, 20))
    assert steps.image.max() > 0.3
    assert steps.pen > 0


def test_mnist_digits_are_not_redrawn(mnist: np.ndarray) -> None:
    redrawn = [read(image.repeat(10, axis=0).repeat(10, axis=1)).thickened != 0 for image in mnist[::50]]
    assert np.mean(redrawn) <= 0.01


def test_uncentered_has_the_box_in_the_middle() -> None:
    ink = np.zeros((100, 60), np.uint8)
    ink[:, :12] = ink[:12] = 255  # heavy on the upper left
    steps = read(drawn(ink, 150, 20))
    rows, columns = steps.uncentered.nonzero()
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 23, 8, 19)
    assert np.array_equal(steps.uncentered[4:24, 8:20], steps.boxed)
    assert not np.array_equal(steps.uncentered, steps.image)


def test_squeezed_is_the_whole_canvas_resized() -> None:
    squeezed = read(drawn(np.full((100, 50), 255, np.uint8), 20, 140)).squeezed
    expected = np.zeros((28, 28), np.float32)
    expected[14:24, 2:7] = 1
    np.testing.assert_allclose(squeezed, expected, atol=1e-6)


def test_ink_is_normalized_like_a_canvas_with_the_strongest_as_full_ink() -> None:
    coverage = drawn(ring(12), 30, 40)
    expected = read(coverage)
    for strength in (1, 0.4):
        steps = normalize.from_ink(coverage / np.float32(255) * np.float32(strength))
        assert steps is not None
        np.testing.assert_allclose(steps.image, expected.image, atol=1e-2)
    assert normalize.from_ink(np.zeros((30, 40), np.float32)) is None
    assert normalize.from_ink(np.full((30, 40), 0.02, np.float32)) is None


def test_find_digits_agrees_with_from_canvas_and_finds_none_on_blank_paper() -> None:
    rgba = on_paper(drawn(ring(12), 30, 40))
    (steps,) = normalize.find_digits(rgba)
    assert np.array_equal(steps.image, read(rgba[..., 0]).image)
    assert normalize.find_digits(np.zeros_like(rgba)) == []
    assert normalize.find_digits(np.zeros((30, 40), np.float32)) == []


@pytest.mark.parametrize(
    "color", [(0, 0, 0, 255), (255, 255, 255, 255), (0, 0, 0, 0), (255, 255, 255, 0), (9, 99, 200, 77)]
)
def test_a_canvas_of_one_color_is_blank(color: tuple[int, int, int, int]) -> None:
    rgba = np.empty((280, 280, 4), np.uint8)
    rgba[:] = color
    assert normalize.from_canvas(rgba) is None


def test_noise_of_a_few_levels_is_blank_paper() -> None:
    assert normalize.from_canvas(on_paper(np.random.default_rng(0).integers(0, 12, (280, 280), dtype=np.uint8))) is None


@pytest.mark.parametrize(
    "canvas",
    [
        np.zeros((280, 280), np.uint8),
        np.zeros((280, 280, 3), np.uint8),
        np.zeros((280, 280, 4), np.float32),
        np.zeros((0, 0, 4), np.uint8),
        np.zeros((19, 280, 4), np.uint8),
        np.zeros((20, 4097, 4), np.uint8),
        [[0]],
    ],
    ids=lambda canvas: str(getattr(canvas, "shape", "list")),
)
def test_any_other_array_is_rejected(canvas: np.ndarray) -> None:
    with pytest.raises(UserError, match=r"A canvas must .*\(got .*\): .*\."):
        normalize.from_canvas(canvas)


def test_the_smallest_and_the_largest_canvas_are_accepted() -> None:
    assert read(np.pad(np.full((2, 2), 255, np.uint8), 9)).box == (9, 9, 11, 11)
    largest = np.zeros((20, 4096), np.uint8)
    largest[9:11, 5:4000] = 255
    assert max(read(largest).boxed.shape) == 20
