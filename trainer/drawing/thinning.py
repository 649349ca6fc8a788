"""Center lines of digits in images, as the pen went that drew them.

T. Y. Zhang and C. Y. Suen, A Fast Parallel Algorithm for Thinning Digital Patterns, Communications of the ACM 27, 1984:
ink is taken away from the border of a stroke, from two sides in turn, until a line of one pixel is left.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

ENLARGED = 4  # times, before the thinning: center lines are then a quarter of a pixel exact
# the eight neighbors of a pixel, from the one above clockwise: steps down and to the right
NEIGHBORS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def center_points(images: np.ndarray) -> list[np.ndarray]:
    """Return the points of the center lines of the ink in images (n, height, width) uint8, 255 = ink.

    For each image an array (points, 2) of floats: x to the right and y down, in pixels, in no useful order.
    """
    size = images.shape[2] * ENLARGED, images.shape[1] * ENLARGED
    large = [np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)) for image in images]
    levels = np.reshape(large, (-1, size[1], size[0]))
    lines = thin(levels > levels.max(axis=(1, 2), keepdims=True) // 2)
    return [np.argwhere(line)[:, ::-1] / ENLARGED for line in lines]


def thin(ink: np.ndarray) -> np.ndarray:
    """Return lines of one pixel in place of the strokes of ink, both (n, height, width) of booleans."""
    padded = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    changing = np.arange(len(ink))
    while len(changing):
        part = padded[changing]
        here = part[:, 1:-1, 1:-1]
        changed = np.zeros(len(part), bool)
        for is_border in _borders():
            around = np.zeros(here.shape, np.uint8)
            for bit, (down, right) in enumerate(NEIGHBORS):
                neighbor = part[:, 1 + down : part.shape[1] - 1 + down, 1 + right : part.shape[2] - 1 + right]
                around |= neighbor.view(np.uint8) << bit
            border = here & is_border[around]
            here &= ~border
            changed |= border.any(axis=(1, 2))
        padded[changing] = part
        changing = changing[changed]
    return padded[:, 1:-1, 1:-1]


def _borders() -> tuple[np.ndarray, np.ndarray]:
    """Return for both sides in turn which of the 256 neighborhoods are those of a border, (256,) of booleans.

    A neighborhood is a number whose bits are the NEIGHBORS. Without its pixel, ink must stay as connected as it was.
    """
    bits = [np.arange(256) >> bit & 1 for bit in range(8)]
    count = sum(bits)
    begins = sum((bits[bit] < bits[(bit + 1) % 8]) for bit in range(8))  # runs of ink around the pixel
    removable = (count >= 2) & (count <= 6) & (begins == 1)
    up, right, down, left = bits[::2]
    return (
        removable & (up * right * down == 0) & (right * down * left == 0),
        removable & (up * right * left == 0) & (up * down * left == 0),
    )
