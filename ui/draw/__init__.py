"""Draw page: normalization steps of a digit, and the visitor's own labeled drawings."""
