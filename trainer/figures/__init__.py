"""Plotly, image and palette primitives: they draw what they are given and know nothing of digits or networks."""
