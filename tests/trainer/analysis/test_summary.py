"""What the page says of a training that has ended; the histories have the shapes of real ones, shortened."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.analysis.summary import summarise
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Rescaling
from trainer.config.presets import PRESETS
from trainer.config.training import SGD, Adam, RMSprop, TrainingConfig

P = {name: preset.config for name, preset in PRESETS.items()}


def lines(loss, accuracy, val_loss=(), val_accuracy=(), rate=None, batches=()):
    """Return a history: the first epoch's batch lines, then a line an epoch."""
    history = [{"kind": "batch", "epoch": 1, "loss": value, "learning_rate": rate} for value in batches or loss[:1]]
    for place, (a, b) in enumerate(zip(loss, accuracy, strict=True)):
        line = {
            "kind": "epoch",
            "epoch": place + 1,
            "loss": a,
            "accuracy": b,
            "learning_rate": rate,
            "seconds": place + 1.0,
        }
        if val_loss:
            line |= {"val_loss": val_loss[place], "val_accuracy": val_accuracy[place]}
        history.append(line)
    return history


OVERFIT = lines(
    loss=[1.9, 0.43, 0.15, 0.094, 0.05, 0.02, 0.005, 0.0007],
    accuracy=[0.47, 0.88, 0.96, 0.99, 1.0, 1.0, 1.0, 1.0],
    val_loss=[1.49, 0.67, 0.60, 0.59, 0.61, 0.65, 0.70, 0.79],
    val_accuracy=[0.65, 0.77, 0.80, 0.812, 0.812, 0.816, 0.82, 0.816],
)
SLOW = lines(  # Tutorial A
    loss=[1.96, 1.36, 0.91, 0.68, 0.57, 0.50, 0.46, 0.43, 0.40, 0.39],
    accuracy=[0.43, 0.71, 0.83, 0.85, 0.87, 0.877, 0.883, 0.888, 0.892, 0.916],
    val_loss=[1.6, 1.04, 0.70, 0.54, 0.46, 0.40, 0.37, 0.35, 0.33, 0.31],
    val_accuracy=[0.64, 0.84, 0.88, 0.89, 0.90, 0.907, 0.911, 0.914, 0.917, 0.933],
)
GOOD = lines(
    loss=[0.31, 0.073, 0.048, 0.029, 0.019],
    accuracy=[0.904, 0.978, 0.986, 0.9905, 0.9942],
    val_loss=[0.062, 0.043, 0.033, 0.034, 0.025],
    val_accuracy=[0.983, 0.986, 0.992, 0.9905, 0.9938],
)
DEAD = lines(  # pixels from 0 to 255
    loss=[2e7, 2.302, 2.302, 2.302, 2.302],
    accuracy=[0.111, 0.113, 0.113, 0.113, 0.113],
    val_loss=[2.302] * 5,
    val_accuracy=[0.105] * 5,
    batches=[2.6e8, 2.3],
)
JUMPS = lines(
    loss=[1.38, 1.12, 1.06, 1.03, 1.0, 1.01],
    accuracy=[0.85, 0.87, 0.877, 0.88, 0.882, 0.882],
    val_loss=[3.7, 4.2, 5.8, 2.6, 2.1, 5.2],
    val_accuracy=[0.73, 0.71, 0.65, 0.78, 0.82, 0.69],
    rate=3.0,
)
FLAT = lines([2.36, 2.303, 2.301, 2.301], [0.101, 0.113, 0.113, 0.113], [2.31, 2.302, 2.302, 2.302], [0.105] * 4)
SMALL = lines(
    [0.9, 0.6, 0.57, 0.568, 0.567], [0.7, 0.80, 0.82, 0.823, 0.824], [0.8, 0.58, 0.56, 0.561, 0.56], [0.82] * 5
)
UNSEEN = lines(loss=[0.27, 0.10, 0.046, 0.024], accuracy=[0.922, 0.97, 0.987, 0.9932])  # no validation digits


def text(summary):
    return " ".join(summary.sentences)


def changes(summary, config):
    """Return what each suggestion changes."""
    return [
        {name: value for name, value in vars(suggestion.config).items() if value != getattr(config, name)}
        for suggestion in summary.suggestions
    ]


def test_overfitting_is_seen_where_the_validation_loss_turns_up():
    summary = summarise(P["overfit"], OVERFIT, 0.857, examples=500)
    assert summary.verdict == "overfits"
    assert "85.7 % of the test digits" in text(summary) and "81.6 % of the 500 validation digits" in text(summary)
    assert "lowest in epoch 4, 0.59, and has risen to 0.79" in text(summary)
    more, dropout, _ = changes(summary, P["overfit"])
    assert more == {"training_examples": 10_000}
    assert [layer.rate for layer in dropout["layers"] if isinstance(layer, Dropout)] == [0.5, 0.5]


@pytest.mark.parametrize("history", (OVERFIT, SLOW, UNSEEN, OVERFIT[:2]))
def test_images_that_are_no_digits_are_called_images(history):
    config = replace(P["tutorial_b"], dataset="fashion_mnist")
    summary = summarise(config, history, 0.857, 0.5, examples=54_000, stopped=True)
    said = [text(summary), *(suggestion.text for suggestion in summary.suggestions)]
    assert "digit" not in " ".join(said) and "85.7 % of the test images" in said[0]
    assert {suggestion.config.dataset for suggestion in summary.suggestions} == {"fashion_mnist"}


def test_early_stopping_is_advised_where_validation_came_to_be_read_worse():
    worse = [{**line, "val_accuracy": 0.78} if line["epoch"] == 8 else line for line in OVERFIT]
    assert {"patience": 3} in changes(summarise(P["overfit"], worse, 0.83), P["overfit"])
    assert {"patience": 3} not in changes(summarise(P["overfit"], OVERFIT, 0.857), P["overfit"])


def test_early_stopping_is_said_with_the_epoch_it_went_back_to():
    summary = summarise(replace(P["overfit"], patience=4), OVERFIT, 0.857)
    assert "back at epoch 4 of 8" in text(summary)
    assert "99.0 % of the training digits and 81.2 % of the 500 validation digits" in text(summary)


def test_a_slow_training_is_told_to_take_larger_steps():
    summary = summarise(P["tutorial_a"], SLOW, 0.921, examples=54_000)
    assert summary.verdict == "still learning"
    assert "does not overfit" in text(summary) and "fell by 6 % an epoch" in text(summary)
    assert {"learning_rate": 0.1} in changes(summary, P["tutorial_a"])
    finished = summarise(replace(P["tutorial_a"], epochs=10), SLOW, 0.921)
    assert {"epochs": 20} in changes(finished, replace(P["tutorial_a"], epochs=10))


def test_more_epochs_come_with_the_time_they_take():
    config = replace(P["tutorial_a"], epochs=10, time_limit=12)
    assert {"epochs": 20, "time_limit": 60} in changes(summarise(config, SLOW, 0.921), config)


def test_a_training_that_learned_nothing_is_no_better_than_guessing():
    summary = summarise(P["tutorial_a_raw"], DEAD, 0.1135)
    assert summary.verdict == "nothing learned"
    assert "no better than guessing" in text(summary) and "260,000,000" in text(summary)
    first, second, third = (suggestion.config for suggestion in summary.suggestions)
    assert first.layers == P["tutorial_a"].layers
    assert second.layers[:2] == (Rescaling(255.0), BatchNormalization())
    assert third.learning_rate == pytest.approx(0.001)


def test_jumps_call_for_smaller_steps():
    summary = summarise(P["too_fast"], JUMPS, 0.74)
    assert summary.verdict == "unstable" and "between 69 % and 82 %" in text(summary)
    assert changes(summary, P["too_fast"])[0] == {"learning_rate": 0.1}


def test_a_loss_beyond_all_numbers_is_unstable_and_was_never_tested():
    config = TrainingConfig(learning_rate=10.0)
    summary = summarise(config, [{"kind": "batch", "epoch": 1, "step": 17, "accuracy": 0.1}], None)
    assert summary.verdict == "unstable" and "beyond all numbers" in text(summary)
    assert "Nothing is known" in summary.sentences[0]
    assert summary.suggestions[0].config.learning_rate == 0.1


def test_sigmoid_layers_that_stand_still_are_told_of_relu():
    config = TrainingConfig(layers=(Dense(64, "sigmoid"), Dense(64, "sigmoid"), Dense(64, "sigmoid")))
    summary = summarise(config, FLAT, 0.1135)
    assert summary.verdict == "nothing learned"
    assert summary.suggestions[0].config.layers == (Dense(64, "relu"),) * 3


def test_a_network_too_small_is_told_to_grow():
    config = TrainingConfig(layers=(Dense(4, "sigmoid"),), optimizer=Adam(), learning_rate=0.001)
    summary = summarise(config, SMALL, 0.82)
    assert summary.verdict == "underfits"
    assert summary.suggestions[0].config.layers == (Dense(128, "relu"),)
    assert summarise(replace(config, layers=(Flatten(),)), SMALL, 0.82).suggestions[0].config.layers[-1] == Dense(128)


def test_dropout_explains_why_validation_is_better_and_may_be_too_much():
    config = TrainingConfig(layers=(Dense(32), Dropout(0.8)), optimizer=Adam(), learning_rate=0.001, epochs=4)
    history = lines(
        [1.6, 1.25, 1.18, 1.15], [0.41, 0.54, 0.57, 0.57], [0.64, 0.5, 0.44, 0.42], [0.91, 0.92, 0.92, 0.92]
    )
    summary = summarise(config, history, 0.908)
    assert "dropout hides a part" in text(summary)
    assert summary.suggestions[0].config.layers == (Dense(32), Dropout(0.3))


def test_a_good_training_is_left_as_it_is():
    summary = summarise(P["small_cnn"], GOOD, 0.9936)
    assert summary.verdict == "good" and "the training is complete" in text(summary)
    assert {"shift": 1.0, "rotation": 8.0, "zoom": 0.1} in changes(summary, P["small_cnn"])
    assert summarise(P["best_cnn"], GOOD, 0.995).suggestions == ()


def test_dense_networks_that_read_well_are_told_of_convolutions():
    summary = summarise(P["mlp"], GOOD, 0.985)
    assert summary.suggestions[0].config == P["small_cnn"]
    assert all(suggestion.config != P["small_cnn"] for suggestion in summarise(P["mlp"], SLOW, 0.92).suggestions)


def test_without_validation_digits_training_is_held_against_the_test():
    config = replace(P["tutorial_b"], epochs=4)
    summary = summarise(config, UNSEEN, 0.9768, test_loss=0.083, examples=60_000)
    assert summary.verdict == "overfits" and "0.083 on the test digits" in text(summary)
    assert {"validation_split": 0.1} in changes(summary, config)
    fine = summarise(config, UNSEEN, 0.992)
    assert "Without validation digits overfitting cannot be seen" in text(fine)


def test_few_validation_digits_are_not_believed():
    config = TrainingConfig(layers=(Dense(256),), training_examples=100, validation_split=0.2)
    history = lines([2.2, 0.6, 0.1, 0.01], [0.2, 0.9, 1.0, 1.0], [1.8, 0.9, 0.5, 0.4], [0.45, 0.85, 0.9, 0.9])
    summary = summarise(config, history, None, examples=80)
    assert summary.verdict != "overfits"  # 2 of 20 digits may be chance
    assert "90 % of the 20 validation digits" in text(summary) and "chance has a large say" in text(summary)
    assert summarise(config, history, 0.684, examples=80).verdict == "overfits"  # but not 32 % of the test digits


def test_a_learning_rate_changed_while_it_ran_counts():
    history = JUMPS + lines([0.69, 0.61], [0.91, 0.92], [0.53, 0.51], [0.929, 0.93], rate=0.05)
    summary = summarise(P["too_fast"], history, 0.92)
    assert summary.verdict == "still learning"  # the jumps were before
    assert "changed while it ran, from 3 to 0.05" in text(summary)
    assert changes(summary, P["too_fast"])[0] == {"learning_rate": 0.05}


def test_what_was_stopped_says_so_and_may_get_more_time():
    summary = summarise(P["tutorial_a"], SLOW, 0.92, stopped=True)
    assert "stopped after 10 of 20 epochs" in text(summary)
    config = replace(P["tutorial_a"], time_limit=10)
    assert {"time_limit": 20} in changes(summarise(config, SLOW, 0.92, stopped=True), config)


def test_before_the_first_epoch_there_is_nothing_to_say():
    assert summarise(TrainingConfig(), [], None).verdict == "too early"
    one = summarise(replace(P["tutorial_a"], epochs=1), lines([1.96], [0.43], batches=[2.3, 2.2, 1.8, 1.6]), 0.61)
    assert one.verdict == "still learning"


# --- whatever is in the history -------------------------------------------------------------------------------

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
shares = st.one_of(st.none(), st.floats(0, 1), st.floats())


@given(
    configs,
    st.one_of(st.lists(line, max_size=12), st.lists(whole_line, max_size=20)),
    shares,
    shares,
    st.one_of(st.none(), st.integers(0, 75_000)),
    st.booleans(),
)
def test_any_history_has_a_summary(config, history, accuracy, loss, examples, stopped):
    summary = summarise(config, history, accuracy, loss, examples, stopped)
    assert 2 <= len(summary.sentences) <= 4
    assert all(
        sentence.endswith(".") and "nan" not in sentence and "None" not in sentence for sentence in summary.sentences
    )
    tried = [suggestion.config for suggestion in summary.suggestions]
    assert len(tried) <= 3 and config not in tried and len(set(tried)) == len(tried)
    assert all(suggestion.text.endswith(".") for suggestion in summary.suggestions)
    assert all(TrainingConfig.from_json(other.to_json()) == other for other in tried)


@given(st.lists(st.floats(0.001, 3), min_size=2, max_size=30).map(lambda losses: sorted(losses, reverse=True)))
def test_a_loss_that_only_falls_is_never_called_unstable_or_overfitting(losses):
    accuracy = [1 - min(0.9, loss / 3.5) for loss in losses]
    summary = summarise(P["perceptron"], lines(losses, accuracy, losses, accuracy), accuracy[-1])
    assert summary.verdict in ("still learning", "good", "underfits", "nothing learned")
