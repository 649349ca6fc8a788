"""Queue of runs that wait for a slot: visitors take turns, first with single runs, then with the runs of sweeps."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from cachetools import LRUCache

from trainer import UserError
from trainer.config.shares import WAITING_RUNS, WAITING_SWEEP_RUNS, WAITING_SWEEPS, Share
from trainer.text import counted

MAX_REMEMBERED = 2_000  # visitors and addresses of whom it is known when they last had a turn


class Ticket(NamedTuple):
    """Whose turn a run takes."""

    owner: str  # hash of the visitor's token
    sweep: str = ""  # id of the run's sweep, or ""
    address: str = ""  # network address of the visitor; "" if unknown, as after a restart

    @property
    def names(self) -> tuple[str, str]:
        """Return the names by which the turns of the visitor and of the address are counted."""
        return self.owner, f"address {self.address}" if self.address else f"address of {self.owner}"


class RunQueue:
    """Ids of waiting runs in the order in which they start. The engine's lock protects it; it never reads the disk.

    The next run is one of the visitor with the fewest trainings. Ties go to the network address with the fewest
    trainings, then to the address and finally to the visitor whose last turn was the longest ago: whoever poses as many
    visitors takes the turns of one address.

    running: returns the ids of the runs that are being trained, all of which have waited here.
    """

    def __init__(self, running: Callable[[], Collection[str]] = tuple, waiting: Share = WAITING_RUNS) -> None:
        self._running = running
        self._waiting = waiting
        self._tickets: dict[str, Ticket] = {}  # of waiting runs, in the order in which they came
        self._known: dict[str, Ticket] = {}  # of waiting and running runs, by id
        self._started: set[str] = set()  # running runs whose turns are counted
        self._turns = 0  # that all visitors have had
        self._last_turns: LRUCache[str, int] = LRUCache(MAX_REMEMBERED)  # of visitors and addresses, by their names

    def __len__(self) -> int:
        return len(self._tickets)

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._tickets

    def __iter__(self) -> Iterator[str]:
        return iter(self._order())

    def check_room(self, ticket: Ticket, count: int = 1) -> None:
        """Raise UserError if `count` more runs may not wait; runs of sweeps take no places from single runs."""
        waiting = {run: other for run, other in self._tickets.items() if bool(other.sweep) == bool(ticket.sweep)}
        # Another run of a sweep that waits takes no further place; all runs of a sweep take one.
        places = {other.sweep or run: other for run, other in waiting.items() if not other.sweep == ticket.sweep != ""}
        own = sum(other.owner == ticket.owner for other in places.values())
        near = sum(other.address == ticket.address != "" for other in places.values())
        share, noun = (WAITING_SWEEPS, "sweep") if ticket.sweep else (self._waiting, "run")
        _check(own, share.visitor, noun, "You may have")
        _check(near, share.address, noun, "The visitors of one network address may have")
        _check(len(places), share.total, noun, "All visitors together may have")
        if ticket.sweep and len(waiting) + count > WAITING_SWEEP_RUNS:
            raise UserError(
                f"At most {WAITING_SWEEP_RUNS} runs of sweeps may wait (got {len(waiting)} waiting and {count} more): "
                "try again when some have finished."
            )

    def add(self, tickets: Mapping[str, Ticket], first: bool = False) -> None:
        """Add runs, by id, as the last of their visitor or, if `first`, as the first."""
        self._tickets = {**tickets, **self._tickets} if first else {**self._tickets, **tickets}
        self._known.update(tickets)

    def remove(self, run_id: str) -> Ticket:
        """Remove a waiting run and return its ticket."""
        return self._tickets.pop(run_id)

    def owner(self, run_id: str) -> str:
        """Return the owner of a waiting run, as a hash."""
        return self._tickets[run_id].owner

    def runs_of(self, owner: str) -> list[str]:
        """Return the ids of an owner's waiting and running runs."""
        runs = {*self._tickets, *self._running()}
        return [run_id for run_id in runs if (ticket := self._known.get(run_id)) and ticket.owner == owner]

    def position(self, run_id: str) -> int:
        """Return a run's position, from 1, or 0 if it does not wait."""
        return self._order().index(run_id) + 1 if run_id in self._tickets else 0

    def reason(self, run_id: str) -> str:
        """Say in half a sentence why other runs start before a waiting run, or "" if none does."""
        if run_id not in self._tickets:
            return ""
        before = self._order()[: self.position(run_id) - 1]
        own, others = self._tickets[run_id], [self._tickets[other] for other in before]
        visitors = len({other.owner for other in others} - {own.owner})
        if visitors:
            come = "other comes" if visitors == 1 else "others come"
            single = ", single runs before sweeps" if own.sweep and not all(other.sweep for other in others) else ""
            return f"visitors take turns{single}, and {visitors} {come} before you"
        come = "comes" if len(others) == 1 else "come"
        return f"{counted(len(others), 'run')} of yours {come} first" if others else ""

    def _order(self) -> list[str]:
        """Return the ids in the order in which they would start if nothing else came."""
        self._count_turns()
        training = Counter(name for run_id in self._started for name in self._known[run_id].names)
        turns: dict[str, int] = {}  # of those who start before
        own: dict[str, deque[str]] = defaultdict(deque)  # by visitor, in the order in which they came
        for run_id in sorted(self._tickets, key=self._is_of_sweep):
            own[self._tickets[run_id].owner].append(run_id)

        def rank(owner: str) -> tuple[int, ...]:
            ticket = self._tickets[own[owner][0]]
            visitor, address = ticket.names
            last = [turns.get(name) or self._last_turns.get(name, 0) for name in (address, visitor)]
            return bool(ticket.sweep), training[visitor], training[address], *last

        waiting = [(rank(owner), place, owner) for place, owner in enumerate(own)]
        heapq.heapify(waiting)
        order: list[str] = []
        while waiting:
            known, place, owner = heapq.heappop(waiting)
            if (now := rank(owner)) == known:  # else others of the same address have come first
                order.append(own[owner].popleft())
                for name in self._tickets[order[-1]].names:
                    training[name] += 1
                    turns[name] = self._turns + len(order)
                if not own[owner]:
                    continue
                now = rank(owner)
            heapq.heappush(waiting, (now, place, owner))
        return order

    def _is_of_sweep(self, run_id: str) -> bool:
        return bool(self._tickets[run_id].sweep)

    def _count_turns(self) -> None:
        """Note whose runs are being trained, and that those that were not before have had a turn."""
        running = list(self._running())
        for run_id in running:
            if run_id not in self._started:
                self._turns += 1
                self._last_turns.update(dict.fromkeys(self._known[run_id].names, self._turns))
        self._started = set(running)
        self._known = {run_id: self._known[run_id] for run_id in {*self._tickets, *running}}


def _check(waiting: int, most: int, noun: str, who: str) -> None:
    if waiting >= most:
        raise UserError(
            f"{who} at most {counted(most, noun)} waiting (got one more): "
            f"try again when one has started, or stop a waiting {noun}."
        )


def wait_seconds(position: int, running: Sequence[float], slots: int, typical: float) -> float:
    """Estimate when the run at a position, from 1, starts.

    running: seconds left of each running training; typical: seconds that a training takes.
    """
    free = [*running, *[0.0] * (slots - len(running))]
    heapq.heapify(free)
    for _ in range(position - 1):
        heapq.heappush(free, heapq.heappop(free) + typical)
    return free[0]
