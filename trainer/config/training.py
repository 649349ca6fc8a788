"""TrainingConfig: the layers of a network and the settings of its training, as a checked value, as JSON and as a link.

A config holds names and numbers, never Keras objects, and is checked once, when it is made. Optimizers and arguments
have Keras's names.
"""

from __future__ import annotations

import base64
import functools
import json
import math
import zlib
from collections.abc import Iterable
from dataclasses import InitVar, dataclass, fields, is_dataclass
from typing import Any, ClassVar, Literal, Union

import msgspec

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.checked import Checked, field_types
from trainer.config.layer import Layer
from trainer.config.layer_table import LayerRow, layer_table
from trainer.config.layers import LAYERS, Dense
from trainer.config.limits import LIMITS, in_sentence, label, short_repr
from trainer.config.optimizers import OPTIMIZERS, SGD, Optimizer
from trainer.text import printable, shortened

VERSION = 1  # of the JSON form
MAX_LINK_CHARACTERS = 1_900  # of a config in a link: URLs of up to 2,000 characters work everywhere
MAX_LINK_JSON_BYTES = 20_000  # of the config after decompression


@dataclass(frozen=True)
class TrainingConfig(Checked):
    """A network and the settings of its training. The output layer, Dense(10, softmax), is implied.

    Raises UserError if it cannot be trained. A `saved` one may exceed the limit of multiply-adds: an earlier version,
    which had none, may have trained it.
    """

    errors_name_class: ClassVar[bool] = False
    layers: tuple[Layer, ...] = (Dense(32, "relu"),)
    optimizer: Optimizer = SGD()  # noqa: RUF009  # a frozen value
    learning_rate: float = 0.01
    schedule: str = "constant"  # of the learning rate, whose highest value is `learning_rate`; see learning_rate_at
    loss: str = "categorical_crossentropy"
    batch_size: int = 32
    epochs: int = 5
    validation_split: float = 0.1
    patience: int = 0  # epochs without a lower validation loss before early stopping; 0: never
    training_examples: int = 60_000  # at most; the validation digits are taken from these
    synthetic_examples: int = 0  # additional training digits, never used for validation
    own_examples: int = 0  # the visitor's drawings, repeated to reach this number; likewise
    l2: float = 0.0  # regularization of the kernels of all Dense and Conv2D layers
    shift: float = 0.0  # at most, in pixels, in either direction
    rotation: float = 0.0  # at most, in degrees, in either direction
    zoom: float = 0.0  # at most, as a share of the size, in either direction
    dtype: str = "float32"  # Keras's dtype policy; weights are float32 in both
    kernel_initializer: str = "glorot_uniform"  # of the layers before the output layer
    seed: int = 0
    time_limit: int = 600  # seconds
    dataset: str = "mnist"  # a name in dataset_info.DATASETS, or of an upload
    saved: InitVar[bool] = False

    def __post_init__(self, saved: bool) -> None:
        if not isinstance(self.layers, tuple) or not all(type(layer) in LAYERS.values() for layer in self.layers):
            raise UserError(f"Layers must be a tuple of layers (got {short_repr(self.layers)}).")
        if type(self.optimizer) not in OPTIMIZERS.values():
            raise UserError(f"Optimizer must be one of {', '.join(OPTIMIZERS)} (got {short_repr(self.optimizer)}).")
        super().__post_init__()
        dataset = dataset_info.info(self.dataset)
        if not dataset.is_digits and (self.synthetic_examples or self.own_examples):
            settings = f"{label('synthetic_examples')} and {in_sentence(label('own_examples'))}"
            raise UserError(
                f"{settings} must be 0 unless the data set holds digits of 28 × 28 pixels "
                f"(got {dataset.title}): set both to 0."
            )
        if self.patience and not self.validation_split:
            raise UserError(
                "Early stopping needs validation digits: set the validation split above 0 or the patience to 0."
            )
        limit = LIMITS["layers"].high
        if len(self.layers) > limit:
            raise UserError(f"A network may have at most {limit} layers (got {len(self.layers)}): remove some.")
        parameters, limit = parameter_count(self), LIMITS["parameters"].high
        if parameters > limit:
            raise UserError(
                f"A network may have at most {limit:,} parameters (got {parameters:,}): use fewer units or filters."
            )
        multiply_adds, limit = multiply_add_count(self), LIMITS["multiply_adds"].high
        if multiply_adds > limit and not saved:
            raise UserError(
                f"A network may take at most {limit / 1e6:,.0f} million multiply-adds for one image (got "
                f"{multiply_adds / 1e6:,.0f} million): use fewer filters, larger strides, or pooling before the widest "
                "convolutions."
            )
        memory, limit = self.memory, LIMITS["memory"].high
        if memory > limit:
            raise UserError(
                f"Training may take at most {limit / 1e9:g} GB of memory (this one needs about {memory / 1e9:.1f} GB): "
                "use a smaller batch size, fewer filters or larger strides."
            )

    @property
    def table(self) -> tuple[LayerRow, ...]:
        return layer_table(self.layers, dataset_info.info(self.dataset).shape)

    @property
    def augmented(self) -> bool:
        return bool(self.shift or self.rotation or self.zoom)

    @property
    def memory(self) -> int:
        """Estimate the bytes needed to train: float32 weights, gradients, optimizer state, and outputs of one batch."""
        outputs = sum(math.prod(row.output_shape) for row in self.table)
        return 4 * (4 * parameter_count(self) + 2 * self.batch_size * outputs)

    def split(self, examples: int) -> tuple[int, int]:
        """Return how many of a data set's `examples` images are for training and, after those, for validation."""
        used = min(examples, self.training_examples)
        training = split_at(used, self.validation_split)
        return training, used - training

    def to_json(self) -> str:
        return json.dumps({"version": VERSION, **_to_plain(self)})

    @classmethod
    def from_json(cls, text: str, saved: bool = False) -> TrainingConfig:
        """Read what `to_json` wrote; missing settings have their default. Raises UserError for anything else."""
        try:
            read = msgspec.json.decode(text, type=_document())
        except msgspec.ValidationError as error:
            reason = " ".join(printable(str(error)).split())
            got = shortened(reason.replace(" - at `$.", " in ").replace("`", ""), 120)
            raise UserError(
                f"A configuration must have this app's settings, version {VERSION} (got: {got}): copy the link again."
            ) from None
        except (ValueError, RecursionError):
            raise UserError("A configuration must be JSON (got something else): copy the link again.") from None
        given = {item.name: getattr(read, item.name) for item in fields(cls)}
        given["layers"] = tuple(_made(layer, LAYERS) for layer in given["layers"])
        given["optimizer"] = _made(given["optimizer"], OPTIMIZERS)
        return cls(**given, saved=saved)

    def to_link(self) -> str:
        """Return the config for a URL's query: what differs from the defaults, as compressed JSON in base64url."""
        text = json.dumps({"version": VERSION, **_to_plain(self, defaults=False)}, separators=(",", ":"))
        return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).rstrip(b"=").decode()

    @classmethod
    def from_link(cls, text: str) -> TrainingConfig:
        """Read what `to_link` wrote. Raises UserError for anything else, however large."""
        try:
            packed = base64.b64decode(
                text[:MAX_LINK_CHARACTERS] + "=" * (-len(text[:MAX_LINK_CHARACTERS]) % 4), altchars="-_", validate=True
            )
            unpack = zlib.decompressobj()
            plain = unpack.decompress(packed, MAX_LINK_JSON_BYTES).decode()
            if len(text) > MAX_LINK_CHARACTERS or not unpack.eof:
                raise ValueError("too long or cut short")
        except (ValueError, zlib.error):
            raise UserError(
                "The link's configuration must be complete (got a damaged one): copy the link again."
            ) from None
        return cls.from_json(plain)


def split_at(examples: int, validation_split: float) -> int:
    """Return the number of training images, rounded as Keras does; the rest, at the end, is for validation."""
    return math.floor(examples * (1.0 - validation_split))


def _to_plain(value: Any, defaults: bool = True) -> Any:
    """Return a config or a part of it as JSON's types, with or without fields that have their default."""
    if isinstance(value, tuple):
        return [_to_plain(item, defaults) for item in value]
    if not is_dataclass(value):
        return value
    items = {item.name: getattr(value, item.name) for item in fields(value)}
    default = {item.name: item.default for item in fields(value)}
    named = {} if isinstance(value, TrainingConfig) else {"name": type(value).__name__}
    return named | {
        name: _to_plain(item, defaults) for name, item in items.items() if defaults or item != default[name]
    }


@functools.cache
def _document() -> type[msgspec.Struct]:
    """Return the type of a config in JSON: layers and optimizers are objects with their class as `name`."""
    own = field_types(TrainingConfig) | {
        "layers": tuple[_one_of(LAYERS.values()), ...],  # type: ignore[misc]
        "optimizer": _one_of(OPTIMIZERS.values()),
    }
    standard = TrainingConfig()
    default = {item.name: item.default for item in fields(TrainingConfig)}
    default["layers"] = tuple(map(_object, standard.layers))
    default["optimizer"] = _object(standard.optimizer)
    settings = [(name, kind, default[name]) for name, kind in own.items()]
    return msgspec.defstruct(
        "Configuration", [("version", Literal[VERSION]), *settings], forbid_unknown_fields=True, frozen=True
    )


def _one_of(kinds: Iterable[type]) -> Any:
    return Union[tuple(map(_object_type, kinds))]  # noqa: UP007  # of types known only at runtime


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
    """Count the parameters without building the network; includes the moving averages of batch normalization."""
    return sum(row.parameters for row in config.table)


def multiply_add_count(config: TrainingConfig) -> int:
    """Count the products of an input and a weight that the network adds up for one image."""
    return sum(row.multiply_adds for row in config.table)


def short_form(config: TrainingConfig) -> str:
    """Return the hidden layers in short: `784 relu - 32 relu`."""
    words = [word for layer in config.layers if (word := layer.short_name)]
    return " - ".join(words) or "no hidden layer"


def schedule_factor(schedule: str, step: int, steps: int) -> float:
    """Return the learning rate at `step` (from 0) of `steps` in the whole training, as a share of its highest value.

    one_cycle: rises from 0.1 over the first 20 %, then falls linearly to 0. cosine: falls to 0 along half a cosine.
    step: 0.1 from the middle, 0.01 from three quarters. After the last step all but constant are 0.01.
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
    """Return the learning rate at `step` (from 0) of `steps` in the whole training."""
    return config.learning_rate * schedule_factor(config.schedule, step, steps)
