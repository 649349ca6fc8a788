"""How the numbers add up: what speaks for each class and against it, the sums, and the probabilities."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from trainer import UserError, explanation
from trainer.explanation import Evidence, Reason
from trainer.figures.signed import number, reach, tint
from widgets import library
from widgets.glossary import explained
from widgets.inside import lens
from widgets.inside.look import Look, image

LISTED = 3  # contributions that are named for each class


def show(look: Look) -> None:
    """Show the evidence for each class, and for a network of one layer its templates beneath digits."""
    assert look.image is not None
    evidence = explanation.evidence(look.image, look.outputs, look.weights, look.table)
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
    st.html(f'<div class="inside-scroll">{_table(look, evidence)}</div>')
    st.html(f'<div class="inside-words">{_softmax(look, evidence)}</div>')
    if evidence.direct:
        _lay_over(look, evidence)


def _table(look: Look, evidence: Evidence) -> str:
    logits, powers, shares = evidence.logits, evidence.exponentials, evidence.probabilities
    products = [_picture(reason) for reason in evidence.reasons]
    strongest = reach(np.array(products))
    templates = reach(np.array([reason.weights for reason in evidence.reasons]))
    best = int(np.argmax(shares))
    rows = []
    for label, (reason, product) in enumerate(zip(evidence.reasons, products, strict=True)):
        name = look.kind.classes[label]
        if evidence.direct:
            drawn = _flat(reason.weights)
            cells = (
                f'<td class="pic">{_img(tint(drawn, templates), 64, f"The weights for {name}")}</td>'
                f'<td class="pic">{_img(tint(product, strongest), 64, f"Image times weights for {name}")}</td>'
            )
        else:
            high, wide = product.shape
            size = (56, 56) if abs(high - wide) < 2 else (168, max(14, round(168 * high / wide)))
            cells = (
                f'<td class="pic">{_img(tint(product, strongest), size[0], f"What speaks for {name}", size[1])}</td>'
                f'<td class="words">{_largest(reason)}</td>'
            )
        rows.append(
            f"<tr{' class=best' if label == best else ''}><td>{name}</td>{cells}<td>{number(reason.total)}</td>"
            f"<td>{number(reason.bias)}</td><td>{number(float(logits[label]))}</td>"
            f"<td>{_power(float(powers[label]))}</td><td>{_share(float(shares[label]))}</td></tr>"
        )
    third = "" if evidence.direct else ' class="words"'
    heads = ("weights", "ink × weights") if evidence.direct else ("contributions", "the largest")
    head = f"<th></th><th>{heads[0]}</th><th{third}>{heads[1]}</th>" + "".join(
        f"<th>{words}</th>" for words in ("sum", "+ bias", "= logit", "e<sup>logit</sup>", "probability")
    )
    foot = (
        f'<tr><td colspan="2"></td><td{third}></td><td colspan="3">total</td>'
        f"<td>{_power(float(powers.sum()))}</td><td>{_share(float(shares.sum()))}</td>"
    )
    return (
        f'<table class="inside-sums"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
        f"<tfoot>{foot}</tr></tfoot></table>"
    )


def _softmax(look: Look, evidence: Evidence) -> str:
    powers, shares = evidence.exponentials, evidence.probabilities
    best = int(np.argmax(shares))
    if not np.isfinite(powers.sum()):
        return "Numbers are rounded; some powers are too large to write down."
    return (
        f"For {look.named(best)}: {_power(float(powers[best]))} of {_power(float(powers.sum()))} is "
        f"{_share(float(shares[best]))}. Numbers are rounded here, not in the network."
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
    parts = [f"{what} {place} {_signed(float(sums[place]))}" for place in reason.largest(LISTED)]
    return ", ".join(parts) or "nothing"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{number(value)}"


def _power(value: float) -> str:
    """Write a number that may be tiny or huge."""
    if not math.isfinite(value):
        return "too large"
    if value == 0 or 0.01 <= value < 1e6:
        return f"{value:,.2f}" if value < 1000 else f"{value:,.0f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa} × 10<sup>{str(int(exponent)).replace('-', '−')}</sup>"


def _share(share: float) -> str:
    return f"{100 * share:.2f} %"


def _img(url: str, width: int, alt: str, height: int | None = None) -> str:
    kind = "wide" if height is None else ""
    return f'<img class="{kind}" decoding="sync" alt="{alt}" width="{width}" height="{height or width}" src="{url}">'


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
    dataset = library.dataset(look.config.dataset)
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
        laid = explanation.evidence(sample[0], outputs, look.weights, look.table).reasons[over]
        reasons.append((f"From the test: {look.named(label)}", laid))
    weights = _flat(evidence.reasons[over].weights)
    strongest = reach(np.array([_flat(reason.products) for _, reason in reasons]))
    pictures = [image(tint(weights), 132, f"Template of {classes[over]}<br>&nbsp;", "The template's weights")]
    pictures += [
        image(
            tint(_flat(reason.products), strongest),
            132,
            f"{words}<br>sum <strong>{number(reason.total)}</strong>",
            f"{words} on the template, sum {number(reason.total)}",
        )
        for words, reason in reasons
    ]
    st.html(f'<div class="inside thirds">{"".join(pictures)}</div>')
    with st.container(horizontal=True, gap="small"):
        for label, at in samples:
            lens.offer(at, f"Look at this {look.kind.classes[label]}", f"inside.sample.{label}")
