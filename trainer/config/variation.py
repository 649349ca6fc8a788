"""Which settings can be varied from run to run, and what may they be? A setting and its values are an axis.

Settings have the names that they have in TrainingConfig; those of a layer begin with its name: `dense_2.units`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from trainer import UserError
from trainer.config.limits import CHOICES, LIMITS, SETTINGS, choice_label, label, shown, within
from trainer.config.optimizers import OPTIMIZERS, SGD, optimizer_help
from trainer.config.training import TrainingConfig
from trainer.text import number

VALUES = 8  # of a setting; more columns a phone has no room for
Value = float | str  # a number, or one of a few words

_NUMBERS = {  # setting -> its name in a run's name
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
_WORDS = {  # the same, of those that are one of a few words; a word says what it is
    "optimizer": tuple(OPTIMIZERS),
    "activation": CHOICES["activation"],
    "schedule": CHOICES["schedule"],
    "loss": CHOICES["loss"],
    "kernel_initializer": CHOICES["kernel_initializer"],
}
_FIXED: dict[str, tuple[float, ...]] = {  # what is tried where the usual value is 0, or means nothing
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
_TRIED = {  # words that are tried besides the one of the network
    "optimizer": ("SGD", "Adam", "RMSprop"),
    "activation": ("relu", "sigmoid", "tanh"),
}
_FACTORS = {  # by which a number is tried
    "learning_rate": (0.1, 1, 10),
    "training_examples": (0.01, 0.1, 1),
    "units": (0.25, 1, 2),
    "filters": (0.5, 1, 2),
    "epochs": (0.5, 1, 2),
}


@dataclass(frozen=True)
class Setting:
    """What can be varied: `learning_rate`, or `units` of the layer `dense_2`."""

    name: str
    layer: str = ""  # by its name in the layer table

    @property
    def id(self) -> str:
        return f"{self.layer}.{self.name}" if self.layer else self.name

    @classmethod
    def of(cls, text: str) -> Setting:
        layer, dot, name = text.rpartition(".")
        return cls(name, layer) if dot else cls(text)

    @property
    def words(self) -> tuple[str, ...]:
        """Return what it may be where it is one of a few words, or ()."""
        return () if self.layer else _WORDS.get(self.name, ())

    @property
    def title(self) -> str:
        """Return what people know it by: `learning rate`, `dense_2 units`."""
        words = within(label(self.name))
        return f"{self.layer}: {words}" if self.layer else words

    @property
    def meaning(self) -> str:
        help = SETTINGS[self.name].help
        return f"{help} {optimizer_help()}" if self.name == "optimizer" else help

    @property
    def whole(self) -> bool:
        return not self.words and LIMITS[self.name].whole

    def text(self, value: Value) -> str:
        """Return a value as people write it: `0.05`, `1,000`, `Adam`."""
        if isinstance(value, str):
            return choice_label(self.name, value)
        if self.whole:
            return f"{value:,.0f}" if self.name != "seed" else f"{value:.0f}"
        return number(value)

    def named(self, value: Value) -> str:
        """Return a value so that it says what it is of: `rate 0.1`, `batch 32`, `Adam`."""
        if isinstance(value, str):
            return f"schedule {within(self.text(value))}" if self.name == "schedule" else self.text(value)
        short = f"{self.layer} {within(label(self.name))}" if self.layer else _NUMBERS.get(self.name, self.name)
        return f"{short} {self.text(value)}"

    def check(self, value: object) -> Value:
        """Return a value as it stands in a config. Raises UserError where it may not be."""
        what = self.title[:1].upper() + self.title[1:]
        if self.words:
            if value not in self.words:
                raise UserError(f"{what} must be one of {', '.join(map(self.text, self.words))} (got {shown(value)}).")
            return str(value)
        if self.whole and isinstance(value, float) and value.is_integer():
            value = int(value)
        LIMITS[self.name].check(what, value, SETTINGS[self.name].unit)
        assert isinstance(value, (int, float))
        return value if self.whole else float(value)

    def read(self, text: str) -> tuple[Value, ...]:
        """Return the values in a text, `0.01, 0.1, 1`, each once and in their order. Raises UserError."""
        parts = [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]
        return self.all(map(self._number, parts))

    def _number(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise UserError(
                f"{self.title.capitalize()} takes numbers with commas between them, as in {self.example} "
                f"(got {text[:20]!r})."
            ) from None

    def typed(self, values: Iterable[Value]) -> str:
        """Return the text that `read` makes these values of."""
        return ", ".join(self.text(value).replace(",", "") for value in values)

    @property
    def example(self) -> str:
        """Return what could be typed: `0.1, 0.5`."""
        limit = LIMITS[self.name]
        pairs = ((32, 64), (3, 5), (1_000, 60_000)) if limit.whole else ((0.1, 0.5),)
        return self.typed(next(pair for pair in pairs if limit.low <= pair[0] and pair[1] <= limit.high))

    def all(self, values: Iterable[object]) -> tuple[Value, ...]:
        """Check the values of an axis: each once, numbers by their size, words as the form lists them."""
        checked = {self.check(value) for value in values}
        if not checked:
            raise UserError(f"{self.title.capitalize()} needs a value to train with (got none): choose some.")
        if len(checked) > VALUES:
            raise UserError(f"{self.title.capitalize()} may have at most {VALUES} values (got {len(checked)}).")
        order = self.words
        return tuple(sorted(checked, key=order.index if order else float))

    def value(self, config: TrainingConfig) -> Value:
        """Return what it is in a config. Raises UserError where that has no such setting."""
        match self.name:
            case "optimizer":
                return type(config.optimizer).__name__
            case "momentum" if not self.layer:
                if isinstance(config.optimizer, SGD):
                    return config.optimizer.momentum
            case "activation" if not self.layer:
                bends = _bends(config)
                if bends:
                    return str(getattr(config.layers[bends[0]], "activation"))  # noqa: B009
            case _ if self.layer:
                if (place := _place(config, self)) is not None:
                    return getattr(config.layers[place], self.name)  # type: ignore[no-any-return]
            case name if name in _NUMBERS or name in _WORDS:
                return getattr(config, name)  # type: ignore[no-any-return]
        raise UserError(f"What is varied must be a setting of the network (it has no {self.title}): choose another.")

    def put(self, config: TrainingConfig, value: Value) -> TrainingConfig:
        """Return the config with a value in place of its own.

        Another optimizer comes with its usual learning rate. Raises UserError where that cannot be trained.
        """
        value = self.check(value)
        if value == self.value(config):
            return config
        match self.name:
            case "optimizer":
                kind = OPTIMIZERS[str(value)]
                return replace(config, optimizer=kind(), learning_rate=kind.usual_learning_rate)
            case "momentum" if not self.layer:
                return replace(config, optimizer=SGD(float(value)))
            case "activation" if not self.layer:
                return _replaced(config, {place: {"activation": value} for place in _bends(config)})
            case _ if self.layer and (place := _place(config, self)) is not None:
                return _replaced(config, {place: {self.name: value}})
        return replace(config, **{self.name: value})  # type: ignore[arg-type]

    def usual(self, config: TrainingConfig) -> tuple[Value, ...]:
        """Return a few values worth trying, the config's own among them."""
        now = self.value(config)
        if self.words:
            return self.all({now, *_TRIED.get(self.name, self.words)})
        assert isinstance(now, (int, float))
        limit = LIMITS[self.name]
        if self.name == "seed":
            tried: Iterable[float] = (now, now + 1, now + 2)
        elif self.name in _FIXED:
            tried = (*_FIXED[self.name], now)
        else:
            tried = (now * factor for factor in _FACTORS.get(self.name, (0.25, 1, 4)))
        kept = {min(limit.high, max(limit.low, value)) for value in tried}
        return self.all({round(value) if self.whole else float(f"{value:.6g}") for value in kept})


def settings(config: TrainingConfig) -> dict[str, Setting]:
    """Return what can be varied in a config, by its id, the most telling first."""
    names = ["learning_rate", "batch_size", "optimizer", "epochs"]
    found = [Setting(name) for name in names]
    if _bends(config):
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


def _bends(config: TrainingConfig) -> list[int]:
    """Return the places of the hidden layers whose activation is varied: those that are not linear on purpose."""
    functions = {place: getattr(layer, "activation", "") for place, layer in enumerate(config.layers)}
    able = [place for place, function in functions.items() if function]
    bent = [place for place in able if functions[place] != "linear"]
    return bent or able


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
    """A setting and the values that it takes. Raises UserError where it may not take one of them."""

    setting: Setting
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", self.setting.all(self.values))

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(map(self.setting.text, self.values))
