"""Where a class stands: its members, their runs and the scores of their networks, computed once for all screens."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from trainer import UserError
from trainer.classroom import board, polls
from trainer.classroom.board import Entry, Handwriting, Misread
from trainer.classroom.classroom import Classroom, Member, Settings
from trainer.classroom.digits import ClassDigits
from trainer.classroom.polls import Poll
from trainer.classroom.readings import Readings
from trainer.config.training import multiply_add_count
from trainer.networks.inference import Network
from trainer.runs.index import RunRow
from trainer.runs.run import Run
from ui import background, load_control
from ui.classroom.shared import shared
from ui.run_index import run_index

MAX_NETWORKS = 300  # of a class that are scored, the newest


@dataclass(frozen=True, eq=False)
class Standing:
    """Where a class stands."""

    settings: Settings
    members: list[Member]
    rows: list[RunRow]  # the members' runs since the class was opened, newest first
    digits: ClassDigits
    entries: list[Entry]
    misread: Misread | None
    handwritings: list[Handwriting]
    unread: int  # networks that are still to read some of the digits
    poll: Poll | None

    @property
    def learners(self) -> list[tuple[Member, RunRow]]:
        """The members who train now, with their runs, newest first."""
        members = {member.owner: member for member in self.members}
        return [(members[row.owner], row) for row in self.rows if row.phase == "running"]

    def newest(self, owner: str) -> RunRow | None:
        """Return a member's newest run; a live one comes before those that have ended."""
        own = [row for row in self.rows if row.owner == owner]
        return next((row for row in own if row.live), own[0] if own else None)


def current(classroom: Classroom) -> Standing:
    """Return where a class stands, perhaps a second old. Raises UserError if it has ended."""
    return shared(("standing", classroom.code), lambda: _read(classroom))


def _read(classroom: Classroom) -> Standing:
    settings, members, digits = classroom.settings, classroom.members(), classroom.digits()
    owners = {member.owner for member in members}
    rows = [row for row in run_index().rows() if row.owner in owners and (row.live or row.created >= settings.created)]
    networks = _networks(rows)
    readings = _readings(classroom.code)
    readings.keep([key for key, _ in networks.values()])
    unread = {run_id: network for run_id, network in networks.items() if len(readings.missing(network[0], digits))}
    if unread:
        background.start(
            ("class scores", classroom.code),
            lambda progress: _score(list(unread.values()), digits, readings, progress),
            failure="The networks of the class could not be scored",
            turns=load_control.evaluations,
            visitor=f"class {classroom.code}",
        )
    known = {run_id: score for run_id, (key, _) in networks.items() if (score := readings.score(key, digits))}
    entries = board.ranking(members, rows, known)
    scores = [entry.score for entry in entries if entry.score]
    return Standing(
        settings,
        members,
        rows,
        digits,
        entries,
        board.hardest_drawing(digits, scores),
        board.handwritings(scores),
        len(unread),
        polls.current(classroom),
    )


def _networks(rows: list[RunRow]) -> dict[str, tuple[Hashable, Path]]:
    """Return the key and the file of each network that can be scored, by run."""
    networks: dict[str, tuple[Hashable, Path]] = {}
    for row in board.candidates(rows)[:MAX_NETWORKS]:
        path = Run(st.session_state.engine.runs.root / row.id).network_file
        with contextlib.suppress(OSError):  # it has just been deleted
            networks[row.id] = (row.id, path.lstat().st_mtime_ns), path
    return networks


def _score(
    networks: list[tuple[Hashable, Path]], digits: ClassDigits, readings: Readings, progress: background.Progress
) -> None:
    """Let networks read the digits that they have not read; runs in a thread."""
    inputs = digits.inputs
    for place, (key, path) in enumerate(networks):
        progress(place / len(networks))
        places = readings.missing(key, digits)
        try:
            readings.add(key, digits, places, _network(path).probabilities(inputs[places]))
        except UserError:  # it is damaged or too slow
            readings.fail(key)


def _network(path: Path) -> Network:
    """Load a network. Raises UserError if it is damaged; so does a large one that takes too long for an image."""
    network, config = Network(path), Run(path.parent).config
    if config is None:
        raise UserError("The network's config.json must be readable (got a damaged file): choose another network.")
    network.check(config)
    if multiply_add_count(config) > load_control.MAX_IMMEDIATE:
        return network.in_turns(contextlib.nullcontext, load_control.ANSWER_SECONDS)
    return network


@st.cache_resource(show_spinner=False)
def _all_readings() -> dict[str, Readings]:
    return {}


def _readings(code: str) -> Readings:
    return _all_readings().setdefault(code, Readings())
