"""The engine's connection to its cluster, which is started, watched and replaced."""

from __future__ import annotations

import logging
import subprocess
import time
from pathlib import Path

from trainer import UserError
from trainer.jobs.backoff import Backoff
from trainer.jobs.cluster import Cluster
from trainer.jobs.heartbeats import Silences

SILENT_SECONDS = 5.0  # without an answer, after which the pages say so
HANG_SECONDS = 30.0  # without an answer, after which the host is replaced
LACK_SECONDS = 300.0  # without all workers, after which an idle host is replaced; loading Keras may take a minute

_log = logging.getLogger(__name__)


class Connection:
    """Connection to the cluster at an address or, without one, to a host on this machine.

    Only the engine's thread connects; any thread may read `problem`.
    """

    def __init__(self, address: str | None, slots: int | None, log: Path) -> None:
        self.cluster: Cluster | None = None
        self.remote = address is not None
        self._address, self._slots, self._log = address, slots, log
        self._backoff, self._silences = Backoff(), Silences()
        self._start_problem = ""  # a sentence, while the cluster cannot be started
        self._answered = time.monotonic()  # when the cluster last did

    @property
    def problem(self) -> str:
        """Return a sentence while no run can start, or ""."""
        if self._start_problem:
            return self._start_problem
        silent = time.monotonic() - self._answered
        if silent < SILENT_SECONDS or (self.cluster is None and not self.remote):  # the host starts
            return ""
        who = f"The cluster at {self._address} has" if self.remote else "The training processes have"
        return f"{who} not answered for {silent:.0f} s: queued runs wait."

    def connect(self, idle: bool) -> Cluster | None:
        """Start or replace the cluster if need be, and return it if it answers; idle: no run is handed out."""
        if self.cluster is not None:
            hangs = not self.remote and (self.cluster.silence > HANG_SECONDS or self._lacks_workers(idle))
            if hangs or not self.cluster.alive():
                _log.warning("the training cluster %s; starting another", "hangs" if hangs else "has ended")
                self.cluster.close(hangs)
                self.cluster = None
                self._backoff.failed()
        if self.cluster is None and self._backoff.due:
            self._start()
        if self.cluster is None or not self.cluster.look():
            return None
        self._answered = time.monotonic()
        return self.cluster

    def _lacks_workers(self, idle: bool) -> bool:
        """Tell whether an idle host has long lacked workers: its nannies give up one that dies while it starts."""
        assert self.cluster is not None
        lacks = idle and len(self.cluster.workers) < (self.cluster.slots or 0)
        return self._silences.observe("workers", (self.cluster, lacks)) > LACK_SECONDS and lacks

    def _start(self) -> None:
        try:
            self.cluster = Cluster(self._address, self._slots, self._log)
        except UserError as error:
            self._start_problem = str(error)
            self._backoff.failed()
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self._backoff.failed()
            if not self.remote:
                if not self._start_problem:
                    _log.exception("the training cluster did not start")
                self._start_problem = (
                    f"The training processes must start (got: {error}): see {self._log.name} in the run folder."
                )
        else:
            self._start_problem, self._answered = "", time.monotonic()
            self._backoff.started()

    def close(self) -> None:
        if self.cluster is not None:
            self.cluster.close()
