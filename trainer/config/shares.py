"""Shares: how much one visitor, one network address and all visitors together may use at the same time.

An identity is a cookie, which costs nothing: whoever drops it is a new visitor. So addresses have shares too, large
enough for a class behind one router.
"""

from __future__ import annotations

from dataclasses import dataclass

ADDRESS_VISITORS = 40  # a class of thirty and some who come back without their cookie
ADDRESS_PART = 0.8  # of the total at most, so that one address leaves something to the others


@dataclass(frozen=True)
class Share:
    """The largest numbers of something for a visitor and in all."""

    visitor: int
    total: int

    @property
    def address(self) -> int:
        """Return the largest number for all visitors of one network address."""
        return max(self.visitor, min(ADDRESS_VISITORS * self.visitor, int(ADDRESS_PART * self.total)))


# Waiting runs: a visitor compares a few at a time; 100 wait for an hour on two cores, and the list of runs reads the
# waiting ones again each time it is shown.
WAITING_RUNS = Share(visitor=5, total=100)
WAITING_SWEEPS = Share(visitor=1, total=100)
WAITING_SWEEP_RUNS = 100  # in all; a sweep has at most 36
# Uploaded data sets, packed, on the disk. The largest has 40 MB; unpacked in the data cache it may have ten times that.
DATASETS = Share(visitor=5, total=50)
DATASET_BYTES = Share(visitor=200_000_000, total=2_000_000_000)
# Files that wait in the server's memory to be checked: each has up to 60 MB, and they are unpacked one at a time.
CHECKED_FILES = Share(visitor=1, total=8)
# Files that Streamlit holds in memory, read or not. The largest is a run's zip of 60 MB.
UPLOADED_BYTES = Share(visitor=80_000_000, total=600_000_000)
# Of the disk budget for runs: what a visitor's pins protect when it is full. Without a limit one visitor could pin all.
PINNED_PART = 0.1
