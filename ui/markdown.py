"""Escaping of text for Streamlit's Markdown."""

import re


def literal(text: str) -> str:
    """Escape text that somebody typed: Markdown shows it character by character, without links, images or colors."""
    return re.sub(r"([\\`*_{}\[\]<>()#+\-.!|~:$])", r"\\\1", text)


def sentence(text: str) -> str:
    """Escape one of the app's own sentences, so that what it quotes becomes no link, image, HTML or formula."""
    return re.sub(r"([\\`\[\]<>$])", r"\\\1", text)
