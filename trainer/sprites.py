"""Many small images as one picture, which a page cuts into pieces again: data in, an URL out."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO

import numpy as np
from PIL import Image

from trainer.npz import Array


def sprites(images: Array, columns: int, quality: int = 0) -> str:
    """Lay images side by side, row after row, and return the picture as a data URL.

    images: (n, height, width) or (n, height, width, 3) uint8. With `quality`, 1 to 95, it is a JPEG, else a PNG. What
    the last row leaves free is black.
    """
    number, height, width = images.shape[:3]
    columns = max(1, min(columns, number))
    rows = max(1, -(-number // columns))
    sheet = np.zeros((rows * columns, *images.shape[1:]), np.uint8)
    sheet[:number] = images
    picture = sheet.reshape(rows, columns, *images.shape[1:]).swapaxes(1, 2)
    picture = picture.reshape(rows * height, columns * width, *images.shape[3:])
    file, kind = BytesIO(), "jpeg" if quality else "png"
    Image.fromarray(np.ascontiguousarray(picture)).save(file, kind, **({"quality": quality} if quality else {}))
    return f"data:image/{kind};base64,{b64encode(file.getvalue()).decode()}"
