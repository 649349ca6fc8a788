"""Sentences about the training of a run."""

from dataclasses import replace

from tests.support.apps import TINY
from trainer.config.layers import LAYERS, Conv2D
from trainer.config.optimizers import Adam
from trainer.sharing import report_text


def text_of(run, config=TINY):
    return " ".join(report_text.sentences(run.read(), config, []))


def test_what_was_chosen_is_text_of(network_run):
    config = replace(
        TINY, optimizer=Adam(), schedule="one_cycle", shift=1.5, zoom=0.1, l2=0.001, patience=3, dtype="mixed_bfloat16"
    )
    text = text_of(network_run, config)
    for part in (
        "Adam (beta 1 0.9, beta 2 0.999), learning rate 0.1 at its highest",
        "moved by up to 1.5 pixels and resized by up to 10 %",
        "L2 regularization with factor 0.001",
        "after 3 epochs",
        "16 bits per number (mixed bfloat16)",
        "Loss: categorical cross-entropy.",
        "Initial weights: Glorot uniform",
        "10 % of the data",
        "0 of 2 epochs, in batches of 20",
    ):
        assert part in text, part


def test_what_was_not_chosen_is_not_text_of(network_run):
    text = text_of(network_run)
    for part in ("moved", "L2", "Early", "16 bits", "started with", "pen digits", "drawings"):
        assert part not in text, part


def test_every_layer_describes_its_settings():
    for kind in LAYERS.values():
        settings = [str(value) for value in vars(kind()).values() if isinstance(value, int) and value > 1]
        assert all(setting in kind().description for setting in settings), kind
    assert Conv2D(8, 3, 2, use_bias=False).description == "8 filters of 3 × 3, strides of 2, same, relu, no bias"
