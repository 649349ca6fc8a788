"""Core of Digit Lab, which works without a user interface: it never imports Streamlit."""


class UserError(ValueError):
    """A mistake that the user can correct; its message is one sentence for the page."""
