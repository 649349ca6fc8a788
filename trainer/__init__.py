"""The core of Digit Lab: everything that would work the same in a notebook; it never imports Streamlit."""


class UserError(ValueError):
    """A mistake that the person in front of the screen can mend; its text is the one sentence they read."""
