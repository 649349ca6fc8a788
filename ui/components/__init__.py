"""Components of our own that run in the browser, each with its script and style sheet beside it."""
