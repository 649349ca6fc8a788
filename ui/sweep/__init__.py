"""The pieces of the Sweep page: planning a sweep, its squares, watching it, and the earlier ones."""
