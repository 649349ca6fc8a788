"""All classes of a server: opened, found by their code, and deleted when they expire."""

from __future__ import annotations

import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

from trainer import UserError
from trainer.classroom.classroom import Classroom
from trainer.storage.files import is_regular_file, translate_disk_errors

FOLDER = "classes"  # in the run root
SUFFIX = ".sqlite"
MAX_CLASSES = 50
DAYS = 30  # for which a class is kept, unless its teacher chooses otherwise
MAX_DAYS = 365
MAX_TITLE = 60  # characters
LETTERS = "ABCDEFHJKLMNPRTUVWXY34789"  # none that looks like another one
CODE_LENGTH = 5
CODE = re.compile(f"[{LETTERS}]{{{CODE_LENGTH}}}")


class Classrooms:
    """The classes in a run root. Threads may share it."""

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER

    def open(self, title: str = "", days: float = DAYS) -> tuple[Classroom, str]:
        """Open a class, and return it with the secret of its teacher's link.

        Raises UserError if there are too many classes, or the disk refuses.
        """
        title = " ".join(title.split())
        if len(title) > MAX_TITLE:
            raise UserError(f"A class's title must have at most {MAX_TITLE} characters (got {len(title)}).")
        if not 1 <= days <= MAX_DAYS:
            raise UserError(f"A class must be kept for 1 to {MAX_DAYS} days (got {days:g}).")
        if len(self.all()) >= MAX_CLASSES:
            raise UserError(f"A server can have at most {MAX_CLASSES} classes (it has as many): delete one first.")
        with translate_disk_errors("classes", "tell the server's administrator"):
            self.folder.mkdir(parents=True, exist_ok=True)
            while True:
                code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
                with suppress(FileExistsError):
                    classroom = Classroom(self._path(code))
                    return classroom, classroom.create(title or f"Class {code}", days)

    def get(self, code: str) -> Classroom | None:
        """Return the class with a code, in upper or lower case, or None; the code may be any text."""
        code = re.sub(r"[\s-]", "", code).upper()
        if not CODE.fullmatch(code) or not is_regular_file(self._path(code)):
            return None
        return Classroom(self._path(code))

    def all(self) -> list[Classroom]:
        try:
            names = sorted(self.folder.glob(f"*{SUFFIX}"))
        except OSError:
            return []
        return [Classroom(path) for path in names if CODE.fullmatch(path.stem) and is_regular_file(path)]

    def frozen_owners(self) -> set[str]:
        """Return the members, as owners, of the classes whose trainings are frozen."""
        owners: set[str] = set()
        for classroom in self.all():
            with suppress(UserError):  # a damaged or deleted one freezes nobody
                if classroom.settings.is_frozen:
                    owners.update(member.owner for member in classroom.members())
        return owners

    def delete(self, classroom: Classroom) -> None:
        """Delete a class and all that is its own."""
        path = self._path(classroom.code)
        with translate_disk_errors("classes", "tell the server's administrator"):
            for name in (path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm"))):
                name.unlink(missing_ok=True)

    def purge(self, now: float | None = None) -> None:
        """Delete the classes that have expired. now: seconds since 1970, the present by default."""
        for classroom in self.all():
            with suppress(UserError):  # a damaged one stays for its teacher to see
                if classroom.settings.expires < (time.time() if now is None else now):
                    self.delete(classroom)

    def _path(self, code: str) -> Path:
        return self.folder / f"{code}{SUFFIX}"
