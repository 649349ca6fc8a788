"""The list of what the server keeps of a visitor."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from trainer.my_data import Inventory
from trainer.runs.store import RESTORE_SECONDS
from trainer.text import counted
from ui.html import html
from ui.owner_cookie import COOKIE

STYLE = Path(__file__).with_suffix(".css")


def render(there: Inventory) -> None:
    """Render a row for each kind of data: what it is, how much, and who sees it."""
    hours = round(RESTORE_SECONDS / 3600)
    rows = [
        (
            "Drawings",
            counted(there.drawings, "labeled drawing"),
            there.drawing_bytes if there.drawings else 0,
            "Only you see them.",
        ),
        (
            "Trainings",
            counted(there.runs, "run")
            + (f", {there.deleted_runs} deleted in the last {hours} hours" if there.deleted_runs else ""),
            there.run_bytes,
            "Everybody on this server sees their settings and curves, not whose they are.",
        ),
    ]
    if there.datasets:
        sets = counted(there.datasets, "data set")
        rows.append(("Data sets", sets, there.dataset_bytes, "Everybody on this server can train on them."))
    rows += [
        (
            "Class",
            f"{title}: {nickname}, {counted(digits, 'digit')}",
            0,
            "The class sees your digits under a number; your nickname may stand on its board.",
        )
        for title, nickname, digits in there.classes
    ]
    rows.append(
        (
            "Cookie",
            COOKIE,
            0,
            "A random token, by which the server knows your browser again. It keeps only the token's hash.",
        )
    )
    body = Markup().join(
        Markup("<tr><th scope=row>{}</th><td>{}</td><td>{}</td><td>{}</td></tr>").format(name, what, _size(size), who)
        for name, what, size, who in rows
    )
    html(Markup("<table class='my-data'><tbody>{}</tbody></table>").format(body))


def _size(number: int) -> str:
    """Return a size as text: `12 kB`, `3.4 MB`; "" for nothing."""
    if not number:
        return ""
    return f"{max(1, round(number / 1e3)):,} kB" if number < 1e6 else f"{number / 1e6:,.1f} MB"
