"""Digit input: a drawing, a test digit or a photo, and a network's predictions for it."""
