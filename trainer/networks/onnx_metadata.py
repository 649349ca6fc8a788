"""The properties inside an exported ONNX file that describe the network to whoever finds it alone.

They stand in the model's `metadata_props`, which ONNX Runtime shows as `get_modelmeta().custom_metadata_map`. The web
process writes them again with a run's results when a run is downloaded.
"""

from __future__ import annotations

import functools
import json
import tomllib
from collections.abc import Mapping

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.training import TrainingConfig, parameter_count, short_form
from trainer.processes import ROOT

DRAWING = (
    "Light ink on dark paper. Crop to the ink, resize so that the longer side is 20 pixels (aspect kept, mean of the "
    "pixels), lay it into 28 x 28 by whole pixels so that its centre of mass is at index 14 down and across, "
    "counted from 0. Then 0 is paper and 1 is full ink. Strokes as thick as MNIST's, 1.5 to 6 pixels, are read best."
)


def properties(config: TrainingConfig) -> dict[str, str]:
    """Return what can be said of every network of a config, as texts by name; `classes` and `config` are JSON."""
    kind = dataset_info.kind(config.dataset)
    axes = "n, height, width" + (", 3 for red, green, blue" if len(kind.shape) == 3 else "")
    dark_to_light = "0 = paper .. 1 = ink" if kind.digits else "0 = dark .. 1 = light"
    size = " x ".join(map(str, kind.shape[:2]))
    preprocessing = DRAWING if kind.digits else f"Resize to {size} pixels and divide by 255; images are as in the data."
    return {
        "app": app(),
        "description": f"A network for {kind.title}: {short_form(config)}, {parameter_count(config):,} parameters.",
        "input": f"image: float32 (n, {', '.join(map(str, kind.shape))}), that is ({axes})",
        "range": dark_to_light,
        "preprocessing": preprocessing,
        "output": "probabilities: float32 (n, 10), one for each of the classes, in their order; they sum to 1",
        "more_outputs": "logits: the same before softmax; and the output of each layer by its name",
        "classes": json.dumps(kind.classes),
        "data": f"{kind.title}: {kind.note}",
        "config": config.to_json(),
    }


@functools.cache
def app() -> str:
    """Return the name of this app and its version, as far as its pyproject.toml is beside it."""
    try:
        with ROOT.joinpath("pyproject.toml").open("rb") as file:
            return f"Digit Lab {tomllib.load(file)['project']['version']}"
    except (OSError, ValueError, KeyError):
        return "Digit Lab"


def write(content: bytes, values: Mapping[str, str]) -> bytes:
    """Return an ONNX file of this app with these properties and no others. Raises UserError where it is damaged."""
    import onnx  # 0.03 s and 6 MB in the web process, which holds protobuf for Streamlit anyway
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_from_string(content)
    except DecodeError:
        raise UserError(
            "The network must be a whole ONNX file of this app (got a damaged one): train it again."
        ) from None
    onnx.helper.set_model_props(model, dict(values))
    return bytes(model.SerializeToString())
