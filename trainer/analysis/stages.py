"""Stages of a network: its layers as a picture shows them, with names for people such as "Convolution 1"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trainer.config.layer import Layer, Shape
from trainer.config.layer_table import LayerRow
from trainer.config.layers import Flatten
from trainer.config.limits import choice_label
from trainer.text import counted

IMAGE, OUTPUT = "Image", "Output"  # titles of the first and the last stage


@dataclass(frozen=True)
class Stage:
    """A layer that changes the shape of its input, followed by those that keep the shape.

    A convolution, its batch normalization and its activation are one stage. The first stage is the image itself.
    """

    title: str
    shape: Shape  # of its output
    row: LayerRow | None  # None: the image
    later: tuple[LayerRow, ...] = ()  # rows that keep the shape

    @property
    def layer(self) -> Layer | None:
        return self.row.layer if self.row else None

    @property
    def output(self) -> str:
        """Return the name of its last row in the layer table; "" for an image that nothing changes."""
        rows = (self.row, *self.later) if self.row else self.later
        return rows[-1].name if rows else ""

    @property
    def has_maps(self) -> bool:
        """Tell whether its output is a list of images, (height, width, channels)."""
        return self.row is not None and len(self.shape) == 3

    @property
    def is_list(self) -> bool:
        """Tell whether its layer only writes an image or maps as one list."""
        return isinstance(self.layer, Flatten)

    @property
    def size(self) -> int:
        """Return the number of its maps or units."""
        return self.shape[-1]

    @property
    def noun(self) -> str:
        """Return the word for one of its maps or units."""
        has_kernel = self.layer is not None and self.layer.has_kernel
        if self.has_maps:
            return "filter" if has_kernel else "map"
        return "unit" if has_kernel else "number"

    @property
    def caption(self) -> str:
        """Return the number and the size of its maps or units: `32 filters, 26 × 26`."""
        side = " × ".join(map(str, self.shape[:2]))
        if self.row is None:
            return f"{side} pixels"
        return counted(self.size, self.noun) + (f", {side}" if self.has_maps else "")

    @property
    def functions(self) -> tuple[str, ...]:
        """Return what is applied to each of its values: `batch normalization`, `relu`."""
        rows = (self.row, *self.later) if self.row and self.row.layer.has_kernel else self.later
        return tuple(name for row in rows if not row.layer.hidden and (name := function(row)) != "linear")


def function(row: LayerRow) -> str:
    """Return the name of the function that a row applies to each value."""
    layer = row.layer
    if activation := getattr(layer, "activation", ""):
        return choice_label("activation", activation)
    return f"{layer.label} {layer.summary}".lower() if layer.keeps_values else layer.label.lower()


def stages(table: Sequence[LayerRow]) -> tuple[Stage, ...]:
    """Return the stages of a network, from the image to the output."""
    counts: Counter[str] = Counter()
    found = [Stage(IMAGE, table[0].input_shape, None)]
    for row in table:
        if row.layer.keeps_shape or row.layer.hidden:
            found[-1] = replace(found[-1], later=(*found[-1].later, row))
            continue
        label = row.layer.label
        counts[label] += 1
        number = "" if isinstance(row.layer, Flatten) else f" {counts[label]}"
        found.append(Stage(OUTPUT if row is table[-1] else f"{label}{number}", row.output_shape, row))
    return tuple(found)


def title(table: Sequence[LayerRow], name: str) -> str:
    """Return the title of the stage that a row of the layer table belongs to, by the row's name."""
    titles = {row.name: stage.title for stage in stages(table) for row in (stage.row, *stage.later) if row}
    return titles.get(name, name)
