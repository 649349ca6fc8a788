"""Escaping of text for Streamlit's Markdown."""

import re

# Streamlit looks for addresses in the finished text, where no backslash is left: `http://…`, `www.…` and `…@…` become
# links unless something invisible stands inside.
WORD_JOINER = "\u2060"
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)


def literal(text: str) -> str:
    """Escape text that somebody typed: Markdown shows it character by character, without links, images or colors."""
    return re.sub(r"([\\`*_{}\[\]<>()#+\-.!|~:$])", r"\\\1", _unlinked(text))


def sentence(text: str) -> str:
    """Escape one of the app's own sentences, so that what it quotes becomes no link, image, HTML or formula."""
    return re.sub(r"([\\`\[\]<>$])", r"\\\1", _unlinked(text))


def _unlinked(text: str) -> str:
    return _ADDRESS.sub(WORD_JOINER, text)
