"""Where the trainings run: the embedded host's workers, or those of a Dask cluster by its address."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from trainer.processes import ROOT
from trainer.storage.files import appending

LOG = "training.log"  # in the run root: what the embedded workers say


class Cluster:
    """A connection to the workers: the embedded host, or a cluster by its address."""

    def __init__(self, address: str | None, slots: int | None, log: Path) -> None:
        from distributed import Client  # takes half a second: let the first page show before

        self._host: subprocess.Popen[str] | None = None
        self.slots = slots  # None: as many as there are workers
        self.bfloat16 = address is not None  # a cluster of one's own is there for more
        if address is None:
            environment = dict(os.environ)
            environment.pop("MALLOC_ARENA_MAX", None)  # right for a server of pages; Keras's threads need their heaps
            if slots is not None:
                environment["DIGITLAB_SLOTS"] = str(slots)
            with appending(log, anew=True) as errors:  # TensorFlow talks too much for the server's terminal
                self._host = subprocess.Popen(
                    [sys.executable, "-m", "trainer.jobs.host"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    cwd=ROOT,
                    env=environment,
                    # Ctrl-C goes to the server, which closes our pipe. A session of its own would do for that, too, but
                    # Linux gives sessions equal shares of the processor: nice would then count for nothing.
                    process_group=0,
                )
            assert self._host.stdout is not None
            line = self._host.stdout.readline()
            if not line:
                raise OSError(f"trainer.jobs.host ended with status {self._host.wait()}")
            started = json.loads(line)
            address, self.slots, self.bfloat16 = started["address"], started["slots"], started["bfloat16"]
        self.client = Client(address, timeout=30, set_as_default=False, heartbeat_interval="5s")

    def workers(self) -> int:
        return len(self.client.scheduler_info(n_workers=-1)["workers"])

    def alive(self) -> bool:
        if self._host is not None and self._host.poll() is not None:
            return False
        return self.client.status in ("running", "connecting")

    def close(self) -> None:
        self.client.close(timeout=2)
        if self._host is not None:
            assert self._host.stdin is not None
            self._host.stdin.close()
            try:
                self._host.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._host.kill()
                self._host.wait()
            if self._host.stdout is not None:
                self._host.stdout.close()
