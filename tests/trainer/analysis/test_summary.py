"""Sentences about trainings that have ended."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.histories import (
    DEAD,
    FLAT,
    GOOD,
    JUMPS,
    OVERFIT,
    SLOW,
    SMALL,
    UNSEEN,
    ended,
    lines,
)
from trainer.analysis.summary import summarize
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Rescaling
from trainer.config.optimizers import SGD, Adam, RMSprop
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.runs.state import State

P = {name: preset.config for name, preset in PRESETS.items()}


def text(config, history, accuracy, **more):
    return " ".join(summarize(config, history, ended(accuracy, **more)).sentences)


def first(config, history, accuracy, **more):
    return summarize(config, history, ended(accuracy, **more)).sentences[0]


def test_the_first_sentence_compares_the_final_network_on_all_three_parts():
    assert first(P["overfit"], OVERFIT, 0.857, train=1, val=0.816, train_count=500, val_count=500, examples=500) == (
        "The network reads 85.7 % of the test digits, 100 % of the 500 training digits and 81.6 % of the 500 "
        "validation digits correctly."
    )
    some = {"train": 0.918, "val": 0.931, "train_count": 10_000, "val_count": 6_000, "examples": 54_000}
    assert first(P["tutorial_a"], SLOW, 0.921, **some) == (
        "The network reads 92.1 % of the test digits, 91.8 % of 10,000 training digits and 93.1 % of the 6,000 "
        "validation digits correctly."
    )


def test_a_run_of_an_old_version_names_the_epoch_that_its_accuracies_are_of():
    during = (
        "During epoch 8 it read 100 % of the 500 training digits correctly, and at its end 81.6 % of the 500 "
        "validation digits."
    )
    assert first(P["overfit"], OVERFIT, 0.857, examples=500) == (
        f"The network reads 85.7 % of the test digits correctly. {during}"
    )
    assert first(P["overfit"], OVERFIT, None, examples=500) == f"{during} It was not tested."
    assert "Whether it overfits is unknown" in text(P["small_cnn"], GOOD, 0.9936)


def test_overfitting_is_explained_by_misread_digits_and_losses():
    state = ended(0.857, train=1.0, val=0.816, examples=500)
    _, digits, losses = summarize(P["overfit"], OVERFIT, state).sentences
    assert digits == (
        "It overfits: it misreads none of its training digits but 18.4 % of the validation digits, so it has memorized "
        "some of them."
    )
    assert losses == (
        "The validation loss was lowest in epoch 4, at 0.59, and has since risen to 0.79, while the training loss fell "
        "further, from 0.094 to 0.00070."
    )
    assert "It overfits: it misread none of its training digits while it learned, but 18.4 % of the validation" in text(
        P["overfit"], OVERFIT, 0.857, examples=500
    )


@pytest.mark.parametrize("history", (OVERFIT, SLOW, UNSEEN, OVERFIT[:2]))
def test_images_of_other_data_sets_are_not_called_digits(history):
    config = replace(P["tutorial_b"], dataset="fashion_mnist")
    state = ended(0.857, train=0.87, val=0.86, train_count=10_000, test_loss=0.5, examples=54_000, stopped=True)
    summary = summarize(config, history, state)
    texts = [*summary.sentences, *(suggestion.text for suggestion in summary.suggestions)]
    assert "digit" not in " ".join(texts) and "85.7 % of the test images" in texts[0]
    assert {suggestion.config.dataset for suggestion in summary.suggestions} == {"fashion_mnist"}


def test_early_stopping_names_the_epoch_of_the_saved_weights():
    told = text(replace(P["overfit"], patience=4), OVERFIT, 0.857)
    assert "It has the weights of epoch 4 of 8" in told
    assert "During epoch 4 it read 99.0 % of the training digits correctly, and at its end 81.2 %" in told


def test_a_slow_training_was_still_learning():
    told = text(P["tutorial_a"], SLOW, 0.921, train=0.918, val=0.933, examples=54_000)
    assert "does not overfit" in told and "fell by 6 % per epoch: the network was still learning" in told


def test_an_accuracy_of_guessing_is_called_so():
    told = text(P["tutorial_a_raw"], DEAD, 0.1135)
    assert "no better than guessing" in told and "rose to 260,000,000" in told
    told = text(TrainingConfig(layers=(Dense(64, "sigmoid"),) * 3), FLAT, 0.1135)
    assert "sigmoid or softmax layers pass on too little of the error" in told


def test_an_unstable_training_is_explained_by_its_learning_rate():
    told = text(P["too_fast"], JUMPS, 0.74)
    assert "jumped between 69 % and 82 %" in told and "a learning rate of 3 makes the steps too large" in told


def test_an_infinite_loss_is_named_with_its_epoch():
    told = text(TrainingConfig(learning_rate=10.0), [{"kind": "batch", "epoch": 1, "step": 17, "accuracy": 0.1}], None)
    assert "No epoch was finished" in told and "The loss became infinite in epoch 1" in told


def test_a_network_that_is_too_small_underfits():
    config = TrainingConfig(layers=(Dense(4, "sigmoid"),), optimizer=Adam(), learning_rate=0.001)
    assert "It underfits: the curves are flat" in text(config, SMALL, 0.82)


def test_the_gap_is_that_of_the_final_network():
    def found(train, test, val):
        return text(P["small_cnn"], GOOD, test, train=train, val=val, train_count=10_000, val_count=6_000)

    assert "It hardly overfits: training and test accuracy are 0.6 percentage points apart." in found(1, 0.994, 0.995)
    assert "It does not overfit: training and validation accuracy are 0.2 percentage" in found(0.995, 0.9936, 0.993)
    assert "reads the test digits even better than its training digits" in found(0.97, 0.977, 0.98)


def test_a_finished_schedule_completes_a_training():
    assert "so the training is complete" in text(P["small_cnn"], GOOD, 0.9936)


def test_without_validation_digits_training_is_compared_with_the_test():
    config = replace(P["tutorial_b"], epochs=4)
    overfits = text(config, UNSEEN, 0.9768, train=0.9932, train_loss=0.024, test_loss=0.083, examples=60_000)
    assert "The loss is 0.024 on the training digits but 0.083 on the test digits." in overfits
    fine = text(config, UNSEEN, 0.992, train=0.9932)
    assert "training and test accuracy are 0.1 percentage points apart" in fine


def test_few_validation_digits_are_called_so():
    config = TrainingConfig(layers=(Dense(256),), training_examples=100, validation_split=0.2)
    history = lines([2.2, 0.6, 0.1, 0.01], [0.2, 0.9, 1.0, 1.0], [1.8, 0.9, 0.5, 0.4], [0.45, 0.85, 0.9, 0.9])
    told = text(config, history, None, examples=80)
    assert "90 % of the 20 validation digits" in told and "chance plays a large part" in told


def test_a_changed_learning_rate_is_mentioned():
    history = JUMPS + lines([0.69, 0.61], [0.91, 0.92], [0.53, 0.51], [0.929, 0.93], rate=0.05)
    assert "The learning rate was changed during training, from 3 to 0.05." in text(P["too_fast"], history, 0.92)


def test_a_stopped_training_says_after_how_many_epochs():
    assert "It was stopped after 10 of 20 epochs." in text(P["tutorial_a"], SLOW, 0.92, stopped=True)


# --- arbitrary histories ----------------------------------------------------------------------------------------

numbers = st.one_of(
    st.floats(), st.floats(0, 1), st.floats(0, 3), st.integers(-3, 10**6), st.sampled_from([None, "x", True, 0, 0.0])
)
KEYS = ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds", "epoch", "step"]
line = st.dictionaries(st.sampled_from(KEYS), numbers).flatmap(
    lambda values: st.sampled_from(["epoch", "epoch", "batch", "else"]).map(lambda kind: {"kind": kind} | values)
)
whole_line = st.fixed_dictionaries(
    {"kind": st.sampled_from(["epoch", "batch"])}
    | {name: st.floats(0, 30) for name in ("loss", "val_loss", "seconds")}
    | {name: st.floats(0, 1) for name in ("accuracy", "val_accuracy", "learning_rate")}
)
configs = st.one_of(
    st.sampled_from(list(P.values())),
    st.builds(
        TrainingConfig,
        layers=st.sampled_from(
            [
                (),
                (Dense(2048), Dense(1500)),
                (Dense(8, "softmax"), Dropout(0.9)) * 10,
                (Conv2D(512, 1),),
                (Rescaling(255.0),) * 20,
                (Flatten(), BatchNormalization(), Dense(200, "tanh")),
            ]
        ),
        optimizer=st.sampled_from([SGD(), SGD(0.99), Adam(), RMSprop()]),
        learning_rate=st.floats(1e-6, 100),
        schedule=st.sampled_from(["constant", "one_cycle", "cosine", "step"]),
        loss=st.sampled_from(["categorical_crossentropy", "mean_squared_error"]),
        batch_size=st.integers(1, 200),
        epochs=st.integers(1, 200),
        validation_split=st.floats(0.01, 0.5),
        patience=st.integers(0, 50),
        training_examples=st.integers(100, 60_000),
        l2=st.sampled_from([0.0, 1e-5, 1.0]),
        time_limit=st.integers(1, 3600),
    ),
)
shares, counts = st.one_of(st.none(), st.floats(0, 1), st.floats()), st.integers(0, 75_000)
states = st.fixed_dictionaries(
    {"phase": st.sampled_from(["finished", "stopped"])}
    | {f"{part}_{what}": shares for part in ("test", "train", "val") for what in ("accuracy", "loss")}
    | dict.fromkeys(("examples", "train_count", "val_count"), counts)
).map(State.parse)


@given(configs, st.one_of(st.lists(line, max_size=12), st.lists(whole_line, max_size=20)), states)
def test_every_history_has_a_summary(config, history, state):
    summary = summarize(config, history, state)
    assert 2 <= len(summary.sentences) <= 4
    assert all(
        sentence.endswith(".") and "nan" not in sentence and "None" not in sentence for sentence in summary.sentences
    )
    configs_tried = [suggestion.config for suggestion in summary.suggestions]
    assert len(configs_tried) <= 3 and config not in configs_tried and len(set(configs_tried)) == len(configs_tried)
    assert all(suggestion.text.endswith(".") for suggestion in summary.suggestions)
    assert all(TrainingConfig.from_json(other.to_json()) == other for other in configs_tried)


@given(st.lists(st.floats(0.001, 3), min_size=2, max_size=30).map(lambda losses: sorted(losses, reverse=True)))
def test_a_loss_that_only_falls_is_never_called_unstable_or_overfitting(losses):
    accuracy = [1 - min(0.9, loss / 3.5) for loss in losses]
    state = ended(accuracy[-1], train=accuracy[-1], val=accuracy[-1])
    summary = summarize(P["perceptron"], lines(losses, accuracy, losses, accuracy), state)
    assert summary.verdict in ("still learning", "good", "underfits", "nothing learned")
