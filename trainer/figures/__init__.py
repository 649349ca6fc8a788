"""Plotly, image and palette primitives, independent of digits and networks."""
