"""Opening a class on the server's console, or a new teacher's link to one: `python -m trainer.classroom.console`.

`python run.py --class` calls it before it starts the server. While the server runs, it prints a new link.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from urllib.parse import urlencode

from trainer import UserError
from trainer.classroom.classroom import Classroom
from trainer.classroom.classrooms import Classrooms

PAGE = "classroom"  # in the address
TEACH, CLASS = "teach", "class"  # query parameters: the teacher's secret, and the code
RUNS = Path(__file__).parents[2] / "runs"


def class_link(address: str, code: str) -> str:
    """Return the address at which pupils join. address: of the server, such as http://192.0.2.1:8501."""
    return f"{address.rstrip('/')}/{PAGE}?{urlencode({CLASS: code})}"


def teacher_link(address: str, code: str, secret: str) -> str:
    """Return the teacher's link."""
    return f"{address.rstrip('/')}/{PAGE}?{urlencode({TEACH: secret, CLASS: code})}"


def open_class(classrooms: Classrooms, title: str) -> tuple[Classroom, str]:
    """Return the class with a code and a new secret of its teacher's link, or open a class with a title.

    Raises UserError as `Classrooms.open` does.
    """
    if classroom := classrooms.get(title):
        return classroom, classroom.new_secret()
    return classrooms.open(title)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m trainer.classroom.console", description="Open a class, or print a new teacher's link to one."
    )
    parser.add_argument("title", nargs="?", default="", help="title of a new class, or the code of one that is there")
    parser.add_argument("--address", default="http://localhost:8501", help="where pupils open the app")
    parser.add_argument("--here", default="", help="where this computer opens it (default: --address)")
    options = parser.parse_args(arguments)
    try:
        classrooms = Classrooms(Path(os.environ.get("DIGITLAB_RUNS") or RUNS))
        classrooms.purge()
        classroom, secret = open_class(classrooms, options.title)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    link = teacher_link(options.here or options.address, classroom.code, secret)
    print(f"{classroom.settings.title}: pupils open {options.address}/{PAGE} and type the code {classroom.code}")
    print(f"The teacher's link, keep it secret: {link}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
