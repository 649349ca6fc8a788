import numpy as np

from trainer.figures import sheets


def test_captions_are_escaped_and_marks_are_in_the_alt_text():
    html = sheets.captioned_images(np.zeros((3, 8, 16), np.uint8), ["<b>4", "was 5\nread 6", "7"], [True, False, None])
    assert "<b>4" not in html and "&lt;b&gt;4" in html and html.count("<figure") == 3
    assert html.count("✓") == html.count("✗") == 1
    assert 'alt="was 5 read 6: wrong"' in html and f'height="{sheets.SIZE // 2}"' in html
