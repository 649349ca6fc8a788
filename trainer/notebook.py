"""How does a config's program become a notebook? Its parts as cells, each with its explanation above it.

The format is Jupyter's nbformat 4.5 (https://nbformat.readthedocs.io), which Google Colab opens as well.
"""

from __future__ import annotations

import json
from typing import Any

from trainer import program
from trainer.config import TrainingConfig

COLAB = "https://colab.research.google.com/"


def notebook(config: TrainingConfig) -> str:
    """Return the program of a config, `program.script`, as the JSON of a notebook."""
    cells = [_cell("welcome", "markdown", _welcome(config))]
    for number, part in enumerate(program.parts(config), 1):
        cells.append(_cell(f"text-{number}", "markdown", f"## {part.title}\n\n{part.text}"))
        cells.append(_cell(f"code-{number}", "code", part.code))
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "colab": {"name": f"{program.NAME}.ipynb", "provenance": []},
    }
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def _welcome(config: TrainingConfig) -> str:
    text = (
        f"# {program.heading(config)}\n\n"
        "Written by Digit Lab, and complete in itself. Trained here, the network learns as it does there, loss by "
        "loss, but for the last digits, which depend on the processor.\n\n"
        f"In [Google Colab]({COLAB}) it runs without installing anything: File, Upload notebook, then Runtime, Run "
        "all. In Jupyter it needs two packages: `pip install keras tensorflow`."
    )
    if needed := program.files(config):
        names = " and ".join(f"`{name}`" for name in needed)
        text += f"\n\nIt reads {names} from its own folder: in Colab, drop that into the files on the left first."
    return text


def _cell(identity: str, kind: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": identity, "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell | {"source": source.splitlines(keepends=True)}
