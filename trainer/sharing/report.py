"""Report of a run: its network, curves, confusion matrix and worst errors in one HTML file, for screen and print.

Longer than 300 lines because the page has many sections. The page loads nothing and runs no scripts, which its
Content-Security-Policy enforces; all text from users is escaped.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup

from trainer import UserError
from trainer.analysis import evaluation
from trainer.analysis.evaluation import Evaluation
from trainer.analysis.learning_curves import Line, column, thinned
from trainer.analysis.summary import summarize
from trainer.config import dataset_info
from trainer.config.training import TrainingConfig, parameter_count, short_form
from trainer.data.datasets import Dataset
from trainer.figures import sheets
from trainer.figures.diverging import weight_sheet
from trainer.figures.images import file_url
from trainer.networks import onnx_metadata
from trainer.networks.diagram import network_diagram
from trainer.networks.onnx_reader import network_hash
from trainer.runs.history import is_valid_line
from trainer.runs.progress import epochs_done
from trainer.runs.run import Run, RunView
from trainer.runs.state import State
from trainer.sharing import report_text
from trainer.storage.files import Record, parse_lines, read_bytes
from trainer.text import duration, number, percent

MAX_ERRORS, ERROR_SIDE = 14, 58  # number of misread images shown, and their pixels a side on the page
MAX_POINTS = 300  # per curve
STYLE = Path(__file__).with_name("report.css")
_POLICY = Markup("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def page(view: RunView, dataset: Dataset | None = None) -> str:
    """Return the report of a run as HTML of less than a megabyte.

    The worst errors are included if `dataset` is the data set that the run was tested on. Raises UserError if the run's
    configuration is damaged.
    """
    run, config, state = view.run, view.config, view.state
    if config is None:
        raise UserError("This run's configuration (config.json) is damaged: choose another run.")
    history = _history(run)
    found = evaluation.read(run.path)
    if found and found.network_hash != network_hash(run.network_file):
        found = None
    kind = dataset_info.info(config.dataset)
    trained = _section("Training", _list(report_text.sentences(view, config, history)))
    if picture := _weights(run):
        trained += _section("Weights of the first layer", picture)
    parts = [
        _section("Network", _network(config)),
        Markup('<div class="stack">{}</div>').format(trained),
        _section("Loss", _curves(history, state, config, "loss")),
        _section("Accuracy", _curves(history, state, config, "accuracy")),
    ]
    if found:
        parts.append(_section("Confusion matrix", _matrix(found, kind.classes)))
        if dataset and found.data_hash == dataset.hash and len(dataset.x_test) == found.count:
            parts.append(_section("Worst errors", _errors(found, dataset)))
    name, when, note = view.name, _day(view.started), view.label.note.strip()
    css = Markup(sheets.STYLE + STYLE.read_text("utf-8"))  # noqa: S704, files of this package
    document = Markup(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{}</title>'
        '<meta http-equiv="Content-Security-Policy" content="{}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><style>{}</style></head><body>'
        '<header><h1>{}</h1><p class="faint">{}</p>{}{}{}</header>'
        '<main class="two">{}</main><footer class="faint">{}</footer></body></html>\n'
    ).format(
        name,
        _POLICY,
        css,
        name,
        _subtitle(config, state, when),
        Markup('<p class="note">{}</p>').format(note) if note else "",
        _facts(config, state, history),
        _summary(config, state, history),
        Markup().join(parts),
        _footer(run),
    )
    return str(document)


# --- header -------------------------------------------------------------------------------------------------


def _subtitle(config: TrainingConfig, state: State, when: str) -> str:
    data = state.data or dataset_info.info(config.dataset).title
    return f"{short_form(config)}, trained on {data} on {when}" + (
        "" if state.phase == "finished" else f" ({state.phase})"
    )


def _facts(config: TrainingConfig, state: State, history: Sequence[Line]) -> Markup:
    noun = dataset_info.info(config.dataset).noun
    facts = []
    if state.test_accuracy is not None:
        facts.append((percent(state.test_accuracy, 2), f"of the test {noun}s read correctly"))
    if state.train_accuracy is not None:
        facts.append((percent(state.train_accuracy, 2), f"of {state.train_count:,} training {noun}s"))
    if state.val_accuracy is not None:
        facts.append((percent(state.val_accuracy, 2), f"of {state.val_count:,} validation {noun}s"))
    if state.test_loss is not None:
        facts.append((number(state.test_loss, 4), "test loss"))
    facts.append((f"{parameter_count(config):,}", "parameters"))
    epochs = epochs_done(history)
    facts.append((f"{epochs}", "epoch" if epochs == 1 else "epochs"))
    if state.seconds:
        facts.append((duration(state.seconds), f"of training on {state.device}" if state.device else "of training"))
    rows = (Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(what, value) for value, what in facts)
    return Markup('<dl class="facts">{}</dl>').format(Markup().join(rows))


def _summary(config: TrainingConfig, state: State, history: Sequence[Record]) -> Markup:
    """Return the sentences that Train shows after a training."""
    if state.test_accuracy is None:
        return Markup()
    return Markup("<p>{}</p>").format(" ".join(summarize(config, history, state).sentences))


def _footer(run: Run) -> str:
    return f"Made by {onnx_metadata.app_version()}, run {run.id}. This page loads nothing from the network."


# --- sections ------------------------------------------------------------------------------------------------


def _network(config: TrainingConfig) -> Markup:
    rows = Markup().join(
        Markup('<tr><td>{}</td><td>{}</td><td>{}</td><td class="number">{:,}</td></tr>').format(
            _breakable(type(row.layer).__name__), row.layer.description, _size(row.output_shape), row.parameters
        )
        for row in config.table
    )
    head = Markup('<tr><th>layer</th><th>settings</th><th>output</th><th class="number">parameters</th></tr>')
    picture = network_diagram(config.table)
    return Markup('{}<table class="layers"><thead>{}</thead><tbody>{}</tbody></table>').format(picture, head, rows)


def _breakable(name: str) -> Markup:
    """Return a CamelCase name with possible line breaks before its capitals."""
    return Markup("<wbr>").join(re.split(r"(?<=[a-z])(?=[A-Z])", name))


def _curves(history: Sequence[Line], state: State, config: TrainingConfig, measure: str) -> Markup:
    """Return a chart of loss or accuracy over the epochs: training solid, validation dashed with dots."""
    percent = measure == "accuracy"
    factor, steps = (100.0 if percent else 1.0), max(1, state.steps)
    batches, ends = (
        column(history, kind, key, factor) for kind, key in (("batch", measure), ("epoch", f"val_{measure}"))
    )
    if not len(batches[0]):
        batches = column(history, "epoch", measure, factor)
    if not len(batches[0]):
        return Markup('<p class="faint">There is no curve because no epoch was finished.</p>')
    seen = np.concatenate([batches[1], ends[1]])
    seen = seen[np.isfinite(seen)]
    most = 100.0 if percent else _round_up(min(10.0, float(seen.max(initial=0.1))))
    epochs = max(1, epochs_done(history), math.ceil(float(batches[0].max()) / steps))
    left, right, top, bottom, width, height = 40, 8, 24, 30, 420, 200

    def place(x: float, y: float) -> str:
        across = left + (width - left - right) * min(1.0, x / epochs)
        return f"{across:.1f},{height - bottom - (height - top - bottom) * min(1.0, max(0.0, y / most)):.1f}"

    def points(curve: tuple[np.ndarray, np.ndarray]) -> list[str]:
        at, values = (thinned(part, MAX_POINTS) for part in curve)
        return [place(x / steps, y) for x, y in zip(at.tolist(), values.tolist(), strict=True) if math.isfinite(y)]

    lines = Markup().join(
        Markup('<path class="axis" d="M{}L{}"/><text x="{}" y="{}" dy=".32em" text-anchor="end">{:g}</text>').format(
            place(0, value), place(epochs, value), left - 5, place(0, value).split(",")[1], value
        )
        for value in np.linspace(0, most, 6).round(6).tolist()
    )
    every = max(1, math.ceil(epochs / 10))
    lines += Markup().join(
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            place(epoch, 0).split(",")[0], height - bottom + 14, epoch
        )
        for epoch in range(0, epochs + 1, every)
    )
    lines += Markup('<text x="{}" y="{}" text-anchor="middle">epoch</text>').format(
        (left + width - right) / 2, height - 2
    )
    lines += Markup('<path class="training" d="M{} 10h24"/><text x="{}" y="14">training</text>').format(left, left + 29)
    lines += Markup('<polyline class="training" points="{}"/>').format(" ".join(points(batches)))
    if len(ends[0]):
        dots = points(ends)
        lines += Markup('<path class="validation" d="M{} 10h24"/><text x="{}" y="14">validation</text>').format(
            left + 90, left + 119
        )
        lines += Markup('<polyline class="validation" points="{}"/>').format(" ".join(dots))
        lines += Markup('<g class="dots">') + Markup().join(
            Markup('<circle cx="{}" cy="{}" r="2.4"/>').format(dot.split(",")[0], dot.split(",")[1])
            for dot in dots
            if len(dots) <= 40
        )
        lines += Markup("</g>")
    unit = " in %" if percent else ""
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="The {}{} over the epochs">{}</svg>').format(
        width, height, measure, unit, lines
    )


def _matrix(found: Evaluation, classes: Sequence[str]) -> Markup:
    confusion = found.confusion
    share = confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    long = _long(classes)
    head = Markup().join(Markup("<th><span>{}</span></th>").format(name) for name in classes)
    rows = Markup()
    for label, name in enumerate(classes):
        cells = Markup()
        for read_as in range(len(classes)):
            count = int(confusion[label, read_as])
            alpha = 0.07 + 0.85 * float(np.cbrt(share[label, read_as])) if count else 0.03
            hue = "blue" if label == read_as else "vermillion"
            color = "; color: #fff" if hue == "blue" and alpha > 0.75 else ""
            style = f"background: rgba(var(--rgb-{hue}), {alpha:.2f}){color}"
            cells += Markup('<td style="{}">{}</td>').format(style, count or "")
        rows += Markup('<tr><th scope="row">{}</th>{}</tr>').format(name, cells)
    corner = "5.4rem" if long else "3.2rem"
    wrong = found.count - int(found.right.sum())
    return Markup(
        '<table class="matrix" style="--corner: {}"><thead{}>'
        '<tr><td class="corner">label</td>{}</tr></thead><tbody>{}</tbody></table>'
        '<p class="faint">Rows: label; columns: read as. {:,} of {:,} were misread.</p>'
    ).format(corner, Markup(" class=long") if long else "", head, rows, wrong, found.count)


def _long(classes: Sequence[str]) -> bool:
    return max(map(len, classes)) > 2


def _errors(found: Evaluation, dataset: Dataset) -> Markup:
    where = found.errors[:MAX_ERRORS]
    if not len(where):
        return Markup("<p>There are none.</p>")
    classes, sure = dataset.info.classes, found.confidence
    space = " " if _long(classes) else "\xa0"
    captions = [
        f"{classes[found.labels[at]]}, read\xa0as{space}{classes[found.predicted[at]]}\n({percent(sure[at], 0)})"
        for at in where.tolist()
    ]
    order = "Sorted by the probability of the correct answer, lowest first."
    return sheets.captioned_images(dataset.x_test[where], captions, size=ERROR_SIDE) + Markup(
        '<p class="faint">{}</p>'
    ).format(order)


def _weights(run: Run) -> Markup:
    snapshots = run.snapshots()
    if snapshots is None or not len(snapshots[0]) or snapshots[1].ndim != 4:
        return Markup()
    weights = snapshots[1][-1]
    alt = f"Weights of {len(weights)} units of the first layer"
    return Markup(
        '<img class="weights" src="{}" alt="{}">'
        '<p class="faint">One image per unit: blue weights are positive, vermillion weights negative.</p>'
    ).format(file_url(weight_sheet(weights)), alt)


# --- helpers ---------------------------------------------------------------------------------------------


def _history(run: Run) -> list[Record]:
    try:
        return list(filter(is_valid_line, parse_lines(read_bytes(run.path / "history.jsonl"))))
    except OSError:
        return []


def _section(title: str, content: Markup) -> Markup:
    return Markup("<section><h2>{}</h2>{}</section>").format(title, content)


def _list(sentences: Iterable[str]) -> Markup:
    return Markup("<ul>{}</ul>").format(Markup().join(map(Markup("<li>{}</li>").format, sentences)))


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{side:,}" for side in shape)


def _round_up(value: float) -> float:
    """Round up to 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(max(value, 1e-6)))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * 0.999)


def _day(seconds: float) -> str:
    try:
        when = time.localtime(seconds)
    except (OverflowError, ValueError, OSError):  # config.json was written by another program
        return "an unknown day"
    return f"{when.tm_mday} {time.strftime('%B %Y', when)}"
