"""Custom browser components, each with its script and style sheet beside it."""
