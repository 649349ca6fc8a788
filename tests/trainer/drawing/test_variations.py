"""Variations of strokes."""

import numpy as np

from trainer.drawing import strokes, synthetic_digits, variations


def test_lines_keep_their_points_and_become_about_as_long_as_one() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        lines = [280 * line for line in synthetic_digits.pen_strokes(seed % 10, rng)]
        varied = variations.vary(lines, rng)
        low, high = strokes.bounds(varied)
        assert [line.shape for line in varied] == [line.shape for line in lines]
        assert 0.5 < (high - low).max() < 2.5
        assert np.isfinite(np.concatenate(varied)).all()


def test_a_seed_repeats_a_variation_and_another_one_differs() -> None:
    lines = [np.array([[0.0, 0], [1, 3], [2, 9]]), np.array([[5.0, 5]])]
    first, again, other = (
        variations.draw_image(variations.vary(lines, rng), rng) for rng in map(np.random.default_rng, (1, 1, 2))
    )
    assert first.shape == (28, 28) and first.dtype == np.uint8
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_a_point_is_drawn_as_a_dot() -> None:
    rng = np.random.default_rng(0)
    image = variations.draw_image(variations.vary([np.array([[7.0, 7.0]])], rng), rng)
    assert image[14, 14] > 100 and image[:8].max() == 0
