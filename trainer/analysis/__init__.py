"""Analysis: what a network or its training shows, as numbers, sentences and charts."""
