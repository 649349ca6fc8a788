"""Description of a training in plain sentences, for its report."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.analysis.learning_curves import Line
from trainer.config import dataset_info
from trainer.config.limits import choice_label, in_sentence, label
from trainer.config.training import TrainingConfig
from trainer.runs import parent
from trainer.runs.progress import epochs_done
from trainer.runs.run import RunView
from trainer.runs.state import State
from trainer.runs.store import RunStore
from trainer.text import counted, listed, number


def sentences(view: RunView, config: TrainingConfig, history: Sequence[Line]) -> list[str]:
    """Return sentences about a run's data, optimizer, loss and other settings. config: the run's configuration."""
    state = view.state
    kind = dataset_info.info(config.dataset)
    images = f"{kind.noun}s"
    lines = [_learned(config, state, images)]
    if view.parent:
        name = parent.parent_name(RunStore(view.run.path.parent), view.parent)
        lines.append(f"It started with the weights of another network: {name}.")
    optimizer = ", ".join(
        f"{in_sentence(label(name))} {number(value)}" for name, value in vars(config.optimizer).items()
    )
    schedule = "" if config.schedule == "constant" else " at its highest"
    lines.append(
        f"{config.optimizer.label}{f' ({optimizer})' if optimizer else ''}, learning rate "
        f"{number(config.learning_rate)}{schedule}, {_SCHEDULES[config.schedule]}."
    )
    epochs, steps = epochs_done(history), f": {state.steps:,} steps per epoch" if state.steps else ""
    of = f" of {config.epochs}" if epochs < config.epochs else ""
    plural = "" if (config.epochs if of else epochs) == 1 else "s"
    lines.append(f"{epochs}{of} epoch{plural}, in batches of {config.batch_size:,}{steps}.")
    lines.append(f"Loss: {in_sentence(choice_label('loss', config.loss))}.")
    if config.augmented:
        moved = [(config.shift, "moved by up to {:g} pixels"), (config.rotation, "turned by up to {:g} degrees")]
        moved.append((100 * config.zoom, "resized by up to {:g} %"))
        words = [text.format(value) for value, text in moved if value]
        lines.append(f"Each of the {images} was {listed(words)}, at random and differently in each epoch.")
    if config.l2:
        lines.append(f"L2 regularization with factor {number(config.l2)}.")
    if config.patience:
        lines.append(f"Early stopping after {config.patience} epochs without a better validation loss.")
    if config.dtype != "float32":
        dtype = in_sentence(choice_label("dtype", config.dtype))
        lines.append(f"Computed with 16 bits per number ({dtype}); the weights have 32 bits.")
    lines.append(
        f"Initial weights: {choice_label('kernel_initializer', config.kernel_initializer)}; seed {config.seed}."
    )
    if state.note:
        lines.append(f"{state.note[:1].upper()}{state.note[1:]}.")
    return lines


_SCHEDULES = {
    "constant": "constant",
    "one_cycle": "rising for a fifth of the steps, then falling to 0",
    "cosine": "falling smoothly to 0",
    "step": "divided by 10 after half of the steps, and again after three quarters",
}


def _learned(config: TrainingConfig, state: State, images: str) -> str:
    count = f"{state.examples:,} " if state.examples else ""
    sentence = f"It learned from {count}{images} of {state.data or dataset_info.info(config.dataset).title}"
    mixed = []
    if config.synthetic_examples:
        mixed.append(f"{config.synthetic_examples:,} are pen digits drawn by the app")
    if config.own_examples:
        drawings = counted(state.drawings, "drawing") if state.drawings else "drawings"
        mixed.append(f"{config.own_examples:,} are {drawings} by its owner, repeated")
    sentence += f", of which {listed(mixed)}" if mixed else ""
    kept = f"{number(100 * config.validation_split, 3)} % of the data were set aside for validation"
    return f"{sentence}; {kept if config.validation_split else 'none were set aside for validation'}."
