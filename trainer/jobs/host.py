"""Embedded Dask cluster: `python -m trainer.jobs.host`, a process that ends when its standard input closes.

It is separate from the web server, where Dask would start its workers by running the Streamlit script again. Its first
line of output is JSON: the scheduler's address, its certificate and key, the number of slots, and whether bfloat16 is
supported; or a refusal, one sentence on an invalid setting.

Whoever can talk to a scheduler or a worker can run code as this user, and every user of this computer reaches their
ports. So they speak only TLS, and both sides must show a certificate that is made at each start. Its key is passed on
through pipes alone (OpenSSL reads it from a file that Dask makes for that moment, in a folder of mode 700).
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from trainer.processes import nice_value

SLOTS_PER_GPU = 4
# In a process of its own, which alone ends if CUDA crashes.
GPU_TEST = "from trainer.networks import model; model.warm_up(); print(model.device())"
GPU_TEST_TIMEOUT_SECONDS = 120
MEMORY_SHARE = 0.85  # of the machine's memory, for all trainings together
MIN_MEMORY_GB = 2.0  # enough to train every preset
# For workers without a GPU. A training's operations run one after another, and a large one uses all cores by itself;
# handing a small one to a second thread takes longer than the operation.
SEQUENTIAL_OPERATIONS = {"TF_NUM_INTEROP_THREADS": "1"}
DASK_SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,  # a job that killed its worker is not tried on the others
    "distributed.admin.tick.limit": "60s",  # importing Keras blocks the event loop for seconds
    # What Dask measures of its processes takes a tenth of a core even when nothing trains: less often is enough.
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    # Otherwise Dask closes the nanny of a worker that needs more than 15 s to come back, as Keras may.
    "distributed.deploy.lost-worker-timeout": "1d",
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.preload": ["trainer.jobs.host"],
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


def slots() -> int:
    """Return how many trainings run at the same time.

    DIGITLAB_SLOTS, or 4 for each GPU, or a quarter of the cores and at least 2. Exits if the variable is invalid.
    """
    if setting := os.environ.get("DIGITLAB_SLOTS", ""):
        if not setting.isdecimal() or not 1 <= int(setting) <= 64:
            sys.exit(f"DIGITLAB_SLOTS must be a whole number between 1 and 64 (got {setting!r}).")
        return int(setting)
    return SLOTS_PER_GPU * gpus() or max(2, (os.cpu_count() or 1) // 4)


def memory(slots: int) -> float:
    """Return the GB of memory that one training may use.

    DIGITLAB_MEMORY, or its share of the machine's memory and at least 2 GB. Exits if the variable is invalid.
    """
    if setting := os.environ.get("DIGITLAB_MEMORY", ""):
        try:
            if 0 < float(setting) < float("inf"):
                return float(setting)
        except ValueError:
            pass
        sys.exit(f"DIGITLAB_MEMORY must be a number of GB above 0 (got {setting!r}).")
    from distributed.system import MEMORY_LIMIT

    return max(MIN_MEMORY_GB, MEMORY_SHARE * MEMORY_LIMIT / 1e9 / slots)


@functools.cache
def gpus() -> int:
    """Return the number of GPUs that can train: a listed GPU may be broken, or CUDA may not be installed."""
    listed = _listed_gpus()
    if not listed:
        return 0
    try:
        test = subprocess.run(
            [sys.executable, "-c", GPU_TEST], stdout=subprocess.PIPE, text=True, timeout=GPU_TEST_TIMEOUT_SECONDS
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    return 0 if test.returncode or test.stdout.split()[-1:] in ([], ["CPU"]) else listed


@functools.cache
def _listed_gpus() -> int:
    if not sys.platform.startswith("linux") or shutil.which("nvidia-smi") is None:
        return 0
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())


def bfloat16() -> bool:
    """Tell whether the processors or the GPUs compute with 16-bit numbers."""
    if gpus():
        return True
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags


def main() -> None:
    """Start the cluster and serve until standard input closes."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:  # before there is a thread, which would make Python abort
        count = slots()
        memory_limit = memory(count)
        nice_value()
    except SystemExit as refusal:
        print(json.dumps({"refusal": str(refusal)}), flush=True)
        raise
    _exit_with_server()
    import dask
    from distributed import LocalCluster
    from distributed.security import Security

    os.environ["DIGITLAB_MEMORY"] = f"{memory_limit:.3f}"  # workers inherit this and the variables below
    if not gpus():
        os.environ.update(SEQUENTIAL_OPERATIONS | os.environ)
        if _listed_gpus():
            os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # keeps every worker from failing on the broken GPU
    dask.config.set(DASK_SETTINGS)
    security = Security.temporary()
    cluster = LocalCluster(
        n_workers=0,
        threads_per_worker=1,
        host="127.0.0.1",
        security=security,
        dashboard_address="127.0.0.1:0",  # until `dask_setup`; None: the default port, with a warning if it is taken
        memory_limit=0,  # Dask would pause and then end a worker without an error; `job` limits memory itself
        preload=["trainer.jobs.host", "trainer.jobs.job"],
    )
    credentials = security.get_tls_config_for_role("client")
    started = {
        "address": cluster.scheduler_address,
        "certificate": credentials["cert"],  # signed by itself
        "key": credentials["key"],
        "slots": count,
        "bfloat16": bfloat16(),
    }
    print(json.dumps(started), flush=True)
    cluster.scale(count)  # each worker joins once Keras is loaded; until then the scheduler keeps its tasks
    threading.Event().wait()


def dask_setup(node: Any) -> None:
    """Close the HTTP port of the scheduler or a worker, which Dask always opens and which speaks no TLS."""
    node.http_server.stop()


def _exit_with_server() -> None:
    """Exit at once, with the workers, when the server closes our standard input or dies."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):  # unbuffered: a buffered read's lock would abort this process at exit
            pass
        os._exit(0)  # workers exit when their parent is gone; closing the cluster would take seconds

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
