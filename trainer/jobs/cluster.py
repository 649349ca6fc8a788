"""Connection to the Dask workers that train: those of the embedded host, or of a cluster by its address."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from trainer.processes import ROOT
from trainer.storage.files import open_to_append

TLS_VARIABLES = ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY")  # Dask's own, after DASK_DISTRIBUTED__COMM__TLS__
LOG = "training.log"  # output of the embedded workers, in the run root


class Cluster:
    """Connection to the workers; starts `trainer.jobs.host` unless it gets the address of a cluster.

    Raises OSError, ValueError or subprocess.SubprocessError if the host does not start.
    """

    def __init__(self, address: str | None, slots: int | None, log: Path) -> None:
        from distributed import Client  # takes half a second, and the first page should not wait
        from distributed.security import Security

        self._host: subprocess.Popen[str] | None = None
        self.slots = slots  # trainings at the same time; None: as many as there are workers
        self.bfloat16 = address is not None  # a cluster is assumed to have processors that support it
        security = None  # of a cluster by its address: Dask's own configuration
        if address is None:
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
            line = self._host.stdout.readline()
            if not line:
                raise OSError(f"trainer.jobs.host ended with status {self._host.wait()}")
            started = json.loads(line)
            address, self.slots, self.bfloat16 = started["address"], started["slots"], started["bfloat16"]
            certificate, key = started["certificate"], started["key"]
            security = Security(
                require_encryption=True, tls_ca_file=certificate, tls_client_cert=certificate, tls_client_key=key
            )
        elif address.startswith("tls://"):
            configured = Security().get_tls_config_for_role("client")
            if not (configured["ca_file"] and configured["cert"]):
                names = ", ".join(f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in TLS_VARIABLES)
                raise ValueError(f"{address} without the variables {names}")
        self.client = Client(address, timeout=30, set_as_default=False, heartbeat_interval="5s", security=security)

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
