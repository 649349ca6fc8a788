"""The Sweep page: the form of a sweep, its heatmap, its progress and result, and earlier sweeps."""
