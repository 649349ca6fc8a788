"""Contributions to each class: inputs times weights, their sums with the bias, and the softmax probabilities."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.analysis import contributions
from trainer.analysis.contributions import Contributions, WeightedSum
from trainer.figures import diverging
from trainer.text import MINUS, decimal, percent, signed
from ui import dataset_loader
from ui.digit_input import tabs
from ui.glossary import linked_help
from ui.html import html
from ui.inside.subject import Subject, image
from ui.markdown import sentence

LISTED_CONTRIBUTIONS = 3  # named for each class


def render(subject: Subject) -> None:
    """Render the contributions to each class, and for a network of one layer its templates with digits over them."""
    assert subject.image is not None
    found = contributions.contributions(subject.image, subject.outputs, subject.weights, subject.table)
    if found.direct:
        text = (
            "This network has one layer. For each class it multiplies every pixel by a weight (blue counts for the "
            "class, orange against it) and adds up the products and a bias. Softmax turns the ten sums into "
            "probabilities."
        )
    else:
        text = (
            f"For each class the output layer multiplies the outputs of {subject.title(found.source)} by its weights "
            "and adds up the products and a bias. Softmax turns the ten sums into probabilities."
        )
    st.caption(linked_help(text))
    html(Markup('<div class="inside-scroll">{}</div>').format(_table(subject, found)))
    html(Markup('<div class="inside-words">{}</div>').format(_softmax(subject, found)))
    if found.direct:
        _render_overlays(subject, found)


def _table(subject: Subject, found: Contributions) -> Markup:
    logits, exponentials, probabilities = found.logits, found.exponentials, found.probabilities
    products = [_cells(unit) for unit in found.units]
    largest = diverging.max_magnitude(np.array(products))
    largest_weight = diverging.max_magnitude(np.array([unit.weights for unit in found.units]))
    best = int(np.argmax(probabilities))
    rows = []
    for label, (unit, product) in enumerate(zip(found.units, products, strict=True)):
        name = subject.info.classes[label]
        if found.direct:
            template = _flat(unit.weights)
            cells = Markup('<td class="pic">{}</td><td class="pic">{}</td>').format(
                _img(diverging.image_url(template, largest_weight), 64, f"The weights for {name}"),
                _img(diverging.image_url(product, largest), 64, f"Image times weights for {name}"),
            )
        else:
            high, wide = product.shape
            width, height = (56, 56) if abs(high - wide) < 2 else (168, max(14, round(168 * high / wide)))
            picture = _img(diverging.image_url(product, largest), width, f"Contributions to {name}", height)
            cells = Markup('<td class="pic">{}</td><td class="words">{}</td>').format(picture, _largest(unit))
        rows.append(
            Markup("<tr{}><td>{}</td>{}<td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>").format(
                Markup(" class=best") if label == best else "",
                name,
                cells,
                decimal(unit.total),
                decimal(unit.bias),
                decimal(float(logits[label])),
                _power(float(exponentials[label])),
                percent(float(probabilities[label]), 2),
            )
        )
    third = "" if found.direct else Markup(' class="words"')
    heads = ("weights", "ink × weights") if found.direct else ("contributions", "largest")
    head = Markup("<th></th><th>{}</th><th{}>{}</th>").format(heads[0], third, heads[1]) + Markup().join(
        Markup("<th>{}</th>").format(words)
        for words in ("sum", "+ bias", "= logit", Markup("e<sup>logit</sup>"), "probability")
    )
    foot = Markup('<tr><td colspan="2"></td><td{}></td><td colspan="3">total</td><td>{}</td><td>{}</td>').format(
        third, _power(float(exponentials.sum())), percent(float(probabilities.sum()), 2)
    )
    return Markup(
        '<table class="inside-sums"><thead><tr>{}</tr></thead><tbody>{}</tbody><tfoot>{}</tr></tfoot></table>'
    ).format(head, Markup().join(rows), foot)


def _softmax(subject: Subject, found: Contributions) -> str:
    exponentials, probabilities = found.exponentials, found.probabilities
    best = int(np.argmax(probabilities))
    if not np.isfinite(exponentials.sum()):
        return "The numbers shown are rounded; some exponentials are too large to show."
    return Markup(
        "Probability of {}: {} ÷ {} = {}. The numbers shown are rounded, those in the network are not."
    ).format(
        subject.named(best),
        _power(float(exponentials[best])),
        _power(float(exponentials.sum())),
        percent(float(probabilities[best]), 2),
    )


def _cells(unit: WeightedSum) -> np.ndarray:
    """Return a unit's products as an array (height, width): summed over channels, or a list folded into rows."""
    products = unit.products
    if products.ndim == 1:
        rows = max(1, round(math.sqrt(len(products) / 12))) if len(products) > 40 else 1
        columns = -(-len(products) // rows)
        cells = np.zeros(rows * columns, np.float32)
        cells[: len(products)] = products
        return cells.reshape(rows, columns)
    return _flat(products)


def _flat(values: np.ndarray) -> np.ndarray:
    return values.sum(axis=-1) if values.ndim == 3 else values


def _largest(unit: WeightedSum) -> str:
    """Name the inputs of a unit that contribute most."""
    products = unit.products
    kind = "filter" if products.ndim == 3 else "unit"
    sums = products.sum(axis=(0, 1)) if products.ndim == 3 else products.reshape(-1)
    parts = [f"{kind} {place} {signed(float(sums[place]))}" for place in unit.largest(LISTED_CONTRIBUTIONS)]
    return ", ".join(parts) or "none"


def _power(value: float) -> str:
    """Return a positive number that may be tiny or huge as text or HTML."""
    if not math.isfinite(value):
        return "too large"
    if value == 0 or 0.01 <= value < 1e6:
        return f"{value:,.2f}" if value < 1000 else f"{value:,.0f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return Markup("{} × 10<sup>{}</sup>").format(mantissa, str(int(exponent)).replace("-", MINUS))


def _img(url: str, width: int, alt: str, height: int | None = None) -> Markup:
    kind = "wide" if height is None else ""
    return Markup('<img class="{}" decoding="sync" alt="{}" width="{}" height="{}" src="{}">').format(
        kind, alt, width, height or width, url
    )


# --- digits over a template -----------------------------------------------------------------------------------


def _render_overlays(subject: Subject, found: Contributions) -> None:
    """Render the image, and a 0 and a 3 of the test digits, over the template of one class, as in Tutorial B."""
    classes = subject.info.classes
    st.subheader("Digits over a template" if subject.info.is_digits else "Images over a template", anchor=False)
    st.session_state.setdefault("inside.over", 0)
    selected = st.segmented_control(
        "Template of",
        range(len(classes)),
        format_func=lambda label: classes[label],
        required=True,
        help="Only ink counts: ink on blue adds to the sum, ink on orange subtracts from it.",
        persist_state="session",
        key="inside.over",
    )
    dataset = dataset_loader.load(subject.config.dataset)
    if dataset is None:
        return
    samples = [(label, int(np.flatnonzero(dataset.y_test == label)[0])) for label in (0, 3) if label in dataset.y_test]
    sums = [("This image", found.units[selected])]
    for label, at in samples:
        try:
            sample = dataset.images("test", slice(at, at + 1))
            outputs = {name: values[0] for name, values in subject.network.layers(sample).items()}
        except UserError as error:
            st.error(sentence(str(error)))
            return
        units = contributions.contributions(sample[0], outputs, subject.weights, subject.table).units
        sums.append((f"Test image: {subject.named(label)}", units[selected]))
    largest = diverging.max_magnitude(np.array([_flat(one.products) for _, one in sums]))
    pictures = [
        image(
            diverging.image_url(_flat(found.units[selected].weights)),
            132,
            Markup("Template of {}<br>&nbsp;").format(classes[selected]),
            "The template's weights",
        )
    ]
    pictures += [
        image(
            diverging.image_url(_flat(one.products), largest),
            132,
            Markup("{}<br>sum <strong>{}</strong>").format(title, decimal(one.total)),
            f"{title} over the template, sum {decimal(one.total)}",
        )
        for title, one in sums
    ]
    html(Markup('<div class="inside thirds">{}</div>').format(Markup().join(pictures)))
    with st.container(horizontal=True, gap="small"):
        for label, at in samples:
            tabs.render_test_digit_button(at, f"Look at this {classes[label]}", f"inside.sample.{label}")
