"""The teacher of a class: may pause, resume and stop the trainings of its members, one or all."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from trainer import UserError
from trainer.classroom.classroom import Classroom, secret_hash
from trainer.runs.store import RunStore

KINDS = ("pause", "resume", "stop")  # of requests that a teacher may send


class Engine(Protocol):
    """What a teacher needs of the engine."""

    runs: RunStore

    def request(self, run_id: str, kind: str, *, allowed: Callable[[str], bool]) -> Any: ...

    def live_runs_of(self, owner: str) -> list[str]: ...

    def position(self, run_id: str) -> int: ...


class Teacher:
    """Whoever has the secret of a class's teacher's link.

    key: its hash, which the server may keep. Raises UserError if it is not that of the class.
    """

    def __init__(self, classroom: Classroom, key: str) -> None:
        self.classroom, self.key = classroom, key
        self.check()

    @classmethod
    def of_link(cls, classroom: Classroom, secret: str) -> Teacher:
        return cls(classroom, secret_hash(secret))

    def check(self) -> None:
        """Raise UserError if the class has got a new secret since."""
        if not self._has_key():
            raise UserError(
                "The teacher's link must be the newest one of its class (got another one): print a new one on the "
                "server with `python run.py --class CODE`."
            )

    def may_steer(self, owner: str) -> bool:
        """Tell whether an owner, a hash, is a member of this teacher's class."""
        return self._has_key() and self.classroom.member(owner) is not None

    def _has_key(self) -> bool:
        return secrets.compare_digest(self.key.encode(), self.classroom.settings.teacher.encode())

    def request(self, engine: Engine, run_id: str, kind: str) -> None:
        """Pause, resume or stop a member's run. Raises UserError for any other run, and as the engine does."""
        if kind not in KINDS:
            raise ValueError(f"a teacher's request must be one of {', '.join(KINDS)} (got {kind!r})")
        engine.request(run_id, kind, allowed=self.may_steer)

    # --- all members together -----------------------------------------------------------------------------------

    def freeze(self, engine: Engine) -> None:
        """Pause the trainings of all members, and let new ones wait."""
        self.check()
        self.classroom.change(is_frozen=True)
        self.pause_running(engine)

    def pause_running(self, engine: Engine) -> None:
        """Pause the members' trainings that run although the class is frozen: they started at the same moment."""
        for member in self.classroom.members():
            for run_id in engine.live_runs_of(member.owner):
                run = engine.runs.get(run_id)
                if run is None or run.requests.end or engine.position(run_id):
                    continue
                with suppress(UserError):  # it has just ended
                    self.request(engine, run_id, "pause")
                    self.classroom.add_frozen(run_id, run.requests.ends)

    def unfreeze(self, engine: Engine) -> None:
        """Resume what `freeze` paused, unless its owner has done something else with it, and start what waits.

        Raises UserError if something could not be resumed: its owner still can.
        """
        self.check()
        refused: list[UserError] = []
        for run_id, ends in self.classroom.unfreeze().items():
            run = engine.runs.get(run_id)
            if run and (run.requests.end, run.requests.ends) == ("pause", ends):
                try:
                    self.request(engine, run_id, "resume")
                except UserError as error:
                    refused.append(error)
        if refused:
            raise refused[0]
