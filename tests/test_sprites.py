"""Many images as one picture."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from trainer.sprites import sprites


@pytest.mark.parametrize("shape", [(28, 28), (8, 12, 3)])
def test_each_image_lies_in_its_place(shape):
    images = np.random.default_rng(0).integers(0, 256, (7, *shape), np.uint8)
    head, data = sprites(images, 3).split(",")
    assert head == "data:image/png;base64"
    picture = np.asarray(Image.open(BytesIO(b64decode(data))))
    height, width = shape[:2]
    assert picture.shape[:2] == (3 * height, 3 * width)
    for place, image in enumerate(images):
        y, x = place // 3 * height, place % 3 * width
        assert np.array_equal(picture[y : y + height, x : x + width], image)
    assert not picture[2 * height :, width:].any()


def test_a_photo_can_be_smaller_as_jpeg():
    images = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), np.uint8)
    url = sprites(images, 3, quality=70)
    assert url.startswith("data:image/jpeg;base64,") and len(url) < len(sprites(images, 3))
