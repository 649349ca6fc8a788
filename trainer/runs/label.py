"""Label of a run: the name, note and pin that its owner gave it (meta.json), and the name that it has without."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainer import UserError
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig, short_form
from trainer.storage.files import read_object
from trainer.text import plain

NAME = 80  # characters of a run's name
NOTE = 1_000  # and of its owner's note
_TEXTS = {"name": NAME, "note": NOTE}  # at most so many characters


@dataclass(frozen=True)
class Label:
    """What its owner has written on a run."""

    name: str = ""
    note: str = ""
    pinned: bool = False  # to the top of the list

    @classmethod
    def read(cls, path: Path) -> Label:
        """Read a label from meta.json; whatever is damaged counts as not written."""
        try:
            values = read_object(path)
        except (OSError, ValueError):
            return cls()
        texts = {key: plain(value[:most]) for key, most in _TEXTS.items() if isinstance(value := values.get(key), str)}
        return cls(**texts, pinned=values.get("pinned") is True)

    def changed(self, **changes: Any) -> Label:
        """Return the label with these fields changed, and spaces for letters that cannot be shown.

        Raises UserError where a text is too long.
        """
        changes |= {key: plain(changes[key]) for key in _TEXTS if key in changes}
        if "name" in changes:
            changes["name"] = " ".join(changes["name"].split())
        for key, most in _TEXTS.items():
            if len(changes.get(key, "")) > most:
                raise UserError(
                    f"A {key} may have at most {most:,} letters (got {len(changes[key]):,}): write a shorter one."
                )
        return replace(self, **changes)


def generated_name(config: TrainingConfig, parent: str = "") -> str:
    """Return the name of a run that its owner has not named: its preset's title, or its layers in short."""
    presets = [preset for preset in PRESETS.values() if preset.config.layers == config.layers]
    presets.sort(key=lambda preset: preset.config != replace(config, seed=preset.config.seed))
    name = presets[0].title if presets else short_form(config)
    return f"{name}, continued" if parent else name
