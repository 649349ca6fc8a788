"""The training of a network in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.analysis.learning_curves import Line
from trainer.config import dataset_info
from trainer.config.limits import choice_label, label, within
from trainer.config.training import TrainingConfig
from trainer.runs import parent
from trainer.runs.progress import epochs_done
from trainer.runs.run import RunView
from trainer.runs.state import State
from trainer.runs.store import RunStore
from trainer.text import counted, listed, number


def sentences(view: RunView, config: TrainingConfig, history: Sequence[Line]) -> list[str]:
    """Return how the network of a run was trained, in sentences. config: the run's, which is not damaged."""
    state = view.state
    kind = dataset_info.kind(config.dataset)
    things = f"{kind.thing}s"
    said = [_learned(config, state, things)]
    if view.parent:
        name = parent.name_of(RunStore(view.run.path.parent), view.parent)
        said.append(f"It went on from the weights of another network: {name}.")
    optimizer = ", ".join(f"{within(label(name))} {number(value)}" for name, value in vars(config.optimizer).items())
    schedule = "" if config.schedule == "constant" else " at most"
    said.append(
        f"{config.optimizer.label}{f' ({optimizer})' if optimizer else ''}, learning rate "
        f"{number(config.learning_rate)}{schedule}, {_SCHEDULES[config.schedule]}."
    )
    epochs, steps = epochs_done(history), f": {state.steps:,} steps an epoch" if state.steps else ""
    of = f" of {config.epochs}" if epochs < config.epochs else ""
    plural = "" if (config.epochs if of else epochs) == 1 else "s"
    said.append(f"{epochs}{of} epoch{plural}, in batches of {config.batch_size:,}{steps}.")
    said.append(f"Loss: {within(choice_label('loss', config.loss))}.")
    if config.augmented:
        moved = [(config.shift, "moved by up to {:g} pixels"), (config.rotation, "turned by up to {:g} degrees")]
        moved.append((100 * config.zoom, "resized by up to {:g} %"))
        words = [text.format(value) for value, text in moved if value]
        said.append(f"Each of the {things} was {listed(words)}, at random and anew in each epoch.")
    if config.l2:
        said.append(f"L2 regularization {number(config.l2)} pulls the weights towards 0.")
    if config.patience:
        said.append(f"Early stopping after {config.patience} epochs without a better validation loss.")
    if config.dtype != "float32":
        said.append(
            f"Computed with 16 bits a number ({within(choice_label('dtype', config.dtype))}); the weights have 32."
        )
    said.append(
        f"Weights drawn by {choice_label('kernel_initializer', config.kernel_initializer)}; seed {config.seed}."
    )
    if state.note:
        said.append(f"{state.note[:1].upper()}{state.note[1:]}.")
    return said


_SCHEDULES = {
    "constant": "the same throughout",
    "one_cycle": "up for a fifth of the steps, then down to 0",
    "cosine": "smoothly down to 0",
    "step": "a tenth after half of the steps, a hundredth after three quarters",
}


def _learned(config: TrainingConfig, state: State, things: str) -> str:
    count = f"{state.examples:,} " if state.examples else ""
    sentence = f"It learned from {count}{things} of {state.data or dataset_info.kind(config.dataset).title}"
    mixed = []
    if config.synthetic_examples:
        mixed.append(f"{config.synthetic_examples:,} are pen digits drawn by the app")
    if config.own_examples:
        drawings = counted(state.drawings, "drawing") if state.drawings else "drawings"
        mixed.append(f"{config.own_examples:,} are {drawings} of its owner's, repeated")
    sentence += f", of which {listed(mixed)}" if mixed else ""
    kept = f"{number(100 * config.validation_split, 3)} % of the data were kept aside for validation"
    return f"{sentence}; {kept if config.validation_split else 'none were kept aside for validation'}."
