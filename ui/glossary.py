"""The words of the app, each explained: all of them at the foot of Learn, and some where they are used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from markupsafe import Markup

from trainer.lessons import glossary
from trainer.lessons.glossary import TERMS
from ui.html import html, style

SEARCH, OPEN, LINKED = "learn.search", "learn.term", "learn.term.linked"
CLICKED = "glossary.clicked"
STYLE = Path(__file__).with_suffix(".css")
# Streamlit opens links in a new tab, where the session starts afresh; the script opens a link to a term in this one.
_links = st.components.v2.component(
    "digit_lab_glossary_links",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def follow_links() -> None:
    """Open a term on Learn when a link to it is clicked, wherever it stands; once a page, in its script."""

    def follow() -> None:
        st.session_state[CLICKED] = st.session_state["glossary.link"].get("term")

    _links(on_term_change=follow, height=0, key="glossary.link")
    if term := st.session_state.pop(CLICKED, None):  # once: what a browser says to be its state stays, and would loop
        st.switch_page("pages/learn.py", query_params={"term": str(term)[:60]})


def explained(text: str, name: str = "") -> str:
    """Return a help text in which terms lead to the glossary, among them the one that the control is named by."""
    own = glossary.find(name.replace("_", " "))
    words = glossary.linked(text)
    return words if own is None or glossary.address(own) in words else f"{words} [{own}]({glossary.address(own)})"


def show_words(terms: Sequence[str]) -> None:
    """Offer the meanings of a few terms, each in place."""
    for name in terms:
        with st.popover(name, type="tertiary", help=f"What does {name} mean?", key=f"learn.word.{name}"):
            st.markdown(f"**{name}**: {TERMS[name].meaning}")


def show_asked() -> None:
    """Show the term that the URL names, `?term=epoch`, until it is closed."""
    named = st.query_params.get("term", "")
    if named != st.session_state.get(LINKED, ""):
        st.session_state[LINKED] = named
        st.session_state[OPEN] = named
    asked = st.session_state.get(OPEN, "")
    if not asked:
        return
    name = glossary.find(asked)
    with st.container(border=True, key="learn.asked"):
        if name is None:
            st.markdown("That word is not in the glossary: look for another one at the foot of this page.")
        else:
            st.markdown(f"**{name}**: {TERMS[name].meaning}")
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            for other in TERMS[name].related if name else ():
                st.button(
                    other,
                    type="tertiary",
                    help=f"What does {other} mean?",
                    on_click=_open,
                    args=(other,),
                    key=f"learn.related.{other}",
                )
            st.space("stretch")
            st.button("Close", icon=":material/close:", help="Back to the lesson alone.", on_click=_open, args=("",))


def show() -> None:
    """Show all terms, or those that somebody looks for."""
    st.subheader("Glossary", anchor="glossary")
    _list()


@st.fragment
def _list() -> None:
    st.text_input(
        "Look for a word",
        placeholder="Look for a word, such as epoch",
        help="Words whose name or meaning has these letters; all of them where there is nothing here.",
        label_visibility="collapsed",
        max_chars=40,
        width=360,
        key=SEARCH,
    )
    found = sorted(TERMS, key=str.lower)
    if wanted := st.session_state.get(SEARCH, "").strip():
        found = glossary.matching(wanted)
        number = f"{len(found)} of {len(TERMS)} words" if found else "No word has these letters: try fewer of them"
        st.caption(f"{number}.")
    style(STYLE)
    html(Markup('<dl class="glossary">{}</dl>').format(Markup().join(map(_entry, found))))


def _entry(name: str) -> Markup:
    term = TERMS[name]
    others = Markup(", ").join(
        Markup('<a href="{}">{}</a>').format(glossary.address(other), other) for other in term.related
    )
    see = Markup("<br><small>See also: {}</small>").format(others) if others else ""
    return Markup("<div><dt>{}</dt><dd>{}{}</dd></div>").format(name, term.meaning, see)


def _open(term: str) -> None:
    """Show another term, or none; the URL follows."""
    st.session_state[OPEN] = st.session_state[LINKED] = term
    if term:
        st.query_params["term"] = term
    else:
        st.query_params.pop("term", None)
