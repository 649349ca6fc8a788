"""The line between a page and its server: after it broke, nothing that was done is lost."""

import streamlit as st

# Streamlit itself shows a page anew then only where it knows of a script that ran. Of one whose beginning was the last
# thing to arrive it does not, and that page would stay empty; what was done while the line was broken would not count.
_watch = st.components.v2.component(
    "digit_lab_line",
    js="""
    const watched = new WeakMap();
    export default ({ parentElement, setTriggerValue }) => {
        const app = document.querySelector("[data-testid=stApp]");
        const stands = () => app?.dataset.testConnectionState === "CONNECTED";
        let stood = stands();
        const look = () => {
            if (!stood && stands()) setTriggerValue("mended", true);
            stood = stands();
        };
        watched.get(parentElement)?.disconnect();
        const observer = new MutationObserver(look);
        watched.set(parentElement, observer);
        if (app) observer.observe(app, { attributeFilter: ["data-test-connection-state"] });
        return () => observer.disconnect();
    };
    """,
)


def watch() -> None:
    """Show the page anew when its line is mended; once a page, in its script."""
    _watch(on_mended_change=lambda: None, height=0, key="line")


def name() -> str:
    """Return what tells this page's line from every other one; that of a line that was mended is another."""
    return st.context.headers.get("Sec-WebSocket-Key", "")
