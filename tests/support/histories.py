"""Shortened histories of real trainings, and the states of runs that have ended."""

from trainer.runs.state import State


def lines(loss, accuracy, val_loss=(), val_accuracy=(), rate=None, batches=()):
    """Return a history: batch lines of the first epoch, then a line per epoch."""
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


def ended(test=None, train=None, val=None, stopped=False, **fields):
    """Return the state of an ended run with these accuracies of its network; a run of an old version has no `train`."""
    phase = "stopped" if stopped else "finished"
    return State(phase, test_accuracy=test, train_accuracy=train, val_accuracy=val, **fields)


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
