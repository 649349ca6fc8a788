"""Files that cost far more than their size: photos that take long to decode, data sets that unpack to much."""

import struct
from io import BytesIO

import numpy as np
from PIL import Image

from trainer.drawing import synthetic_digits

HUFFMAN_TABLE, START_OF_SCAN = b"\xff\xc4", b"\xff\xda"  # markers in a JPEG file
PHOTO_SIDE = 6_000  # pixels
IMAGES = 48_000  # of a large data set, 38 MB
BLANK_IMAGES = 490_000  # 384 MB, in 380 kB
NAMES = 700_000


def progressive_jpeg(side: int = PHOTO_SIDE, scans: int = 5_000) -> bytes:
    """Return a progressive JPEG of a digit in which a scan of no color, of a few dozen bytes, is repeated."""
    jpeg = BytesIO()
    paper = Image.fromarray(_paper(side)).convert("RGB")
    paper.save(jpeg, "JPEG", progressive=True, quality=50, subsampling=0)
    first, *parts = jpeg.getvalue().split(HUFFMAN_TABLE)
    shortest = min((part for part in parts if START_OF_SCAN in part), key=len)
    return HUFFMAN_TABLE.join([first, *parts[:-1], *[shortest] * scans, parts[-1]])


def large_png(side: int = PHOTO_SIDE) -> bytes:
    """Return a PNG of a digit."""
    png = BytesIO()
    Image.fromarray(_paper(side)).save(png, "PNG", compress_level=1)
    return png.getvalue()


def _paper(side: int) -> np.ndarray:
    """Return a dark digit on light paper, (side, side) uint8."""
    strokes = synthetic_digits.pen_strokes(3, np.random.default_rng(0), variation=0)
    small = Image.fromarray(255 - synthetic_digits.draw(strokes)[..., 0])
    return np.asarray(small.resize((side, side)))


def dataset(images: int = IMAGES, seed: int = 0) -> bytes:
    """Return a data set of random images, which cannot be compressed."""
    rng = np.random.default_rng(seed)
    return _npz(rng.integers(0, 256, (images, 28, 28), np.uint8), rng.integers(0, 10, images))


def blank_dataset(images: int = BLANK_IMAGES) -> bytes:
    """Return a data set of blank images, which unpacks to a thousand times its size."""
    return _npz(np.zeros((images, 28, 28), np.uint8), np.zeros(images, np.uint8))


def _npz(images: np.ndarray, labels: np.ndarray) -> bytes:
    file, test = BytesIO(), len(images) // 10
    save = np.savez if images.any() else np.savez_compressed
    save(file, x_train=images[test:], y_train=labels[test:], x_test=images[:test], y_test=labels[:test])
    return file.getvalue()


def many_names(names: int = NAMES) -> bytes:
    """Return a zip whose directory lists so many files, all of them the same empty one."""
    name = b"x.npy"
    file = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0) + name
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0) + name
    directory = entry * names
    count = min(names, 0xFFFF)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(file), 0)
    return file + directory + end
