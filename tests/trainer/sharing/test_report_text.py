from dataclasses import replace

from tests.support.apps import TINY
from trainer.config.layers import LAYERS, Conv2D
from trainer.config.training import Adam
from trainer.sharing import report_text


def told(run, config=TINY):
    return " ".join(report_text.sentences(run.read(), config, []))


def test_what_was_chosen_is_told(network_run):
    config = replace(
        TINY, optimizer=Adam(), schedule="one_cycle", shift=1.5, zoom=0.1, l2=0.001, patience=3, dtype="mixed_bfloat16"
    )
    text = told(network_run, config)
    for part in (
        "Adam (beta 1 0.9, beta 2 0.999), learning rate 0.1 at most",
        "moved by up to 1.5 pixels and resized by up to 10 %",
        "L2 regularization 0.001",
        "after 3 epochs",
        "16 bits a number (mixed bfloat16)",
        "Loss: categorical cross-entropy.",
        "Weights drawn by Glorot uniform",
        "10 % of the data",
        "0 of 2 epochs, in batches of 20",
    ):
        assert part in text, part


def test_what_was_not_chosen_is_not_told(network_run):
    text = told(network_run)
    for part in ("moved", "L2", "Early", "16 bits", "went on", "pen digits", "drawings"):
        assert part not in text, part


def test_every_layer_has_words_of_its_settings():
    for kind in LAYERS.values():
        settings = [str(value) for value in vars(kind()).values() if isinstance(value, int) and value > 1]
        assert all(setting in kind().description for setting in settings), kind
    assert Conv2D(8, 3, 2, use_bias=False).description == "8 filters of 3 × 3, strides 2, same, relu, no bias"
