"""How do digits look that are moved, turned and resized at random? What a training does to them, to be looked at.

The training itself does so with Keras, in every epoch anew.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from trainer.data.npz import Array


def augmented(images: Array, shift: float, rotation: float, zoom: float, seed: int = 0) -> Array:
    """Move images, (n, 28, 28) or in colour (n, height, width, 3) uint8, by up to `shift` pixels, turn and resize them.

    rotation: in degrees, at most, either way; zoom: as a share of the size.
    """
    rng = np.random.default_rng(seed)
    moved = np.empty_like(images)
    for place, image in enumerate(images):
        turn, size, right, down = rng.uniform(-1, 1, 4) * (math.radians(rotation), zoom, shift, shift)
        cosine, sine = math.cos(turn) / (1 + size), math.sin(turn) / (1 + size)
        height, width = image.shape[:2]
        across, along = width / 2, height / 2
        x, y = across + right, along + down
        # each pixel takes its ink from a place that is shifted back, and turned and resized about the middle
        places = (cosine, -sine, across - cosine * x + sine * y, sine, cosine, along - sine * x - cosine * y)
        moved[place] = np.asarray(
            Image.fromarray(image).transform((width, height), Image.Transform.AFFINE, places, Image.Resampling.BILINEAR)
        )
    return moved
