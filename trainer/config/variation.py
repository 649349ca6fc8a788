"""Settings that a sweep varies: their values, limits and names. A setting and its values are an axis.

Settings are named as in TrainingConfig; a layer's settings begin with its name: `dense_2.units`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from trainer import UserError
from trainer.config.limits import CHOICES, LIMITS, SETTINGS, choice_label, in_sentence, label, short_repr
from trainer.config.optimizers import OPTIMIZERS, SGD, optimizer_help
from trainer.config.training import TrainingConfig
from trainer.text import number

MAX_VALUES = 8  # of a setting: a phone has no room for more columns
Value = float | str  # a number or a choice

_SHORT_NAMES = {  # numeric setting -> its name in a run's name
    "learning_rate": "rate",
    "batch_size": "batch",
    "epochs": "epochs",
    "training_examples": "digits",
    "l2": "L2",
    "shift": "shift",
    "rotation": "rotation",
    "zoom": "zoom",
    "synthetic_examples": "pen digits",
    "validation_split": "validation",
    "seed": "seed",
}
_CHOICES = {  # setting -> its choices, which name themselves in a run's name
    "optimizer": tuple(OPTIMIZERS),
    "activation": CHOICES["activation"],
    "schedule": CHOICES["schedule"],
    "loss": CHOICES["loss"],
    "kernel_initializer": CHOICES["kernel_initializer"],
}
_SUGGESTED_NUMBERS: dict[str, tuple[float, ...]] = {  # where multiples of the network's own value make no sense
    "l2": (0.0, 0.0001, 0.001),
    "shift": (0.0, 1.0, 2.0),
    "rotation": (0.0, 8.0, 16.0),
    "zoom": (0.0, 0.1, 0.2),
    "synthetic_examples": (0, 5_000, 15_000),
    "validation_split": (0.1, 0.3),
    "momentum": (0.0, 0.5, 0.9),
    "rate": (0.0, 0.25, 0.5),
    "kernel_size": (3, 5),
}
_SUGGESTED_CHOICES = {  # besides the network's own
    "optimizer": ("SGD", "Adam", "RMSprop"),
    "activation": ("relu", "sigmoid", "tanh"),
}
_SUGGESTED_FACTORS = {  # of the network's own value
    "learning_rate": (0.1, 1, 10),
    "training_examples": (0.01, 0.1, 1),
    "units": (0.25, 1, 2),
    "filters": (0.5, 1, 2),
    "epochs": (0.5, 1, 2),
}


@dataclass(frozen=True)
class Setting:
    """A setting that can be varied: `learning_rate`, or `units` of the layer `dense_2`."""

    name: str
    layer: str = ""  # its name in the layer table

    @property
    def id(self) -> str:
        return f"{self.layer}.{self.name}" if self.layer else self.name

    @classmethod
    def from_id(cls, text: str) -> Setting:
        layer, dot, name = text.rpartition(".")
        return cls(name, layer) if dot else cls(text)

    @property
    def choices(self) -> tuple[str, ...]:
        """Return its choices, or () if it is a number."""
        return () if self.layer else _CHOICES.get(self.name, ())

    @property
    def title(self) -> str:
        """Return its label for use in a sentence: `learning rate`, `dense_2: units`."""
        title = in_sentence(label(self.name))
        return f"{self.layer}: {title}" if self.layer else title

    @property
    def _subject(self) -> str:
        return self.title[:1].upper() + self.title[1:]

    @property
    def help(self) -> str:
        help = SETTINGS[self.name].help
        return f"{help} {optimizer_help()}" if self.name == "optimizer" else help

    @property
    def whole(self) -> bool:
        return not self.choices and LIMITS[self.name].whole

    def format(self, value: Value) -> str:
        """Return a value as text: `0.05`, `1,000`, `Adam`, `One-cycle`."""
        if isinstance(value, str):
            return choice_label(self.name, value)
        if self.whole:
            return f"{value:,.0f}" if self.name != "seed" else f"{value:.0f}"
        return number(value)

    def format_named(self, value: Value) -> str:
        """Return a value with its setting's short name: `rate 0.1`, `batch 32`, `Adam`."""
        if isinstance(value, str):
            return f"schedule {in_sentence(self.format(value))}" if self.name == "schedule" else self.format(value)
        short = (
            f"{self.layer} {in_sentence(label(self.name))}" if self.layer else _SHORT_NAMES.get(self.name, self.name)
        )
        return f"{short} {self.format(value)}"

    def check(self, value: object) -> Value:
        """Return a value as a config holds it. Raises UserError if it is not allowed."""
        if self.choices:
            if value not in self.choices:
                raise UserError(
                    f"{self._subject} must be one of {', '.join(map(self.format, self.choices))} "
                    f"(got {short_repr(value)})."
                )
            return str(value)
        if self.whole and isinstance(value, float) and value.is_integer():
            value = int(value)
        LIMITS[self.name].check(self._subject, value, SETTINGS[self.name].unit)
        assert isinstance(value, (int, float))
        return value if self.whole else float(value)

    def parse(self, text: str) -> tuple[Value, ...]:
        """Return the values in a text such as `0.01, 0.1, 1`, each once and sorted. Raises UserError."""
        parts = [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]
        return self.check_all(map(self._number, parts))

    def _number(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise UserError(
                f"Values of {self.title} must be numbers separated by commas, such as {self.example} "
                f"(got {text[:20]!r})."
            ) from None

    def format_all(self, values: Iterable[Value]) -> str:
        """Return values as text that `parse` reads."""
        return ", ".join(self.format(value).replace(",", "") for value in values)

    @property
    def example(self) -> str:
        """Return example values: `0.1, 0.5`."""
        limit = LIMITS[self.name]
        pairs = ((32, 64), (3, 5), (1_000, 60_000)) if limit.whole else ((0.1, 0.5),)
        return self.format_all(next(pair for pair in pairs if limit.low <= pair[0] and pair[1] <= limit.high))

    def check_all(self, values: Iterable[object]) -> tuple[Value, ...]:
        """Check the values of an axis and return each once: numbers sorted, choices in the form's order."""
        checked = {self.check(value) for value in values}
        if not checked:
            raise UserError(f"{self._subject} needs at least one value (got none): choose some.")
        if len(checked) > MAX_VALUES:
            raise UserError(f"{self._subject} may have at most {MAX_VALUES} values (got {len(checked)}): remove some.")
        order = self.choices
        return tuple(sorted(checked, key=order.index if order else float))

    def value(self, config: TrainingConfig) -> Value:
        """Return its value in a config. Raises UserError if the config has no such setting."""
        match self.name:
            case "optimizer":
                return type(config.optimizer).__name__
            case "momentum" if not self.layer:
                if isinstance(config.optimizer, SGD):
                    return config.optimizer.momentum
            case "activation" if not self.layer:
                activated = _activated(config)
                if activated:
                    return str(getattr(config.layers[activated[0]], "activation"))  # noqa: B009
            case _ if self.layer:
                if (place := _place(config, self)) is not None:
                    return getattr(config.layers[place], self.name)  # type: ignore[no-any-return]
            case name if name in _SHORT_NAMES or name in _CHOICES:
                return getattr(config, name)  # type: ignore[no-any-return]
        raise UserError(f"A sweep must vary a setting of its network (it has no {self.title}): choose another.")

    def apply(self, config: TrainingConfig, value: Value) -> TrainingConfig:
        """Return the config with another value of this setting.

        Another optimizer brings its default learning rate. Raises UserError if the config cannot be trained.
        """
        value = self.check(value)
        if value == self.value(config):
            return config
        match self.name:
            case "optimizer":
                kind = OPTIMIZERS[str(value)]
                return replace(config, optimizer=kind(), learning_rate=kind.default_learning_rate)
            case "momentum" if not self.layer:
                return replace(config, optimizer=SGD(float(value)))
            case "activation" if not self.layer:
                return _replaced(config, {place: {"activation": value} for place in _activated(config)})
            case _ if self.layer and (place := _place(config, self)) is not None:
                return _replaced(config, {place: {self.name: value}})
        return replace(config, **{self.name: value})  # type: ignore[arg-type]

    def suggestions(self, config: TrainingConfig) -> tuple[Value, ...]:
        """Return a few values worth trying, including the config's own."""
        now = self.value(config)
        if self.choices:
            return self.check_all({now, *_SUGGESTED_CHOICES.get(self.name, self.choices)})
        assert isinstance(now, (int, float))
        limit = LIMITS[self.name]
        if self.name == "seed":
            candidates: Iterable[float] = (now, now + 1, now + 2)
        elif self.name in _SUGGESTED_NUMBERS:
            candidates = (*_SUGGESTED_NUMBERS[self.name], now)
        else:
            candidates = (now * factor for factor in _SUGGESTED_FACTORS.get(self.name, (0.25, 1, 4)))
        allowed = {min(limit.high, max(limit.low, value)) for value in candidates}
        return self.check_all({round(value) if self.whole else float(f"{value:.6g}") for value in allowed})


def variable_settings(config: TrainingConfig) -> dict[str, Setting]:
    """Return the settings of a config that can be varied, by id, the most useful first."""
    names = ["learning_rate", "batch_size", "optimizer", "epochs"]
    found = [Setting(name) for name in names]
    if _activated(config):
        found.append(Setting("activation"))
    for row in config.table:
        if not row.implied:
            found += [Setting(name, row.name) for name in row.layer.varied]
    found += [Setting(name) for name in ("training_examples", "l2", "schedule", "kernel_initializer", "loss")]
    if isinstance(config.optimizer, SGD):
        found.append(Setting("momentum"))
    found += [Setting(name) for name in ("shift", "rotation", "zoom", "synthetic_examples")]
    found += [Setting(name) for name in ("validation_split", "seed")]
    return {setting.id: setting for setting in found}


def _activated(config: TrainingConfig) -> list[int]:
    """Return the places of the hidden layers whose activation is varied: all that are not linear, or all."""
    functions = {place: getattr(layer, "activation", "") for place, layer in enumerate(config.layers)}
    with_activation = [place for place, function in functions.items() if function]
    nonlinear = [place for place in with_activation if functions[place] != "linear"]
    return nonlinear or with_activation


def _place(config: TrainingConfig, setting: Setting) -> int | None:
    rows = [row for row in config.table if not row.implied]
    for place, row in enumerate(rows):
        if row.name == setting.layer and setting.name in row.layer.varied:
            return place
    return None


def _replaced(config: TrainingConfig, changes: dict[int, dict[str, Value]]) -> TrainingConfig:
    layers = [replace(layer, **changes.get(place, {})) for place, layer in enumerate(config.layers)]
    return replace(config, layers=tuple(layers))


@dataclass(frozen=True)
class Axis:
    """A setting and its values. Raises UserError if one is not allowed."""

    setting: Setting
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", self.setting.check_all(self.values))

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(map(self.setting.format, self.values))
