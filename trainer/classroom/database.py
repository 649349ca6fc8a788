"""SQLite file of one class.

Thirty pupils write at once: a nickname must be taken once only, a drawing replaced whole, and all that belongs to a
pupil deleted together. SQLite does that in transactions, in write-ahead mode without making readers wait. Every other
file of the run directory has one writer at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainer import UserError
from trainer.storage.files import is_regular_file

WAIT_SECONDS = 10.0  # for another writer
FORMAT = 1  # of the schema, in `user_version`

SCHEMA = """
create table setting (name text primary key, value text not null) without rowid;
create table member (
    owner text primary key, -- hash of a visitor's token
    writer integer not null unique, -- number that stands for the member on the board
    nickname text not null unique collate nocase,
    joined real not null -- seconds since 1970
) without rowid;
create table drawing (
    owner text not null references member on delete cascade,
    digit integer not null check (digit between 0 and 9), -- that was meant
    image blob not null check (length(image) = 784), -- 28 x 28 bytes, 0 paper .. 255 ink
    set_aside integer not null default 0, -- whether the teacher has taken it out of the class's digits
    primary key (owner, digit)
) without rowid;
create table frozen (
    run text primary key, -- that was paused when the class's trainings were frozen
    ends integer not null -- requests to pause or stop it until then
) without rowid;
create table poll (
    number integer primary key, -- each poll of a class has another one
    question text not null, -- "" after it was deleted
    answers text not null, -- a list in JSON
    is_open integer not null
);
create table round (
    number integer primary key, -- each round of predictions of a class has another one
    preset text not null, -- of the training; "" after it was deleted
    run text not null -- its id; "" until it starts
);
create table prediction (
    round integer not null,
    owner text not null references member on delete cascade,
    accuracy real not null check (accuracy between 0 and 1), -- on the test digits
    overfits integer not null,
    primary key (round, owner)
) without rowid;
create table vote (
    poll integer not null,
    owner text not null references member on delete cascade,
    answer integer not null,
    primary key (poll, owner)
) without rowid;
"""


class Database:
    """The file of one class. Each call opens a connection of its own, so threads may share one object."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Create the file, readable by the server's user alone. Raises OSError if there is one."""
        self.path.touch(mode=0o600, exist_ok=False)
        with self._connection() as connection:
            connection.execute("pragma journal_mode = wal")
            connection.executescript(SCHEMA)
            connection.execute(f"pragma user_version = {FORMAT}")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give a connection whose queries all see the same state."""
        with self._connection() as connection:
            connection.execute("begin")
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give a connection whose changes are made together, or not at all if an error is raised."""
        with self._connection() as connection:
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        if not is_regular_file(self.path):
            raise UserError(
                "The class must still be there (it has ended or was deleted): ask your teacher for its code."
            )
        connection = sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None)
        try:
            # foreign keys: deleting a member deletes what is theirs; secure delete: its bytes are overwritten
            connection.executescript(
                "pragma foreign_keys = on; pragma secure_delete = on; pragma synchronous = normal; "
                "pragma trusted_schema = off;"
            )
            yield connection
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            raise UserError(
                f"The class must have a complete file (got a failure: {error}): try again, or open a new class."
            ) from error
        finally:
            connection.close()
