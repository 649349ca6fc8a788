"""Requests of a run's owner: the lines of requests.jsonl, and their combined effect.

Nothing records which requests were carried out: what is requested now follows from all of them together.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from trainer import UserError
from trainer.config.limits import CLASSES, check_setting
from trainer.config.training import TrainingConfig
from trainer.storage.files import Record

CONTINUE = ("resume", "epochs")  # kinds that make a paused or ended run continue
KINDS = ("stop", "pause", *CONTINUE, "learning_rate", "pin", "unpin")
MAX_DRAWINGS = 5  # followed by one run
_SIZE = 28
_MAX_ID_CHARACTERS = 16


@dataclass(frozen=True, eq=False)
class FollowedDrawing:
    """A drawing that is predicted throughout a training."""

    id: str
    label: int | None  # the digit that was meant, if known
    image: np.ndarray  # (28, 28) float32, 0 paper .. 1 ink

    def request(self) -> Record:
        """Return the values of the "pin" request that makes a run follow this drawing."""
        packed = base64.b64encode(np.round(self.image * 255).astype(np.uint8).tobytes()).decode()
        return {"drawing": self.id, "label": self.label, "image": packed}

    @classmethod
    def parse(cls, request: Record) -> FollowedDrawing:
        """Return the drawing of a "pin" request. Raises ValueError if the request is damaged."""
        name, label, image = (request.get(key) for key in ("drawing", "label", "image"))
        if not (isinstance(name, str) and isinstance(image, str) and name.isprintable()):
            raise ValueError("the id and the image must be text")
        if len(name) > _MAX_ID_CHARACTERS:
            raise ValueError(f"the id must have at most {_MAX_ID_CHARACTERS} characters (got {len(name)})")
        if label is not None and (type(label) is not int or not 0 <= label < CLASSES):
            raise ValueError("the label must be a digit")
        try:
            pixels = np.frombuffer(base64.b64decode(image, validate=True), np.uint8)
        except binascii.Error as error:
            raise ValueError(str(error)) from None
        return cls(name, label, (pixels.reshape(_SIZE, _SIZE) / np.float32(255)).astype(np.float32))


@dataclass(frozen=True)
class Requests:
    """Combined effect of all requests of a run."""

    end: Literal["", "stop", "pause"] = ""
    epochs: int = 0  # in total
    learning_rate: float = 0.0  # the schedule's highest
    drawings: tuple[FollowedDrawing, ...] = ()
    ends: int = field(default=0, compare=False)  # requests to stop or pause so far

    @classmethod
    def of(cls, config: TrainingConfig, requests: Iterable[dict[str, Any]]) -> Requests:
        """Combine requests in their order; invalid ones are ignored."""
        end: Literal["", "stop", "pause"] = ""
        epochs, learning_rate, ends = config.epochs, config.learning_rate, 0
        drawings: dict[str, FollowedDrawing] = {}
        for request in requests:
            try:
                match request.get("kind"):
                    case "stop" | "pause" as end:
                        ends += 1
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
        return cls(end, epochs, learning_rate, tuple(drawings.values()), ends)
