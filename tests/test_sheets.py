from base64 import b64decode
from io import BytesIO

import numpy as np
from PIL import Image

from trainer import sheets


def test_an_image_comes_back_from_its_url_grey_or_in_colour():
    random = np.random.default_rng(0)
    for shape in ((28, 28), (32, 32, 3)):
        image = random.integers(0, 256, shape, np.uint8)
        png = b64decode(sheets.data_url(image).removeprefix("data:image/png;base64,"))
        assert (np.asarray(Image.open(BytesIO(png))) == image).all()


def test_captions_are_escaped_and_marks_are_told_in_words_too():
    html = sheets.sheet(np.zeros((3, 8, 16), np.uint8), ["<b>4", "was 5\nread 6", "7"], [True, False, None])
    assert "<b>4" not in html and "&lt;b&gt;4" in html and html.count("<figure") == 3
    assert html.count("✓") == html.count("✗") == 1
    assert 'alt="was 5 read 6: wrong"' in html and f'height="{sheets.SIZE // 2}"' in html
