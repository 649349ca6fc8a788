"""Requests of a run's owner: the lines of requests.jsonl, and what they add up to.

Nobody notes which of them were obeyed: what is requested now follows from all of them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from trainer import UserError
from trainer.config.limits import CLASSES, check_setting
from trainer.config.training import TrainingConfig
from trainer.storage.files import Record

CONTINUE = ("resume", "epochs")
KINDS = ("stop", "pause", *CONTINUE, "learning_rate", "pin", "unpin")
MAX_DRAWINGS = 5  # that a run follows
_SIZE = 28
_MAX_ID = 16  # characters


@dataclass(frozen=True, eq=False)
class FollowedDrawing:
    """A drawing that is predicted throughout a training; `label` is the digit that was meant, where that is known."""

    id: str
    label: int | None
    image: np.ndarray  # (28, 28) float32, 0 paper .. 1 ink

    def request(self) -> Record:
        """Return the values of the request, of kind "pin", that follows it."""
        packed = base64.b64encode(np.round(self.image * 255).astype(np.uint8).tobytes()).decode()
        return {"drawing": self.id, "label": self.label, "image": packed}

    @classmethod
    def parse(cls, request: Record) -> FollowedDrawing:
        """Return the drawing of a request of kind "pin". Raises ValueError where that is damaged."""
        name, label, image = (request.get(key) for key in ("drawing", "label", "image"))
        if not isinstance(name, str) or not isinstance(image, str) or len(name) > _MAX_ID or not name.isprintable():
            raise ValueError("no drawing")
        if label is not None and (type(label) is not int or not 0 <= label < CLASSES):
            raise ValueError("no digit")
        try:
            pixels = np.frombuffer(base64.b64decode(image, validate=True), np.uint8)
        except binascii.Error as error:
            raise ValueError(str(error)) from None
        return cls(name, label, (pixels.reshape(_SIZE, _SIZE) / np.float32(255)).astype(np.float32))


@dataclass(frozen=True)
class Requests:
    """What all requests of a run add up to."""

    end: Literal["", "stop", "pause"] = ""
    epochs: int = 0  # in all
    learning_rate: float = 0.0  # the highest of the schedule
    drawings: tuple[FollowedDrawing, ...] = ()

    @classmethod
    def of(cls, config: TrainingConfig, requests: Iterable[dict[str, Any]]) -> Requests:
        """Add up requests in their order; an invalid one is ignored."""
        end: Literal["", "stop", "pause"] = ""
        epochs, learning_rate = config.epochs, config.learning_rate
        drawings: dict[str, FollowedDrawing] = {}
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
                        check_setting("epochs", request.get("value"))
                        end, epochs = "", request["value"]
                    case "learning_rate":
                        check_setting("learning_rate", request.get("value"))
                        learning_rate = float(request["value"])
                    case "pin":
                        drawing = FollowedDrawing.parse(request)
                        if len(drawings) < MAX_DRAWINGS:
                            drawings[drawing.id] = drawing
                    case "unpin":
                        drawings.pop(str(request.get("drawing")), None)
            except (UserError, ValueError):
                continue
        return cls(end, epochs, learning_rate, tuple(drawings.values()))
