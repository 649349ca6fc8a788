"""What goes into a run's zip, and which of it comes back? The names, in one place, for who packs and who unpacks."""

from __future__ import annotations

NEEDED = ("config.json", "model.onnx")  # of the run directory: without them nothing can be put back
KEPT = ("state.json", "meta.json", "history.jsonl", "digits.npz", "snapshots.npz")  # put back where they are there
DERIVED = (  # for other programs; whoever puts a run back never opens these
    "network.keras",
    "history.csv",
    "program.py",
    "notebook.ipynb",
    "report.html",
)
