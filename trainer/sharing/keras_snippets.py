"""Keras code for layers, optimizers, schedules and augmentation; arguments with Keras's default are left out."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from trainer.config.dataset_info import info
from trainer.config.layer_table import LayerRow
from trainer.config.training import TrainingConfig

MAX_LINE_LENGTH = 120  # characters of a line
DEFAULTS = {item.name: item.default for item in fields(TrainingConfig)}
AUGMENTATION = '''class Augmentation(layers.Layer):
    """Shift by up to some pixels, turn by up to some degrees, resize by up to a share."""

    def __init__(self, shift=0.0, rotation=0.0, zoom=0.0):
        super().__init__({dtype})
        self.shift, self.rotation, self.zoom = shift, math.radians(rotation), zoom
        self.seed = keras.random.SeedGenerator({seed})

    def call(self, images, training=False):
        if not training:
            return images  # validation and test are on images as they are
        # four numbers an image, each from -1 to 1
        numbers = keras.random.uniform((4, ops.shape(images)[0]), -1.0, 1.0, seed=self.seed)
        turn, size = numbers[0] * self.rotation, 1.0 + numbers[1] * self.zoom
        cosine, sine = ops.cos(turn) / size, ops.sin(turn) / size
        # each pixel takes the ink of another place: moved back, then turned about the middle
        x, y = {across} + numbers[2] * self.shift, {below} + numbers[3] * self.shift
        zero = ops.zeros_like(turn)
        place_x = [cosine, -sine, {across} - cosine * x + sine * y]
        place_y = [sine, cosine, {below} - sine * x - cosine * y]
        places = ops.stack([*place_x, *place_y, zero, zero], axis=1)
{moved}
'''
MOVED = """        return ops.image.affine_transform(images, places, fill_value=0.0, data_format="channels_last")"""
MOVED_GRAY = """        images = images[..., None]  # one channel
        moved = ops.image.affine_transform(images, places, fill_value=0.0, data_format="channels_last")
        return moved[..., 0]"""
ONE_CYCLE = '''steps = {steps}  # updates of the weights, in all
rise = max(1.0, 0.2 * steps)


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """From a tenth of the highest rate up, for a fifth of the steps, then down to 0."""

    def __call__(self, step):
        step = ops.cast(step, "float32")
        up = 0.1 + 0.9 * step / rise
        down = (steps - step) / max(1.0, steps - rise)
        return {rate} * ops.minimum(up, down)


learning_rate = OneCycle()'''
COSINE = """steps = {steps}  # updates of the weights, in all
learning_rate = keras.optimizers.schedules.CosineDecay({rate}, steps)  # smoothly down to 0"""
STEP = """steps = {steps}  # updates of the weights, in all
learning_rate = keras.optimizers.schedules.PiecewiseConstantDecay(
    [(steps - 1) // 2, (3 * steps - 1) // 4],  # after a half and after three quarters of them
    [{rate}, {rate} * 0.1, {rate} * 0.01],
)"""
SCHEDULES = {"one_cycle": ONE_CYCLE, "cosine": COSINE, "step": STEP}


def augmentation(config: TrainingConfig) -> str:
    """Return the code of a layer that shifts, rotates and zooms images, with the same random numbers as the app."""
    height, width, *channels = info(config.dataset).shape
    return AUGMENTATION.format(
        dtype="" if config.dtype == "float32" else 'dtype="float32"',
        seed=config.seed,
        across=(width - 1) / 2,
        below=(height - 1) / 2,
        moved=MOVED if channels else MOVED_GRAY,
    )


def schedule(config: TrainingConfig) -> str:
    """Return the code that defines `learning_rate` for a schedule other than "constant"."""
    steps = f"{config.epochs} * math.ceil(len(x_train) / {config.batch_size})"
    return SCHEDULES[config.schedule].format(steps=steps, rate=config.learning_rate)


def optimizer(config: TrainingConfig) -> str:
    """Return the code of the optimizer; `schedule` defines its learning rate unless that is constant."""
    chosen = {
        item.name: getattr(config.optimizer, item.name)
        for item in fields(config.optimizer)
        if getattr(config.optimizer, item.name) != item.default
    }
    rate = repr(config.learning_rate) if config.schedule == "constant" else "learning_rate"
    given = ", ".join(text for text in (f"learning_rate={rate}", arguments(chosen)) if text)
    return f"keras.optimizers.{type(config.optimizer).__name__}({given})"


def layer(row: LayerRow, config: TrainingConfig) -> str:
    """Return the line of a layer, with a comment on its output shape."""
    every, named = row.layer.keras_arguments(row.output_shape), row.layer.keras_defaults
    output = row.name == "output"
    first = ", ".join(_literal(value) for name, value in every.items() if name not in named)
    given = {name: value for name, value in every.items() if name in named and value != named[name]}
    if row.layer.has_kernel and config.kernel_initializer != DEFAULTS["kernel_initializer"] and not output:
        given["kernel_initializer"] = config.kernel_initializer
    inside = ", ".join(text for text in (first, arguments(given)) if text)
    if row.layer.has_kernel and config.l2:
        inside += ", kernel_regularizer=pull"
    if output and config.dtype != "float32":
        inside += ', dtype="float32"'
    changed = row.output_shape != row.input_shape and not row.layer.lists_only  # which says its units
    shape = " x ".join(map(str, row.output_shape)) if changed else ""
    meaning = "as many probabilities" if output else row.layer.code_comment
    comment = ": ".join(text for text in (shape, meaning) if text)
    comment = f"  # {comment}" if comment else ""
    line = f"layers.{type(row.layer).__name__}({inside}),"
    if len(line) + 8 > MAX_LINE_LENGTH:
        line = line.replace("(", f"(\n{' ' * 12}", 1)[:-2] + f"\n{' ' * 8}),"
    return line + comment


def arguments(given: dict[str, Any]) -> str:
    """Return keyword arguments as code."""
    return ", ".join(f"{name}={_literal(value)}" for name, value in given.items())


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
