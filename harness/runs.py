"""Runs that no training has made, for visitors who need a network of a given size."""

from pathlib import Path

import numpy as np

from trainer.config.layers import BatchNormalization, Conv2D, GlobalAveragePooling2D
from trainer.config.training import TrainingConfig
from trainer.networks import onnx_writer
from trainer.runs.run import Run
from trainer.runs.store import RunStore

# 925 million multiply-adds for one image: about as slow as a network may be
SLOW = TrainingConfig(
    layers=(Conv2D(512, 3, strides=2), Conv2D(512, 3), Conv2D(512, 3), GlobalAveragePooling2D()), batch_size=32
)


def untrained_run(root: Path, config: TrainingConfig = SLOW, owner: str = "") -> Run:
    """Write a finished run with random weights; owner: hash of its owner's token."""
    rng = np.random.default_rng(0)
    weights = {
        row.name: [rng.normal(0, 0.05, shape).astype(np.float32) for shape in row.layer.weight_shapes(row.input_shape)]
        for row in config.table
    }
    for row in config.table:
        if isinstance(row.layer, BatchNormalization):
            np.abs(weights[row.name][3], out=weights[row.name][3])  # a variance
    run = RunStore(root).create(config, owner)
    run.network_file.write_bytes(onnx_writer.to_onnx(weights, config))
    run.update(phase="finished", test_accuracy=0.1, device="CPU", data="MNIST", seconds=1.0)
    return run
