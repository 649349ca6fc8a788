"""Lessons: small models in NumPy, figures and texts of the Learn page."""
