"""What would one hand in of a training? A page with all that counts: HTML in one file, for a screen and for paper.

It fetches nothing and runs nothing, which its Content-Security-Policy holds; what somebody typed is escaped.
"""

from __future__ import annotations

import base64
import math
import re
import time
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import numpy as np

from trainer import UserError, catalogue, evaluation, nameplate, pictures, recipe, sheets
from trainer.config import TrainingConfig, parameter_count, short_form
from trainer.curves import Line, column, thinned
from trainer.datasets import Dataset
from trainer.evaluation import Evaluation
from trainer.files import Record, read_bytes, records
from trainer.history import is_line
from trainer.progress import epochs_done
from trainer.runs import Run, State
from trainer.summary import summarise

ERRORS, SIZE = 14, 58  # images of the worst errors, and pixels a side of each on the page
POINTS = 300  # of a curve, at most
STYLE = Path(__file__).with_name("report.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(run: Run, dataset: Dataset | None = None) -> str:
    """Return the report of a run as HTML, less than a megabyte.

    The worst errors are shown where the data set is given and is the one that the run was tested on. Raises UserError
    where the run's configuration is damaged.
    """
    config, state = run.config, run.state
    if config is None:
        raise UserError("A report needs the run's configuration (got a damaged config.json): choose another run.")
    history = _history(run)
    found = evaluation.read(run.path)
    if found and found.network_hash != evaluation.network_hash(run.network_file):
        found = None
    kind = catalogue.kind(config.dataset)
    trained = _section("How it was trained", _list(recipe.sentences(run, config, state, history)))
    if picture := _weights(run):
        trained += _section("What the first layer looks for", picture)
    parts = [
        _section("The network", _network(config)),
        f'<div class="stack">{trained}</div>',
        _section("Loss", _curves(history, state, config, "loss")),
        _section("Accuracy", _curves(history, state, config, "accuracy")),
    ]
    if found:
        parts.append(_section("What was read as what", _matrix(found, kind.classes)))
        if dataset and found.data_hash == dataset.hash and len(dataset.x_test) == found.count:
            parts.append(_section("The worst errors", _errors(found, dataset)))
    name, when = escape(run.name), _day(run.created)
    note = run.label.note.strip()
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{sheets.STYLE}<style>{STYLE.read_text('utf-8')}</style></head><body>"
        f'<header><h1>{name}</h1><p class="faint">{escape(_subtitle(config, state, when))}</p>'
        + (f'<p class="note">{escape(note)}</p>' if note else "")
        + f"{_facts(config, state, history)}{_said(config, state, history)}</header>"
        f'<main class="two">{"".join(parts)}</main>'
        f'<footer class="faint">{escape(_made(run))}</footer></body></html>\n'
    )


# --- its head -------------------------------------------------------------------------------------------------


def _subtitle(config: TrainingConfig, state: State, when: str) -> str:
    data = state.data or catalogue.kind(config.dataset).title
    return f"{short_form(config)}, trained on {data} on {when}" + (
        "" if state.phase == "finished" else f" ({state.phase})"
    )


def _facts(config: TrainingConfig, state: State, history: Sequence[Line]) -> str:
    thing = catalogue.kind(config.dataset).thing
    facts = []
    if state.test_accuracy is not None:
        facts.append((f"{100 * state.test_accuracy:.2f} %", f"of the test {thing}s read right"))
    if state.test_loss is not None:
        facts.append((f"{state.test_loss:.4g}", "test loss"))
    facts.append((f"{parameter_count(config):,}", "parameters"))
    epochs = epochs_done(history)
    facts.append((f"{epochs}", "epoch" if epochs == 1 else "epochs"))
    if state.seconds:
        facts.append((_duration(state.seconds), f"of training on {state.device}" if state.device else "of training"))
    return (
        '<dl class="facts">'
        + "".join(f"<div><dt>{escape(what)}</dt><dd>{escape(value)}</dd></div>" for value, what in facts)
        + "</dl>"
    )


def _said(config: TrainingConfig, state: State, history: Sequence[Record]) -> str:
    """Say what came of the training, as the app does."""
    if state.test_accuracy is None:
        return ""
    stopped = state.phase == "stopped"
    said = summarise(config, history, state.test_accuracy, state.test_loss, state.examples, stopped)
    return f"<p>{escape(' '.join(said.sentences))}</p>"


def _made(run: Run) -> str:
    return f"Made by {nameplate.app()}, run {run.id}. Nothing here is fetched from elsewhere."


# --- its parts ------------------------------------------------------------------------------------------------


def _network(config: TrainingConfig) -> str:
    rows = "".join(
        f"<tr><td>{_breakable(type(row.layer).__name__)}</td><td>{escape(row.layer.description)}</td>"
        f'<td>{_size(row.output_shape)}</td><td class="number">{row.parameters:,}</td></tr>'
        for row in config.table
    )
    head = '<tr><th>layer</th><th>settings</th><th>gives</th><th class="number">parameters</th></tr>'
    picture = pictures.network_picture(config.table)
    return f'{picture}<table class="layers"><thead>{head}</thead><tbody>{rows}</tbody></table>'


def _breakable(name: str) -> str:
    """Return a name in CamelCase that may be broken before its capitals."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "<wbr>", name)


def _curves(history: Sequence[Line], state: State, config: TrainingConfig, measure: str) -> str:
    """Draw a measure over the epochs: training solid, validation dashed with dots."""
    percent = measure == "accuracy"
    factor, steps = (100.0 if percent else 1.0), max(1, state.steps)
    batches, ends = (
        column(history, kind, key, factor) for kind, key in (("batch", measure), ("epoch", f"val_{measure}"))
    )
    if not len(batches[0]):
        batches = column(history, "epoch", measure, factor)
    if not len(batches[0]):
        return '<p class="faint">No epoch was finished, so there is no curve.</p>'
    seen = np.concatenate([batches[1], ends[1]])
    seen = seen[np.isfinite(seen)]
    most = 100.0 if percent else _round_up(min(10.0, float(seen.max(initial=0.1))))
    epochs = max(1, epochs_done(history), math.ceil(float(batches[0].max()) / steps))
    left, right, top, bottom, width, height = 40, 8, 24, 30, 420, 200

    def place(x: float, y: float) -> str:
        across = left + (width - left - right) * min(1.0, x / epochs)
        return f"{across:.1f},{height - bottom - (height - top - bottom) * min(1.0, max(0.0, y / most)):.1f}"

    def points(curve: tuple[np.ndarray, np.ndarray]) -> list[str]:
        at, values = (thinned(part, POINTS) for part in curve)
        return [place(x / steps, y) for x, y in zip(at.tolist(), values.tolist(), strict=True) if math.isfinite(y)]

    lines = "".join(
        f'<path class="axis" d="M{place(0, value)}L{place(epochs, value)}"/>'
        f'<text x="{left - 5}" y="{place(0, value).split(",")[1]}" dy=".32em" text-anchor="end">{value:g}</text>'
        for value in np.linspace(0, most, 6).round(6).tolist()
    )
    every = max(1, math.ceil(epochs / 10))
    lines += "".join(
        f'<text x="{place(epoch, 0).split(",")[0]}" y="{height - bottom + 14}" text-anchor="middle">{epoch}</text>'
        for epoch in range(0, epochs + 1, every)
    )
    lines += f'<text x="{(left + width - right) / 2}" y="{height - 2}" text-anchor="middle">epoch</text>'
    lines += f'<path class="training" d="M{left} 10h24"/><text x="{left + 29}" y="14">training</text>'
    lines += f'<polyline class="training" points="{" ".join(points(batches))}"/>'
    if len(ends[0]):
        dots = points(ends)
        lines += f'<path class="validation" d="M{left + 90} 10h24"/><text x="{left + 119}" y="14">validation</text>'
        lines += f'<polyline class="validation" points="{" ".join(dots)}"/>'
        lines += '<g class="dots">' + "".join(
            f'<circle cx="{dot.split(",")[0]}" cy="{dot.split(",")[1]}" r="2.4"/>' for dot in dots if len(dots) <= 40
        )
        lines += "</g>"
    unit = " in %" if percent else ""
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="The {measure}{unit} over the epochs">{lines}</svg>'
    )


def _matrix(found: Evaluation, classes: Sequence[str]) -> str:
    confusion = found.confusion
    share = confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    long = _long(classes)
    head = "".join(f"<th><span>{escape(name)}</span></th>" for name in classes)
    rows = ""
    for label, name in enumerate(classes):
        cells = ""
        for read_as in range(len(classes)):
            count = int(confusion[label, read_as])
            alpha = 0.07 + 0.85 * float(np.cbrt(share[label, read_as])) if count else 0.03
            hue = "blue" if label == read_as else "vermillion"
            color = "; color: #fff" if hue == "blue" and alpha > 0.75 else ""
            style = f"background: rgba(var(--rgb-{hue}), {alpha:.2f}){color}"
            cells += f'<td style="{style}">{count or ""}</td>'
        rows += f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'
    corner = "5.4rem" if long else "3.2rem"
    wrong = found.count - int(found.right.sum())
    return (
        f'<table class="matrix" style="--corner: {corner}"><thead{" class=long" if long else ""}>'
        f'<tr><td class="corner">it was</td>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f'<p class="faint">Across: what it was read as. {wrong:,} of {found.count:,} were read wrong.</p>'
    )


def _long(classes: Sequence[str]) -> bool:
    return max(map(len, classes)) > 2


def _errors(found: Evaluation, dataset: Dataset) -> str:
    where = found.errors[:ERRORS]
    if not len(where):
        return "<p>It made none.</p>"
    classes, sure = dataset.kind.classes, found.confidence
    space = " " if _long(classes) else "\xa0"
    captions = [
        f"{classes[found.labels[at]]}, read\xa0as{space}{classes[found.predicted[at]]}\n({100 * sure[at]:.0f} %)"
        for at in where.tolist()
    ]
    first = "First those in which it gave the right answer least."
    return sheets.sheet(dataset.x_test[where], captions, size=SIZE) + f'<p class="faint">{first}</p>'


def _weights(run: Run) -> str:
    kept = run.snapshots()
    if kept is None or not len(kept[0]) or kept[1].ndim != 4:
        return ""
    weights = kept[1][-1]
    picture = base64.b64encode(pictures.weight_sheet(weights)).decode()
    alt = f"The weights of {len(weights)} units of the first layer"
    return (
        f'<img class="weights" src="data:image/png;base64,{picture}" alt="{alt}">'
        '<p class="faint">Of each unit: blue where light speaks for it, vermillion where it speaks against.</p>'
    )


# --- small things ---------------------------------------------------------------------------------------------


def _history(run: Run) -> list[Record]:
    try:
        return list(filter(is_line, records(read_bytes(run.path / "history.jsonl"))))
    except OSError:
        return []


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _list(sentences: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences) + "</ul>"


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{side:,}" for side in shape)


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 2.5 and 5, times a power of ten."""
    power = 10.0 ** math.floor(math.log10(max(value, 1e-6)))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * 0.999)


def _day(seconds: float) -> str:
    try:
        when = time.localtime(seconds)
    except (OverflowError, ValueError, OSError):  # config.json was written by somebody else
        return "an unknown day"
    return f"{when.tm_mday} {time.strftime('%B %Y', when)}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
