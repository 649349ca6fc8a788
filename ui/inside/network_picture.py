"""The network as one picture, from the image to the probabilities, and the calculation of a chosen map or unit."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from trainer.analysis.calculation import Calculation, calculate
from trainer.analysis.stages import OUTPUT, Stage
from trainer.figures import diverging
from trainer.text import decimal, probability
from ui.components.canvas import with_resize
from ui.inside.subject import Subject

MAX_TILES = 32  # maps or units that are drawn for each layer
MAX_SIDE = 32  # pixels of a map; of a larger one every second pixel is drawn
MAX_LIST = 784  # numbers of a list
KEY = "inside.picture"
CHOSEN_KEY = "inside.chosen"  # the stage and the map or unit whose calculation is shown
DRAWN_KEY = "inside.drawn"  # the maps and units that are drawn, and the network and the image that they were chosen for

_picture = st.components.v2.component(
    "digit_lab_network_picture",
    html=Path(__file__).with_suffix(".html").read_text("utf-8"),
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=with_resize(Path(__file__).with_suffix(".js")),
)


def render(subject: Subject) -> None:
    """Render the picture of a network that reads an image."""
    place, unit = _chosen(subject)
    drawn = _drawn(subject)
    if unit not in drawn[place]:
        drawn[place][-1] = unit
    stages = [_stage(subject, *both) for both in zip(subject.stages, drawn, strict=True)]
    data = {
        "stages": stages,
        "chosen": [place, unit],
        "calculation": _calculation(subject, place, unit),
        "alt": _description(subject),
        "busy": subject.is_unfinished,
    }
    _picture(data=json.dumps(data).encode(), on_chosen_change=_choose, key=KEY)


def _choose() -> None:
    st.session_state[CHOSEN_KEY] = st.session_state[KEY].get("chosen")


def _chosen(subject: Subject) -> tuple[int, int]:
    """Return the stage and the map or unit that were clicked, or the strongest one of the first layer with weights."""
    match st.session_state.get(CHOSEN_KEY):  # a browser may send anything, and the network may be another one
        case [int(place), int(unit)] if 0 < place < len(subject.stages):
            stage = subject.stages[place]
            if 0 <= unit < stage.size and not stage.is_list:
                return place, unit
    place = next(at for at, stage in enumerate(subject.stages) if stage.layer and stage.layer.has_kernel)
    return place, _drawn(subject)[place][0]


def _drawn(subject: Subject) -> list[list[int]]:
    """Return the strongest maps or units of each stage, largest first.

    They stay the same while the network trains and while the pen draws: nothing changes its place.
    """
    assert subject.image is not None
    key = (subject.choice.id, subject.image.tobytes())
    known = st.session_state.get(DRAWN_KEY)
    if not known or not (known[0] == key or (subject.is_unfinished and known[0][0] == key[0])):
        units = [_strongest(subject.outputs[stage.output]) if stage.row else [] for stage in subject.stages]
        known = st.session_state[DRAWN_KEY] = key, units
    return known[1]


# --- stages ---------------------------------------------------------------------------------------------------


def _strongest(values: np.ndarray) -> list[int]:
    magnitudes = np.abs(np.nan_to_num(values)).reshape(-1, values.shape[-1]).max(axis=0)
    return [int(unit) for unit in np.argsort(-magnitudes, kind="stable")[:MAX_TILES]]


def _stage(subject: Subject, stage: Stage, units: list[int]) -> dict[str, Any]:
    """Return a stage for the browser, with the maps or units that are drawn."""
    head = {"title": stage.title, "caption": stage.caption, "later": _later(stage)}
    if stage.row is None:
        assert subject.image is not None
        pixels = np.rint(255 * np.clip(np.nan_to_num(subject.image), 0, 1)).astype(np.uint8)
        depth = 3 if pixels.ndim == 3 else 1
        height, width = pixels.shape[:2]
        return {**head, "kind": "image", "pixels": _packed(pixels), "height": height, "width": width, "depth": depth}
    values = subject.outputs[stage.output]
    if stage.title == OUTPUT:
        classes = subject.info.classes
        head["caption"] = f"ten {'digits' if subject.info.is_digits else 'classes'}"
        shares = np.nan_to_num(values).tolist()
        tiles = [
            {"unit": unit, "name": name, "share": share, "text": probability(share)}
            for unit, (name, share) in enumerate(zip(classes, shares, strict=True))
        ]
        return {**head, "kind": "output", "tiles": tiles}
    if stage.is_list:
        levels = diverging.to_levels(values[:: -(-len(values) // MAX_LIST)])
        return {**head, "kind": "list", "levels": _packed(levels), "tiles": []}
    units = sorted(units)
    largest = diverging.max_magnitude(values)
    drawn = values[..., units]
    if stage.has_maps:
        step = -(-max(stage.shape[:2]) // MAX_SIDE)
        drawn = np.moveaxis(drawn, -1, 0)[:, ::step, ::step]
        height, width = drawn.shape[1:]
    else:
        height = width = 1
    peaks = values.reshape(-1, stage.size).max(axis=0)
    words = "up to " if stage.has_maps else ""
    tiles = [
        {"unit": unit, "name": f"{stage.noun.capitalize()} {unit}", "text": f"{words}{decimal(float(peaks[unit]))}"}
        for unit in units
    ]
    return {
        **head,
        "kind": "maps" if stage.has_maps else "units",
        "more": f"{len(units)} of {stage.size:,} shown" if len(units) < stage.size else "",
        "has_weights": bool(stage.layer and stage.layer.has_kernel),
        "tiles": tiles,
        "levels": _packed(diverging.to_levels(drawn, largest)),
        "height": height,
        "width": width,
    }


def _later(stage: Stage) -> str:
    return f"then {', '.join(stage.functions)}" if stage.functions else ""


def _description(subject: Subject) -> str:
    """Return the picture in words, and its keys."""
    parts = (filter(None, (stage.title, stage.caption, _later(stage))) for stage in subject.stages)
    answer = f" {subject.answer.sentence}" if subject.answer else ""
    return (
        f"The network from left to right: {'; '.join(map(', '.join, parts))}.{answer} "
        "The arrow keys move between maps and units, Enter shows how one is computed."
    )


# --- the calculation ------------------------------------------------------------------------------------------


def _calculation(subject: Subject, place: int, unit: int) -> dict[str, Any]:
    assert subject.image is not None
    stage, source = subject.stages[place], subject.stages[place - 1]
    found = calculate(subject.image, subject.outputs, subject.weights, subject.table, subject.stages, place, unit)
    is_output = stage.title == OUTPUT
    values = subject.outputs[stage.output][..., unit]
    down, across = np.unravel_index(int(np.nan_to_num(values).argmax()), np.shape(values)) if values.ndim else (0, 0)
    name = f"Output for {subject.named(unit)}" if is_output else f"{stage.noun.capitalize()} {unit} of {stage.title}"
    noun = "map" if source.has_maps or found.window != (1, 1) else source.noun
    return {
        "title": name,
        "operation": found.operation,
        "terms": [
            {
                "name": term.name,
                "height": term.values.shape[0],
                "width": term.values.shape[1],
                "values": _packed(term.values, np.float32),
                "weights": None if term.weights is None else _packed(term.weights, np.float32),
            }
            for term in found.terms
        ],
        "others": f"{found.others:,} other {noun}{'s' * (found.others > 1)}" if found.others else "",
        "rest": _packed(found.rest, np.float32),
        "bias": _packed(found.bias, np.float32),
        "window": found.window,
        "strides": found.strides,
        "begin": found.begin,
        "size": found.rest.shape,
        "at": int(down) * found.rest.shape[1] + int(across),
        "functions": [{"name": name, "values": _packed(values, np.float32)} for name, values in found.functions],
        "percent": is_output,
        "sources": _sources(found),
    }


def _sources(found: Calculation) -> list[list[float]]:
    """Return the inputs with the largest contributions, each with its share of the largest one, −1 to 1."""
    largest = diverging.max_magnitude(found.contributions)
    shares = np.nan_to_num(found.contributions / largest, posinf=0, neginf=0)
    order = np.argsort(-np.abs(shares), kind="stable")[:MAX_TILES]
    return [[int(unit), round(float(shares[unit]), 3)] for unit in order]


@np.errstate(over="ignore")
def _packed(values: np.ndarray | float, kind: type[np.generic] = np.uint8) -> str:
    """Return numbers as a data URL of their bytes, row by row: JSON has neither bytes nor NaN."""
    content = np.ascontiguousarray(values, kind).tobytes()
    return f"data:application/octet-stream;base64,{base64.b64encode(content).decode()}"
