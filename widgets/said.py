"""A sentence that changes in place, so that a screen reader reads out what has become of it."""

from __future__ import annotations

import streamlit as st

# The element stays while its words change: only then is it read out. Streamlit's own text is another element each time.
_say = st.components.v2.component(
    "digit_lab_said",
    html='<p role="status" aria-live="polite"></p>',
    css="""
        p { margin: 0; min-height: 1.6em; color: var(--st-text-color); font: 600 1.25rem/1.6 var(--st-font) }
        @media (max-width: 640px) { p { font-size: 1.1rem } }
    """,
    js="""export default ({ parentElement, data }) => {
        const sentence = parentElement.querySelector("p");
        if (sentence.textContent !== data) sentence.textContent = data;
    }""",
)


def say(sentence: str, key: str) -> None:
    """Show a sentence, and have it read out whenever it is another than before."""
    _say(data=sentence, key=key)
