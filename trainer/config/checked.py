"""Base of the frozen configuration values that check their fields. Standard library only."""

from __future__ import annotations

import functools
import typing
from dataclasses import dataclass, fields
from typing import ClassVar

from trainer import UserError
from trainer.config.limits import CHOICE_LABELS, CHOICES, LIMITS, SETTINGS, in_sentence, label, short_repr


@functools.cache
def field_types(kind: type) -> dict[str, typing.Any]:
    """Return the types of a dataclass's fields by their names."""
    hints = typing.get_type_hints(kind)
    return {item.name: hints[item.name] for item in fields(kind)}


@dataclass(frozen=True)
class Checked:
    """Base of frozen dataclasses whose fields are checked, by name and type, against LIMITS and CHOICES.

    Raises UserError if a field has an invalid value.
    """

    errors_name_class: ClassVar[bool] = True  # "Dense units must be ..." instead of "Units must be ..."

    def __post_init__(self) -> None:
        own: type = type(self)
        for name, kind in field_types(own).items():
            value = getattr(self, name)
            subject = f"{own.__name__} {in_sentence(label(name))}" if self.errors_name_class else label(name)
            if name in CHOICES:
                check_choice(subject, name, value)
            elif kind is bool and not isinstance(value, bool):
                raise UserError(f"{subject} must be true or false (got {short_repr(value)}).")
            elif kind in (int, float):
                LIMITS[name].check(subject, value, SETTINGS[name].unit)


def check_choice(subject: str, name: str, value: object) -> None:
    """Raise UserError, which begins with `subject`, unless the value is one of a setting's choices."""
    if value not in CHOICES[name]:
        raise UserError(
            f"{subject} must be one of {', '.join(CHOICE_LABELS[name].values())} (got {short_repr(value)})."
        )
