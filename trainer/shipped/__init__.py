"""The ready-made network that comes with the app, its card, and the script that trains it."""
