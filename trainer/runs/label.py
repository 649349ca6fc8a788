"""Label of a run: the name, note and pin from its owner (meta.json), and the generated name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainer import UserError
from trainer.config.presets import PRESETS, fine_tune
from trainer.config.training import TrainingConfig, short_form
from trainer.shipped import network as shipped
from trainer.storage.files import read_object
from trainer.text import printable

MAX_NAME_CHARACTERS = 80
MAX_NOTE_CHARACTERS = 1_000
_LIMITS = {"name": MAX_NAME_CHARACTERS, "note": MAX_NOTE_CHARACTERS}


@dataclass(frozen=True)
class Label:
    """Name, note and pin of a run; an empty name stands for the generated name."""

    name: str = ""
    note: str = ""
    pinned: bool = False  # to the top of its owner's list

    @classmethod
    def read(cls, path: Path) -> Label:
        """Read a label from meta.json; damaged or missing fields get their defaults."""
        try:
            values = read_object(path)
        except (OSError, ValueError):
            return cls()
        texts = {
            key: printable(value[:limit]) for key, limit in _LIMITS.items() if isinstance(value := values.get(key), str)
        }
        return cls(**texts, pinned=values.get("pinned") is True)

    def changed(self, **changes: Any) -> Label:
        """Return the label with these fields changed, and spaces in place of unprintable characters.

        Raises UserError if a text is too long.
        """
        changes |= {key: printable(changes[key]) for key in _LIMITS if key in changes}
        if "name" in changes:
            changes["name"] = " ".join(changes["name"].split())
        for key, limit in _LIMITS.items():
            if (length := len(changes.get(key, ""))) > limit:
                raise UserError(f"A {key} may have at most {limit:,} characters (got {length:,}): write a shorter one.")
        return replace(self, **changes)


def generated_name(config: TrainingConfig, parent: str = "") -> str:
    """Return the name of a run that has none from its owner: its preset's title, or its layers in short form.

    parent: the id of the network that its training continues from; the ready-made one gives its own name.
    """
    presets = [preset for preset in PRESETS.values() if preset.config.layers == config.layers]
    presets.sort(key=lambda preset: preset.config != replace(config, seed=preset.config.seed, saved=True))
    name = presets[0].title if presets else short_form(config)
    if not parent:
        return name
    fine_tuned = config.own_examples or config == fine_tune(config, 0)
    return f"{shipped.NAME if parent == shipped.ID else name}, {'fine-tuned' if fine_tuned else 'continued'}"
