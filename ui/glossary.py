"""The glossary on the pages: the searchable list on Learn, linked help texts, and the script behind the links."""

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
# Streamlit opens links in a new tab with a new session. The script opens links to terms in this session instead.
_links = st.components.v2.component(
    "digit_lab_glossary_links",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def follow_links() -> None:
    """Open a term on Learn when a link to it is clicked anywhere on the page. Call it once per page."""

    def follow() -> None:
        st.session_state[CLICKED] = st.session_state["glossary.link"].get("term")

    _links(on_term_change=follow, height=0, key="glossary.link")
    if term := st.session_state.pop(
        CLICKED, None
    ):  # remove it: the component keeps its state, which would switch pages forever
        st.switch_page("pages/learn.py", query_params={"term": str(term)[:60]})


def linked_help(text: str, name: str = "") -> str:
    """Return a help text with links to its glossary terms, and to the term that `name` is, if any."""
    own = glossary.find(name.replace("_", " "))
    words = glossary.link_terms(text)
    return words if own is None or glossary.term_url(own) in words else f"{words} [{own}]({glossary.term_url(own)})"


def render_terms(terms: Sequence[str]) -> None:
    """Render a few terms as buttons that open their meanings."""
    for name in terms:
        with st.popover(name, type="tertiary", help=f"Explains {name}", key=f"learn.word.{name}"):
            st.markdown(f"**{name}**: {TERMS[name].meaning}")


def render_linked_term() -> None:
    """Render the term that the URL names, `?term=epoch`, until it is closed."""
    linked = st.query_params.get("term", "")
    if linked != st.session_state.get(LINKED, ""):
        st.session_state[LINKED] = linked
        st.session_state[OPEN] = linked
    opened = st.session_state.get(OPEN, "")
    if not opened:
        return
    name = glossary.find(opened)
    with st.container(border=True, key="learn.asked"):
        if name is None:
            st.markdown("This word is not in the glossary. Search the glossary for another one.")
        else:
            st.markdown(f"**{name}**: {TERMS[name].meaning}")
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            for other in TERMS[name].related if name else ():
                st.button(
                    other,
                    type="tertiary",
                    help=f"Explains {other}",
                    on_click=_open,
                    args=(other,),
                    key=f"learn.related.{other}",
                )
            st.space("stretch")
            st.button("Close", icon=":material/close:", help="Closes this term", on_click=_open, args=("",))


@st.fragment
def render() -> None:
    """Render the glossary: all terms, or those that match the search."""
    st.text_input(
        "Search the glossary",
        placeholder="Search, for example epoch",
        help="Finds terms whose name or meaning contains this text.",
        label_visibility="collapsed",
        max_chars=40,
        width=360,
        key=SEARCH,
    )
    found = sorted(TERMS, key=str.lower)
    if wanted := st.session_state.get(SEARCH, "").strip():
        found = glossary.search(wanted)
        st.caption(f"{len(found)} of {len(TERMS)} terms." if found else "No terms match.")
    style(STYLE)
    html(Markup('<dl class="glossary">{}</dl>').format(Markup().join(map(_entry_html, found))))


def _entry_html(name: str) -> Markup:
    term = TERMS[name]
    others = Markup(", ").join(
        Markup('<a href="{}">{}</a>').format(glossary.term_url(other), other) for other in term.related
    )
    see = Markup("<br><small>See also: {}</small>").format(others) if others else ""
    return Markup("<div><dt>{}</dt><dd>{}{}</dd></div>").format(name, term.meaning, see)


def _open(term: str) -> None:
    """Open a term, or close it if empty, and update the URL."""
    st.session_state[OPEN] = st.session_state[LINKED] = term
    if term:
        st.query_params["term"] = term
    else:
        st.query_params.pop("term", None)
