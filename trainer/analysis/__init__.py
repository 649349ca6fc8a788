"""Analysis: what a network or a training shows, and the charts of it."""
