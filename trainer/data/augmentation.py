"""Preview of augmentation: images shifted, rotated and zoomed at random.

A training does the same with Keras, differently in every epoch (`trainer.networks.train_step`).
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from trainer.data.npz import Array


def augment(images: Array, shift: float, rotation: float, zoom: float, seed: int = 0) -> Array:
    """Return shifted, rotated and zoomed copies of images, (n, height, width) or (n, height, width, 3) uint8.

    Each amount is drawn at random, in either direction: shift: at most, in pixels; rotation: in degrees; zoom: as a
    share of the size.
    """
    rng = np.random.default_rng(seed)
    moved = np.empty_like(images)
    for place, image in enumerate(images):
        angle, scale, right, down = rng.uniform(-1, 1, 4) * (math.radians(rotation), zoom, shift, shift)
        cosine, sine = math.cos(angle) / (1 + scale), math.sin(angle) / (1 + scale)
        height, width = image.shape[:2]
        across, along = width / 2, height / 2
        x, y = across + right, along + down
        # each pixel takes its ink from a place that is shifted back, then rotated and zoomed about the middle
        places = (cosine, -sine, across - cosine * x + sine * y, sine, cosine, along - sine * x - cosine * y)
        moved[place] = np.asarray(
            Image.fromarray(image).transform((width, height), Image.Transform.AFFINE, places, Image.Resampling.BILINEAR)
        )
    return moved
