"""What can be chosen: the layers of a network and how it is trained.

A config holds names and numbers, never objects of Keras, and is checked once, when it is made.
Optimizers and arguments have the names that Keras gives them. A new optimizer is a class here, listed in OPTIMIZERS.
"""

from __future__ import annotations

import base64
import functools
import json
import math
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar, Literal, Union

import msgspec

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.layer import Layer
from trainer.config.layer_table import LayerRow, layer_table
from trainer.config.layers import LAYERS, Dense
from trainer.config.limits import LIMITS, Checked, field_types, label, shown, within
from trainer.config.optimizers import OPTIMIZERS, SGD, Optimizer
from trainer.text import shortened

VERSION = 1  # of the JSON form
LINK = 1_900  # characters of a configuration in a link, which is then below the 2,000 that travel everywhere
LINK_UNPACKED = 20_000  # bytes of JSON


@dataclass(frozen=True)
class TrainingConfig(Checked):
    """A network and its training; refuses, with a sentence, what cannot be trained.

    The output layer, Dense(10, softmax), is implied.
    """

    names_itself: ClassVar[bool] = False
    layers: tuple[Layer, ...] = (Dense(32, "relu"),)
    optimizer: Optimizer = SGD()  # noqa: RUF009  # a frozen value
    learning_rate: float = 0.01
    schedule: str = "constant"  # of the learning rate, which is the highest; see learning_rate_at
    loss: str = "categorical_crossentropy"
    batch_size: int = 32
    epochs: int = 5
    validation_split: float = 0.1
    patience: int = 0  # epochs without a better validation loss before an early stop; 0: none
    training_examples: int = 60_000  # at most; validation is split off them
    synthetic_examples: int = 0  # learned as well, never validated on
    own_examples: int = 0  # the visitor's own drawings, repeated until they are so many; likewise
    l2: float = 0.0  # of the kernels of all Dense and Conv2D layers
    shift: float = 0.0  # at most, in pixels, either way
    rotation: float = 0.0  # at most, in degrees, either way
    zoom: float = 0.0  # at most, as a share of the size, either way
    dtype: str = "float32"  # Keras's dtype policy; the weights are float32 in both
    kernel_initializer: str = "glorot_uniform"  # of the layers before the output layer
    seed: int = 0
    time_limit: int = 600  # seconds
    dataset: str = "mnist"  # see catalogue

    def __post_init__(self) -> None:
        if not isinstance(self.layers, tuple) or not all(type(layer) in LAYERS.values() for layer in self.layers):
            raise UserError(f"Layers must be a tuple of layers (got {shown(self.layers)}).")
        if type(self.optimizer) not in OPTIMIZERS.values():
            raise UserError(f"Optimizer must be one of {', '.join(OPTIMIZERS)} (got {shown(self.optimizer)}).")
        super().__post_init__()
        kind = dataset_info.kind(self.dataset)
        if not kind.digits and (self.synthetic_examples or self.own_examples):
            raise UserError(
                f"Pen digits and own drawings are learned with digits of 28 × 28 pixels (got {kind.title}): "
                f"set {within(label('synthetic_examples'))} and {within(label('own_examples'))} to 0."
            )
        if self.patience and not self.validation_split:
            raise UserError("Early stopping needs validation digits: set validation split above 0, or patience to 0.")
        most = LIMITS["layers"].high
        if len(self.layers) > most:
            raise UserError(f"A network may have at most {most} layers (got {len(self.layers)}): remove some.")
        parameters, most = parameter_count(self), LIMITS["parameters"].high
        if parameters > most:
            raise UserError(
                f"A network may have at most {most:,} parameters (got {parameters:,}): use fewer units or filters."
            )
        memory, most = self.memory, LIMITS["memory"].high
        if memory > most:
            raise UserError(
                f"Training may take at most {most / 1e9:g} GB of memory (this needs about {memory / 1e9:.1f} GB): "
                "use a smaller batch size, fewer filters or larger strides."
            )

    @property
    def table(self) -> tuple[LayerRow, ...]:
        return layer_table(self.layers, dataset_info.kind(self.dataset).shape)

    @property
    def augmented(self) -> bool:
        return bool(self.shift or self.rotation or self.zoom)

    @property
    def memory(self) -> int:
        """Estimate the bytes that training takes: float32 weights, gradients and optimizer, and a batch's outputs."""
        outputs = sum(math.prod(row.output_shape) for row in self.table)
        return 4 * (4 * parameter_count(self) + 2 * self.batch_size * outputs)

    def split(self, examples: int) -> tuple[int, int]:
        """Return how many of a data set's `examples` images are trained on and, after them, validated on."""
        used = min(examples, self.training_examples)
        training = split_at(used, self.validation_split)
        return training, used - training

    def to_json(self) -> str:
        return json.dumps({"version": VERSION, **_plain(self)})

    @classmethod
    def from_json(cls, text: str) -> TrainingConfig:
        """Read what `to_json` wrote; what is left out has its default. Raises UserError for anything else."""
        try:
            read = msgspec.json.decode(text, type=_document())
        except msgspec.ValidationError as error:
            got = shortened(str(error).replace(" - at `$.", " in ").replace("`", ""), 120)
            raise UserError(
                f"A configuration must have the settings of this app, in version {VERSION} (got: {got}): "
                "copy the link once more."
            ) from None
        except (ValueError, RecursionError):
            raise UserError("A configuration must be JSON (got something else): copy the link once more.") from None
        given = {item.name: getattr(read, item.name) for item in fields(cls)}
        given["layers"] = tuple(_made(layer, LAYERS) for layer in given["layers"])
        given["optimizer"] = _made(given["optimizer"], OPTIMIZERS)
        return cls(**given)

    def to_link(self) -> str:
        """Return the config as the text of a URL's query: what is not usual, as JSON, compressed, in base64url."""
        text = json.dumps({"version": VERSION, **_plain(self, usual=False)}, separators=(",", ":"))
        return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).rstrip(b"=").decode()

    @classmethod
    def from_link(cls, text: str) -> TrainingConfig:
        """Read what `to_link` wrote. Raises UserError for anything else, however large."""
        try:
            packed = base64.b64decode(text[:LINK] + "=" * (-len(text[:LINK]) % 4), altchars="-_", validate=True)
            unpack = zlib.decompressobj()
            plain = unpack.decompress(packed, LINK_UNPACKED).decode()
            if len(text) > LINK or not unpack.eof:
                raise ValueError("too long or cut short")
        except (ValueError, zlib.error):
            raise UserError(
                "The link's configuration must be whole (got a damaged one): copy the link once more."
            ) from None
        return cls.from_json(plain)


def split_at(examples: int, validation_split: float) -> int:
    """Return how many images are trained on, rounded as Keras does: it validates on the rest, at the end."""
    return math.floor(examples * (1.0 - validation_split))


def _plain(value: Any, usual: bool = True) -> Any:
    """Return a config or a part of it as JSON's types, with or without what has its usual value."""
    if isinstance(value, tuple):
        return [_plain(item, usual) for item in value]
    if not is_dataclass(value):
        return value
    items = {item.name: getattr(value, item.name) for item in fields(value)}
    default = {item.name: item.default for item in fields(value)}
    named = {} if isinstance(value, TrainingConfig) else {"name": type(value).__name__}
    return named | {name: _plain(item, usual) for name, item in items.items() if usual or item != default[name]}


@functools.cache
def _document() -> type[msgspec.Struct]:
    """Return the type of a configuration in JSON: layers and optimizers are objects with their kind as `name`."""
    own = field_types(TrainingConfig) | {
        "layers": tuple[_one_of(LAYERS.values()), ...],  # type: ignore[misc]
        "optimizer": _one_of(OPTIMIZERS.values()),
    }
    usual = TrainingConfig()
    default = {item.name: item.default for item in fields(TrainingConfig)}
    default["layers"] = tuple(map(_object, usual.layers))
    default["optimizer"] = _object(usual.optimizer)
    settings = [(name, kind, default[name]) for name, kind in own.items()]
    return msgspec.defstruct(
        "Configuration", [("version", Literal[VERSION]), *settings], forbid_unknown_fields=True, frozen=True
    )


def _one_of(kinds: Iterable[type]) -> Any:
    return Union[tuple(map(_object_type, kinds))]  # noqa: UP007  # of types that are known only now


@functools.cache
def _object_type(kind: type) -> type[msgspec.Struct]:
    """Return the type of a layer or an optimizer in JSON."""
    types = field_types(kind)
    return msgspec.defstruct(
        kind.__name__,
        [(item.name, types[item.name], item.default) for item in fields(kind)],
        tag_field="name",
        tag=kind.__name__,
        forbid_unknown_fields=True,
        frozen=True,
    )


def _object(value: Layer | Optimizer) -> msgspec.Struct:
    kind: type = type(value)
    return _object_type(kind)(**vars(value))


def _made(read: msgspec.Struct, kinds: dict[str, type]) -> Any:
    return kinds[type(read).__name__](**msgspec.structs.asdict(read))


def parameter_count(config: TrainingConfig) -> int:
    """Count the weights in closed form, moving means and variances of batch normalisation included."""
    return sum(row.parameters for row in config.table)


def short_form(config: TrainingConfig) -> str:
    """Return the layers in a few words: `784 relu - 32 relu`; the output layer goes without saying."""
    words = [word for layer in config.layers if (word := layer.short_name)]
    return " - ".join(words) or "no hidden layer"


def schedule_factor(schedule: str, step: int, steps: int) -> float:
    """Return the share of the highest learning rate at update `step` (from 0) of `steps` in the whole training.

    one_cycle: the first 20 % up from a tenth, then linearly down to 0. cosine: down to 0 as half a cosine. step: a
    tenth from half of the steps on, a hundredth from three quarters on. Past the end all but constant are a hundredth.
    """
    done = step / max(1, steps)
    if schedule == "constant":
        return 1.0
    if done >= 1:
        return 0.01
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    if schedule == "step":
        return 1.0 if done < 0.5 else 0.1 if done < 0.75 else 0.01
    rise = max(1.0, 0.2 * steps)
    if step < rise:
        return 0.1 + 0.9 * step / rise
    return (steps - step) / max(1.0, steps - rise)


def learning_rate_at(config: TrainingConfig, step: int, steps: int) -> float:
    """Return the learning rate of update `step` (from 0) of `steps` in the whole training."""
    return config.learning_rate * schedule_factor(config.schedule, step, steps)
