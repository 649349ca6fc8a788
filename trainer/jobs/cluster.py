"""Connection to the Dask workers that train: those of the embedded host, or of a cluster by its address."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer import UserError
from trainer.processes import ROOT
from trainer.storage.files import open_to_append

if TYPE_CHECKING:
    from distributed.security import Security

TLS_VARIABLES = ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY")  # Dask's own, after DASK_DISTRIBUTED__COMM__TLS__
MEMORY_METRIC = "resident_memory"  # bytes, in the heartbeats of workers that have loaded `trainer.jobs.job`
LOG = "training.log"  # output of the embedded workers, in the run root
START_SECONDS = 300.0  # for the host's first line; it tests GPUs before
CONNECT_SECONDS = 30.0  # to the host
RECONNECT_SECONDS = 5.0  # to a cluster of one's own, which may be gone for long
ANSWER_SECONDS = 2.0  # for which an answer of the scheduler is awaited


@dataclass(frozen=True)
class Worker:
    """A worker, as the scheduler sees it."""

    address: str
    nanny: str | None  # address of the process that starts another worker when this one ends
    last_heartbeat: float  # seconds since 1970, by the scheduler's clock
    keys: tuple[str, ...] = ()  # of its tasks
    memory: int = 0  # bytes that its process uses; 0 if it does not say


class Cluster:
    """Connection to the workers; starts `trainer.jobs.host` unless it gets the address of a cluster.

    Raises UserError if the host refuses a setting, and OSError, ValueError or subprocess.SubprocessError if it does not
    start or the cluster does not answer.
    """

    def __init__(self, address: str | None, slots: int | None, log: Path) -> None:
        from distributed import Client  # takes half a second, and the first page should not wait

        self._host: subprocess.Popen[str] | None = None
        self.slots = slots  # trainings at the same time; None: as many as there are workers
        self.bfloat16 = address is not None  # a cluster is assumed to have processors that support it
        security = None  # of a cluster by its address: Dask's own configuration
        try:
            if address is None:
                address, security = self._start_host(slots, log)
            elif address.startswith("tls://"):
                _check_tls(address)
            timeout = CONNECT_SECONDS if self._host else RECONNECT_SECONDS
            self.client = Client(
                address, timeout=timeout, set_as_default=False, heartbeat_interval="5s", security=security
            )
        except BaseException:
            self._end_host()
            raise
        self.workers: Mapping[str, Worker] = {}  # by address, when the scheduler last answered
        self._answered = time.monotonic()

    def _start_host(self, slots: int | None, log: Path) -> tuple[str, Security]:
        """Start the embedded cluster; return its scheduler's address and the certificate that it asks for."""
        from distributed.security import Security

        environment = dict(os.environ)
        environment.pop("MALLOC_ARENA_MAX", None)  # set for the web server; Keras's threads need their own heaps
        if slots is not None:
            environment["DIGITLAB_SLOTS"] = str(slots)
        with open_to_append(log, truncate=True) as errors:  # TensorFlow writes too much for the terminal
            self._host = subprocess.Popen(
                [sys.executable, "-m", "trainer.jobs.host"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=ROOT,
                env=environment,
                # Ctrl-C should reach only the server, which then closes the pipe. A new session would do that too,
                # but Linux gives sessions equal shares of the processor, so `nice` would have no effect.
                process_group=0,
            )
        assert self._host.stdout is not None
        hung = threading.Timer(START_SECONDS, self._host.kill)
        hung.start()
        line = self._host.stdout.readline()
        hung.cancel()
        if not line:
            raise OSError(f"trainer.jobs.host ended with status {self._host.wait()}")
        started = json.loads(line)
        if refusal := started.get("refusal"):
            raise UserError(refusal)
        self.slots, self.bfloat16 = started["slots"], started["bfloat16"]
        certificate, key = started["certificate"], started["key"]
        security = Security(
            require_encryption=True, tls_ca_file=certificate, tls_client_cert=certificate, tls_client_key=key
        )
        return str(started["address"]), security

    @property
    def silence(self) -> float:
        """Return the seconds since the scheduler last answered."""
        return time.monotonic() - self._answered

    def look(self) -> bool:
        """Ask the scheduler for its workers and their tasks; return whether it answered."""
        try:
            workers, keys = self.client.sync(self._ask, callback_timeout=ANSWER_SECONDS)
        except (OSError, TimeoutError, AttributeError):  # the last one while the client reconnects
            return False
        self._answered = time.monotonic()
        self.workers = {
            address: Worker(
                address,
                worker["nanny"],
                worker["last_seen"],
                tuple(map(str, keys.get(address, ()))),
                int(worker["metrics"].get(MEMORY_METRIC, 0)),
            )
            for address, worker in workers.items()
        }
        return True

    async def _ask(self) -> tuple[dict[str, Any], dict[str, Any]]:
        scheduler: Any = self.client.scheduler
        return (await scheduler.identity(n_workers=-1))["workers"], await scheduler.processing(workers=None)

    def kill(self, worker: Worker) -> bool:
        """End a worker's process soon, however it hangs; its nanny starts another. Returns whether it has a nanny."""
        if worker.nanny is None:
            return False
        loop: Any = self.client.loop
        loop.add_callback(self._kill, worker.nanny)
        return True

    async def _kill(self, nanny: str) -> None:
        with contextlib.suppress(OSError, TimeoutError):  # whoever asked for it looks again
            await self.client.rpc(nanny).kill(timeout=1, reason="the engine replaces it")

    def alive(self) -> bool:
        if self._host is not None and self._host.poll() is not None:
            return False
        return self.client.status in ("running", "connecting")

    def close(self, hangs: bool = False) -> None:
        """Disconnect, and end the host with its workers, at once if it hangs."""
        if hangs and self._host is not None:
            self._host.kill()
        self.client.close(timeout=2)
        self._end_host()

    def _end_host(self) -> None:
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


def _check_tls(address: str) -> None:
    """Raise UserError if Dask's own configuration has no certificates for a scheduler that asks for one."""
    from distributed.security import Security

    configured = Security().get_tls_config_for_role("client")
    if not (configured["ca_file"] and configured["cert"]):
        names = ", ".join(f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in TLS_VARIABLES)
        raise UserError(f"The cluster at {address} needs a certificate (got none): set {names}.")
