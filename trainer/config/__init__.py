"""Configurations: everything that can be chosen for a network and its training."""
