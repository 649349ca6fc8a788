"""One class: its members, the digits they drew, and what the teacher has set."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer import UserError
from trainer.classroom import nicknames
from trainer.classroom.database import Database
from trainer.classroom.digits import ClassDigits
from trainer.config.limits import CLASSES

MAX_MEMBERS = 100
IMAGE_SHAPE = (28, 28)
DAY_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Screen:
    """A page that the teacher opens on every screen."""

    number: int = 0  # of the request: a browser follows each once
    page: str = ""  # name of a page; "" for none
    query: Mapping[str, str] = field(default_factory=dict)  # of its address


@dataclass(frozen=True)
class Settings:
    """What holds for the whole class."""

    title: str
    teacher: str  # hash of the secret in the teacher's link
    created: float  # seconds since 1970
    expires: float  # likewise: the class and all that is its own is deleted then
    is_collecting: bool = False  # whether members are asked for their ten digits
    is_frozen: bool = False  # whether trainings wait while something is explained
    screen: Screen = field(default_factory=Screen)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Settings:
        read = json.loads(text)
        return cls(**{**read, "screen": Screen(**read["screen"])})


@dataclass(frozen=True)
class Member:
    """Somebody who has joined."""

    owner: str  # hash of the visitor's token, as in the runs
    writer: int  # number that stands for the member where names must not
    nickname: str
    joined: float  # seconds since 1970


class Classroom:
    """A class in a file. Threads may share it; every method reads or writes the file at once.

    Methods raise UserError if the class has ended, or the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.code = path.stem
        self.database = Database(path)

    # --- settings --------------------------------------------------------------------------------------------

    def create(self, title: str, days: float) -> str:
        """Create the file, and return the secret of the teacher's link."""
        self.database.create()
        secret, now = secrets.token_urlsafe(24), time.time()
        settings = Settings(title, secret_hash(secret), now, now + days * DAY_SECONDS)
        with self.database.write() as connection:
            connection.execute("insert into setting values ('settings', ?)", (settings.to_json(),))
        return secret

    @property
    def settings(self) -> Settings:
        with self.database.read() as connection:
            return _settings(connection)

    def change(self, **values: object) -> Settings:
        """Replace some of the settings, and return all."""
        with self.database.write() as connection:
            return _change(connection, **values)

    def push(self, page: str, query: Mapping[str, str]) -> None:
        """Open a page on every screen."""
        with self.database.write() as connection:
            _change(connection, screen=Screen(_settings(connection).screen.number + 1, page, dict(query)))

    def add_frozen(self, run_id: str, ends: int) -> None:
        """Note that a run was paused because the class is frozen. ends: requests to pause or stop it until then."""
        with self.database.write() as connection:
            connection.execute("insert or replace into frozen values (?, ?)", (run_id, ends))

    def unfreeze(self) -> dict[str, int]:
        """Let trainings go on, and return the runs that were paused meanwhile, with their `ends`."""
        with self.database.write() as connection:
            runs = dict(connection.execute("select run, ends from frozen").fetchall())
            connection.execute("delete from frozen")
            _change(connection, is_frozen=False)
        return runs

    def is_teacher(self, secret: str) -> bool:
        """Tell whether a secret is that of the teacher's link."""
        return secrets.compare_digest(secret_hash(secret), self.settings.teacher)

    def new_secret(self) -> str:
        """Return a new secret for the teacher's link. The old link no longer works."""
        secret = secrets.token_urlsafe(24)
        self.change(teacher=secret_hash(secret))
        return secret

    # --- members -----------------------------------------------------------------------------------------------

    def members(self) -> list[Member]:
        """Return all members, by nickname."""
        with self.database.read() as connection:
            rows = connection.execute(f"{_MEMBER} order by nickname collate nocase").fetchall()
        return [Member(*row) for row in rows]

    def member(self, owner: str) -> Member | None:
        with self.database.read() as connection:
            row = connection.execute(f"{_MEMBER} where owner = ?", (owner,)).fetchone()
        return Member(*row) if row else None

    def join(self, owner: str, nickname: str = "") -> Member:
        """Add a member, or rename one. Without a nickname one is made up.

        Raises UserError if the nickname is not allowed or taken, or the class is full.
        """
        wanted = nicknames.check(nickname) if nickname.strip() else ""
        with self.database.write() as connection:
            rows = connection.execute("select owner, writer, nickname from member").fetchall()
            others = {name.casefold() for other, _, name in rows if other != owner}
            own = next((row for row in rows if row[0] == owner), None)
            if wanted.casefold() in others:
                raise UserError(f"A nickname must be nobody else's (“{wanted}” is taken): choose another one.")
            if own is None and len(rows) >= MAX_MEMBERS:
                raise UserError(f"A class can have at most {MAX_MEMBERS} members (it has {len(rows)}).")
            name = wanted or nicknames.suggest(others)
            if own:
                connection.execute("update member set nickname = ? where owner = ?", (name, owner))
            else:
                free = sorted(set(range(1, MAX_MEMBERS + 1)) - {row[1] for row in rows})
                # among the first few: small, but it does not tell who came first
                writer = secrets.choice(free[:10])
                connection.execute("insert into member values (?, ?, ?, ?)", (owner, writer, name, time.time()))
            return Member(*connection.execute(f"{_MEMBER} where owner = ?", (owner,)).fetchone())

    def leave(self, owner: str) -> None:
        """Delete a member and all that is theirs."""
        with self.database.write() as connection:
            connection.execute("delete from member where owner = ?", (owner,))

    # --- digits --------------------------------------------------------------------------------------------------

    def save_drawing(self, owner: str, digit: int, image: np.ndarray) -> None:
        """Save a member's drawing of a digit in place of an earlier one. image: (28, 28) float32, 0 paper .. 1 ink."""
        if image.shape != IMAGE_SHAPE or not 0 <= digit < CLASSES:
            raise ValueError(f"a drawing must be {IMAGE_SHAPE} of a digit 0 to 9 (got {image.shape} of {digit!r})")
        levels = np.rint(np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8)
        with self.database.write() as connection:
            _require_member(connection, owner)
            connection.execute(
                "insert or replace into drawing (owner, digit, image) values (?, ?, ?)",
                (owner, digit, levels.tobytes()),
            )

    def remove_drawing(self, owner: str, digit: int) -> None:
        with self.database.write() as connection:
            connection.execute("delete from drawing where owner = ? and digit = ?", (owner, digit))

    def own_drawings(self, owner: str) -> dict[int, NDArray[np.uint8]]:
        """Return a member's drawings, (28, 28) uint8 each, by digit."""
        with self.database.read() as connection:
            rows = connection.execute("select digit, image from drawing where owner = ? order by digit", (owner,))
            return {digit: np.frombuffer(image, np.uint8).reshape(IMAGE_SHAPE) for digit, image in rows}

    def digits(self, set_aside: bool = False) -> ClassDigits:
        """Return the class's digits; set_aside: those that the teacher has taken out of it."""
        with self.database.read() as connection:
            rows = connection.execute(
                "select image, digit, writer from drawing join member using (owner) where set_aside = ? "
                "order by writer, digit",
                (set_aside,),
            ).fetchall()
        images = np.frombuffer(b"".join(row[0] for row in rows), np.uint8).reshape(-1, *IMAGE_SHAPE)
        labels = np.array([row[1] for row in rows], np.uint8)
        return ClassDigits(images, labels, np.array([row[2] for row in rows], np.int64))

    def set_aside(self, writer: int, digit: int, aside: bool = True) -> None:
        """Take a drawing out of the class's digits, or put it back."""
        with self.database.write() as connection:
            connection.execute(
                "update drawing set set_aside = ? where digit = ? "
                "and owner = (select owner from member where writer = ?)",
                (aside, digit, writer),
            )


_MEMBER = "select owner, writer, nickname, joined from member"


def _settings(connection: sqlite3.Connection) -> Settings:
    (text,) = connection.execute("select value from setting where name = 'settings'").fetchone()
    return Settings.from_json(text)


def _change(connection: sqlite3.Connection, **values: object) -> Settings:
    settings = replace(_settings(connection), **values)  # type: ignore[arg-type]
    connection.execute("update setting set value = ? where name = 'settings'", (settings.to_json(),))
    return settings


def _require_member(connection: sqlite3.Connection, owner: str) -> None:
    if connection.execute("select 1 from member where owner = ?", (owner,)).fetchone() is None:
        raise UserError("You must be a member of the class (you have left it): join it again by its code.")


def secret_hash(secret: str) -> str:
    """Return what `Settings.teacher` holds of the secret in a teacher's link."""
    return hashlib.sha256(secret.encode()).hexdigest()
