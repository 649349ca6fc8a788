"""What people typed, shown as they typed it."""

import re


def literal(text: str) -> str:
    """Return text so that Streamlit's Markdown shows it letter by letter, with no links, pictures or colours in it."""
    return re.sub(r"([\\`*_{}\[\]<>()#+\-.!|~:$])", r"\\\1", text)


def sentence(text: str) -> str:
    """Return a sentence of the app's own so that what it quotes becomes no link, picture, HTML or formula."""
    return re.sub(r"([\\`\[\]<>$])", r"\\\1", text)
