"""The visitor's token on the page: whose runs are whose, and the recovery link to go on in another browser."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from trainer.runs.owner import is_token, new_token
from ui.owner_cookie import COOKIE, LINK, REPLACE, replacement_proof

_FOLLOWED = "followed_link"  # session key: the token of a recovery link that asks to replace this browser's own


def current() -> str:
    """Return the token of this browser, or one for this session alone if the browser keeps no cookies."""
    cookie = str(st.context.cookies.get(COOKIE, ""))
    link = st.query_params.get(LINK, "")
    if link or REPLACE in st.query_params:
        for name in (LINK, REPLACE):
            st.query_params.pop(name, None)  # it is a secret: the address bar should not show it
        if is_token(link):
            st.session_state[_FOLLOWED] = link
        else:
            st.toast("A recovery link must be whole (this one is not): copy it again and open it.")
    token: str = st.session_state.get("owner") or (cookie if is_token(cookie) else new_token())
    if not cookie and _FOLLOWED in st.session_state:
        token = st.session_state.pop(_FOLLOWED)
    return token


def render_notice(owner: str) -> None:
    """Render what a visitor must know: that this browser keeps no cookie, or what a recovery link has done or asks."""
    url = st.context.url
    if not url:
        return
    if link := st.session_state.get(_FOLLOWED):
        if link == owner:
            del st.session_state[_FOLLOWED]
            st.toast("The runs and drawings of the recovery link are now yours in this browser.")
        else:
            _render_replacement(url, owner, link)
    if not st.context.cookies.get(COOKIE):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(
                "This browser keeps no cookie for Digit Lab: to own your runs after a reload, save your recovery link."
            )
            render_recovery(owner, "cookieless")


def _render_replacement(url: str, owner: str, link: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(
            "This recovery link is another owner's: if you use it, you reach your present runs and drawings only with "
            "your own recovery link, so save that first."
        )
        query = urlencode({LINK: link, REPLACE: replacement_proof(owner, link)})
        st.link_button("Use the link", f"{url}?{query}", icon=":material/key:")
        st.button("Ignore it", on_click=lambda: st.session_state.pop(_FOLLOWED, None))


def render_recovery(owner: str, key: str) -> None:
    """Render the button that shows the recovery link."""
    help = "Opens your runs and drawings in another browser."
    if st.button("Show my recovery link", icon=":material/key:", type="tertiary", help=help, key=f"recovery.{key}"):
        _render_link(owner)


@st.dialog("My recovery link")
def _render_link(owner: str) -> None:
    st.write(
        "Open this link in another browser to own your runs and drawings there. Keep it secret: whoever opens it owns "
        "them too."
    )
    st.code(f"{st.context.url}?{urlencode({LINK: owner})}", language=None, wrap_lines=True)
    st.page_link("pages/privacy.py", label="My data: download or delete everything", icon=":material/folder_managed:")
