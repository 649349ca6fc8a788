"""Metadata inside an exported ONNX file: its input, its classes, its config, and how to prepare an image.

They are the model's `metadata_props`, which ONNX Runtime returns as `get_modelmeta().custom_metadata_map`. When a run
is downloaded, the web process writes them again, with the run's results.
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

DRAWING_PREPROCESSING = (
    "Light ink on dark paper. Crop to the ink, resize so that the longer side is 20 pixels (aspect kept, mean of the "
    "pixels), and place it in 28 x 28 by whole pixels so that its center of mass is at index 14 down and across, "
    "counted from 0. Scale to 0 for paper and 1 for full ink. Strokes as thick as MNIST's, 1.5 to 6 pixels, work best."
)


def properties(config: TrainingConfig) -> dict[str, str]:
    """Return the metadata of a network of a config, as texts by name; `classes` and `config` are JSON."""
    entry = dataset_info.info(config.dataset)
    axes = "n, height, width" + (", 3 for red, green, blue" if len(entry.shape) == 3 else "")
    dark_to_light = "0 = paper .. 1 = ink" if entry.is_digits else "0 = dark .. 1 = light"
    size = " x ".join(map(str, entry.shape[:2]))
    image_preprocessing = f"Resize to {size} pixels and divide by 255; images are as in the data set."
    preprocessing = DRAWING_PREPROCESSING if entry.is_digits else image_preprocessing
    return {
        "app": app_version(),
        "description": f"A network for {entry.title}: {short_form(config)}, {parameter_count(config):,} parameters.",
        "input": f"image: float32 (n, {', '.join(map(str, entry.shape))}), that is ({axes})",
        "range": dark_to_light,
        "preprocessing": preprocessing,
        "output": "probabilities: float32 (n, 10), one for each class, in their order; they sum to 1",
        "more_outputs": "logits: the same before softmax; and the output of each layer, by its name",
        "classes": json.dumps(entry.classes),
        "data": f"{entry.title}: {entry.description}",
        "config": config.to_json(),
    }


@functools.cache
def app_version() -> str:
    """Return the app's name and, if its pyproject.toml is there, its version."""
    try:
        with ROOT.joinpath("pyproject.toml").open("rb") as file:
            return f"Digit Lab {tomllib.load(file)['project']['version']}"
    except (OSError, ValueError, KeyError):
        return "Digit Lab"


def write(content: bytes, values: Mapping[str, str]) -> bytes:
    """Return an ONNX file of this app with these metadata and no others. Raises UserError if it is damaged."""
    import onnx  # 0.03 s and 6 MB in the web process, where Streamlit has loaded protobuf anyway
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_from_string(content)
    except DecodeError:
        raise UserError(
            "The network must be a complete ONNX file of this app (got a damaged one): train it again."
        ) from None
    onnx.helper.set_model_props(model, dict(values))
    return bytes(model.SerializeToString())
