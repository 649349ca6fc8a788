"""How the numbers add up: what speaks for each class and against it, the sums, and the probabilities."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.analysis import contributions
from trainer.analysis.contributions import Evidence, Reason
from trainer.figures import diverging
from trainer.text import percent, signed
from ui import dataset_loader
from ui.digit_input import tabs
from ui.glossary import explained
from ui.html import html
from ui.inside.subject import Look, image

LISTED = 3  # contributions that are named for each class


def show(look: Look) -> None:
    """Show the evidence for each class, and for a network of one layer its templates beneath digits."""
    assert look.image is not None
    evidence = contributions.evidence(look.image, look.outputs, look.weights, look.table)
    if evidence.direct:
        words = (
            "This network has one layer. For each class it multiplies every pixel by a weight (blue: speaks for it, "
            "orange: against it) and adds all of that up with a bias. Softmax makes probabilities of the ten sums."
        )
    else:
        words = (
            f"For each class the last layer multiplies what comes out of {evidence.before} by its weights and adds "
            "that up with a bias. Softmax makes probabilities of the ten sums."
        )
    st.caption(explained(words))
    html(Markup('<div class="inside-scroll">{}</div>').format(_table(look, evidence)))
    html(Markup('<div class="inside-words">{}</div>').format(_softmax(look, evidence)))
    if evidence.direct:
        _lay_over(look, evidence)


def _table(look: Look, evidence: Evidence) -> Markup:
    logits, powers, shares = evidence.logits, evidence.exponentials, evidence.probabilities
    products = [_picture(reason) for reason in evidence.reasons]
    reach = diverging.reach(np.array(products))
    templates = diverging.reach(np.array([reason.weights for reason in evidence.reasons]))
    best = int(np.argmax(shares))
    rows = []
    for label, (reason, product) in enumerate(zip(evidence.reasons, products, strict=True)):
        name = look.kind.classes[label]
        if evidence.direct:
            drawn = _flat(reason.weights)
            cells = Markup('<td class="pic">{}</td><td class="pic">{}</td>').format(
                _img(diverging.tint(drawn, templates), 64, f"The weights for {name}"),
                _img(diverging.tint(product, reach), 64, f"Image times weights for {name}"),
            )
        else:
            high, wide = product.shape
            size = (56, 56) if abs(high - wide) < 2 else (168, max(14, round(168 * high / wide)))
            cells = Markup('<td class="pic">{}</td><td class="words">{}</td>').format(
                _img(diverging.tint(product, reach), size[0], f"What speaks for {name}", size[1]), _largest(reason)
            )
        rows.append(
            Markup("<tr{}><td>{}</td>{}<td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>").format(
                Markup(" class=best") if label == best else "",
                name,
                cells,
                diverging.number(reason.total),
                diverging.number(reason.bias),
                diverging.number(float(logits[label])),
                _power(float(powers[label])),
                percent(float(shares[label]), 2),
            )
        )
    third = "" if evidence.direct else Markup(' class="words"')
    heads = ("weights", "ink × weights") if evidence.direct else ("contributions", "the largest")
    head = Markup("<th></th><th>{}</th><th{}>{}</th>").format(heads[0], third, heads[1]) + Markup().join(
        Markup("<th>{}</th>").format(words)
        for words in ("sum", "+ bias", "= logit", Markup("e<sup>logit</sup>"), "probability")
    )
    foot = Markup('<tr><td colspan="2"></td><td{}></td><td colspan="3">total</td><td>{}</td><td>{}</td>').format(
        third, _power(float(powers.sum())), percent(float(shares.sum()), 2)
    )
    return Markup(
        '<table class="inside-sums"><thead><tr>{}</tr></thead><tbody>{}</tbody><tfoot>{}</tr></tfoot></table>'
    ).format(head, Markup().join(rows), foot)


def _softmax(look: Look, evidence: Evidence) -> str:
    powers, shares = evidence.exponentials, evidence.probabilities
    best = int(np.argmax(shares))
    if not np.isfinite(powers.sum()):
        return "Numbers are rounded; some powers are too large to write down."
    return Markup("For {}: {} of {} is {}. Numbers are rounded here, not in the network.").format(
        look.named(best), _power(float(powers[best])), _power(float(powers.sum())), percent(float(shares[best]), 2)
    )


def _picture(reason: Reason) -> np.ndarray:
    """Return what contributes as a picture (height, width): summed over channels, or a list in rows."""
    products = reason.products
    if products.ndim == 1:
        rows = max(1, round(math.sqrt(len(products) / 12))) if len(products) > 40 else 1
        across = -(-len(products) // rows)
        cells = np.zeros(rows * across, np.float32)
        cells[: len(products)] = products
        return cells.reshape(rows, across)
    return _flat(products)


def _flat(values: np.ndarray) -> np.ndarray:
    return values.sum(axis=-1) if values.ndim == 3 else values


def _largest(reason: Reason) -> str:
    products = reason.products
    what = "image" if products.ndim == 3 else "unit"
    sums = products.sum(axis=(0, 1)) if products.ndim == 3 else products.reshape(-1)
    parts = [f"{what} {place} {signed(float(sums[place]))}" for place in reason.largest(LISTED)]
    return ", ".join(parts) or "nothing"


def _power(value: float) -> str:
    """Write a number that may be tiny or huge."""
    if not math.isfinite(value):
        return "too large"
    if value == 0 or 0.01 <= value < 1e6:
        return f"{value:,.2f}" if value < 1000 else f"{value:,.0f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return Markup("{} × 10<sup>{}</sup>").format(mantissa, str(int(exponent)).replace("-", "−"))


def _img(url: str, width: int, alt: str, height: int | None = None) -> Markup:
    kind = "wide" if height is None else ""
    return Markup('<img class="{}" decoding="sync" alt="{}" width="{}" height="{}" src="{}">').format(
        kind, alt, width, height or width, url
    )


# --- a template beneath digits --------------------------------------------------------------------------------


def _lay_over(look: Look, evidence: Evidence) -> None:
    """Lay the image, and a 0 and a 3 of the test digits, over the template of one class, as Tutorial B does."""
    classes = look.kind.classes
    st.subheader("Digits laid over a template" if look.kind.digits else "Images laid over a template", anchor=False)
    st.session_state.setdefault("inside.over", 0)
    over = st.segmented_control(
        "Template of",
        range(len(classes)),
        format_func=lambda label: classes[label],
        required=True,
        help="Only ink counts: what lies on blue adds to the sum, what lies on orange takes from it.",
        persist_state="session",
        key="inside.over",
    )
    dataset = dataset_loader.dataset(look.config.dataset)
    if dataset is None:
        return
    samples = [(label, int(np.flatnonzero(dataset.y_test == label)[0])) for label in (0, 3) if label in dataset.y_test]
    reasons = [("What you look at", evidence.reasons[over])]
    for label, at in samples:
        try:
            sample = dataset.images("test", slice(at, at + 1))
            outputs = {name: values[0] for name, values in look.network.layers(sample).items()}
        except UserError as error:
            st.error(str(error))
            return
        laid = contributions.evidence(sample[0], outputs, look.weights, look.table).reasons[over]
        reasons.append((f"From the test: {look.named(label)}", laid))
    weights = _flat(evidence.reasons[over].weights)
    reach = diverging.reach(np.array([_flat(reason.products) for _, reason in reasons]))
    pictures = [
        image(
            diverging.tint(weights),
            132,
            Markup("Template of {}<br>&nbsp;").format(classes[over]),
            "The template's weights",
        )
    ]
    pictures += [
        image(
            diverging.tint(_flat(reason.products), reach),
            132,
            Markup("{}<br>sum <strong>{}</strong>").format(words, diverging.number(reason.total)),
            f"{words} on the template, sum {diverging.number(reason.total)}",
        )
        for words, reason in reasons
    ]
    html(Markup('<div class="inside thirds">{}</div>').format(Markup().join(pictures)))
    with st.container(horizontal=True, gap="small"):
        for label, at in samples:
            tabs.offer_test_digit(at, f"Look at this {look.kind.classes[label]}", f"inside.sample.{label}")
