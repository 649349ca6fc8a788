"""A place on a page that is brought into view: a form may be tall, and what somebody asked for far below."""

import json

import streamlit as st

_scroll = st.components.v2.component(
    "digit_lab_scroll",
    js="""export default ({ data: json, parentElement }) => {
        const data = JSON.parse(new TextDecoder().decode(json));
        const here = parentElement.getRootNode().host;
        if (!data.scroll || !here) return;
        here.style.scrollMarginTop = "4rem";  // Streamlit's header lies over the page
        here.scrollIntoView({ behavior: "smooth" });
    }""",
)


def here(asked: bool, key: str) -> None:
    """Bring this place into view where that is asked for."""
    _scroll(data=json.dumps({"scroll": asked}).encode(), key=key)
