"""Data sets: where they come from, how they are cached, and their statistics."""
