"""Drawings: from a pen or a photo to 28 x 28 pixels, and synthetic handwriting."""
