"""What does its owner wish of a run? The lines of requests.jsonl, and what they come to.

Nobody notes which of them were obeyed: what is wished now follows from all of them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from trainer import UserError
from trainer.config import TrainingConfig
from trainer.limits import CLASSES, LIMITS

GO_ON = ("resume", "epochs")
REQUESTS = ("stop", "pause", *GO_ON, "learning_rate", "pin", "unpin")
SIZE = 28
PINNED = 5  # drawings that a run follows


@dataclass(frozen=True, eq=False)
class Pinned:
    """A drawing that is followed through a training; `label` is the digit it was meant to be, where that is known."""

    id: str
    label: int | None
    image: np.ndarray  # (28, 28) float32, 0 paper .. 1 ink

    def request(self) -> dict[str, Any]:
        """Return the values of the request that pins it."""
        packed = base64.b64encode(np.round(self.image * 255).astype(np.uint8).tobytes()).decode()
        return {"drawing": self.id, "label": self.label, "image": packed}


@dataclass(frozen=True)
class Wishes:
    """What all requests of a run come to."""

    end: Literal["", "stop", "pause"] = ""
    epochs: int = 0  # in all
    learning_rate: float = 0.0  # the highest, that the schedule starts from
    drawings: tuple[Pinned, ...] = ()

    @classmethod
    def of(cls, config: TrainingConfig, requests: Iterable[Mapping[str, Any]]) -> Wishes:
        """Read requests in their order; one that is not as it must be is passed over."""
        end: Literal["", "stop", "pause"] = ""
        epochs, learning_rate = config.epochs, config.learning_rate
        drawings: dict[str, Pinned] = {}
        for request in requests:
            try:
                match request.get("kind"):
                    case "stop":
                        end = "stop"
                    case "pause":
                        end = "pause"
                    case "resume":
                        end = ""
                    case "epochs":
                        LIMITS["epochs"].check("epochs", request.get("value"))
                        end, epochs = "", request["value"]
                    case "learning_rate":
                        LIMITS["learning_rate"].check("learning_rate", request.get("value"))
                        learning_rate = float(request["value"])
                    case "pin":
                        pinned = _pinned(request)
                        if len(drawings) < PINNED:
                            drawings[pinned.id] = pinned
                    case "unpin":
                        drawings.pop(str(request.get("drawing")), None)
            except (UserError, ValueError):
                continue
        return cls(end, epochs, learning_rate, tuple(drawings.values()))


def _pinned(request: Mapping[str, Any]) -> Pinned:
    name, label, image = (request.get(key) for key in ("drawing", "label", "image"))
    if not isinstance(name, str) or not isinstance(image, str) or len(name) > 16 or not name.isprintable():
        raise ValueError("no drawing")
    if label is not None and (type(label) is not int or not 0 <= label < CLASSES):
        raise ValueError("no digit")
    try:
        pixels = np.frombuffer(base64.b64decode(image, validate=True), np.uint8)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    return Pinned(name, label, (pixels.reshape(SIZE, SIZE) / np.float32(255)).astype(np.float32))
