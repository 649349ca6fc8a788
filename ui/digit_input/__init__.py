"""A digit that is drawn, a test digit or a photo, and what a network reads in it."""
