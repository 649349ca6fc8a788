"""What people typed, shown as they typed it."""

import re


def literal(text: str) -> str:
    """Return text so that Streamlit's Markdown shows it letter by letter, with no links, pictures or colours in it."""
    return re.sub(r"([\\`*_{}\[\]<>()#+\-.!|~:$])", r"\\\1", text)
