"""`python -m trainer.jobs.host`: the embedded cluster, in a clean process that ends when its standard input closes.

Not inside the web server: Dask would start its workers by running the Streamlit script again. The first line on
standard output is JSON: the scheduler's address, the number of slots, and whether bfloat16 is there.
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

SLOTS_A_GPU = 4
TRY = "from trainer import model; model.warm_up(); print(model.device())"  # a crash of CUDA ends but that process
PATIENCE = 120  # seconds for it
MEMORY_SHARE = 0.85  # of the machine's memory that all trainings together may take
LEAST_MEMORY = 2.0  # GB, with which every preset trains
# For workers without a GPU. A training's operations follow each other, and each of any size uses all cores by itself:
# to hand a small one to a second thread takes longer than the operation.
ONE_AFTER_THE_OTHER = {"TF_NUM_INTEROP_THREADS": "1"}


def slots() -> int:
    """Return how many trainings run at once: DIGITLAB_SLOTS, or 4 a GPU, or a quarter of the cores and at least 2."""
    if asked := os.environ.get("DIGITLAB_SLOTS", ""):
        if not asked.isdecimal() or not 1 <= int(asked) <= 64:
            sys.exit(f"DIGITLAB_SLOTS must be a whole number from 1 to 64 (got {asked!r}).")
        return int(asked)
    return SLOTS_A_GPU * gpus() or max(2, (os.cpu_count() or 1) // 4)


def memory(slots: int) -> float:
    """Return the GB that a training may take: DIGITLAB_MEMORY, or its share of this machine's, and at least 2."""
    if asked := os.environ.get("DIGITLAB_MEMORY", ""):
        try:
            if 0 < float(asked) < float("inf"):
                return float(asked)
        except ValueError:
            pass
        sys.exit(f"DIGITLAB_MEMORY must be a number of GB above 0 (got {asked!r}).")
    from distributed.system import MEMORY_LIMIT

    return max(LEAST_MEMORY, MEMORY_SHARE * MEMORY_LIMIT / 1e9 / slots)


@functools.cache
def gpus() -> int:
    """Return how many GPUs there are to train on: a broken one may be listed, or CUDA not be installed."""
    listed = _listed_gpus()
    if not listed:
        return 0
    try:
        tried = subprocess.run([sys.executable, "-c", TRY], stdout=subprocess.PIPE, text=True, timeout=PATIENCE)
    except (OSError, subprocess.SubprocessError):
        return 0
    return 0 if tried.returncode or tried.stdout.split()[-1:] in ([], ["CPU"]) else listed


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
    """Tell whether the processors, or the GPUs, compute with 16 bits a number."""
    if gpus():
        return True
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags


def main() -> None:
    _leave_when_orphaned()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import dask
    from distributed import LocalCluster

    count = slots()
    os.environ["DIGITLAB_MEMORY"] = f"{memory(count):.3f}"  # for the workers, as all that follows
    if not gpus():
        os.environ.update(ONE_AFTER_THE_OTHER | os.environ)
        if _listed_gpus():
            os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # else each worker would stumble over it
    dask.config.set(
        {
            "distributed.scheduler.allowed-failures": 0,  # a job that killed its worker is not tried on the others
            "distributed.admin.tick.limit": "60s",  # Keras's import holds the interpreter for seconds
            "distributed.worker.profile.enabled": False,
            "distributed.scheduler.http.routes": [],
            "distributed.worker.http.routes": [],
        }
    )
    cluster = LocalCluster(
        n_workers=0,
        threads_per_worker=1,
        host="127.0.0.1",  # whoever reaches the scheduler can run code
        dashboard_address="127.0.0.1:0",  # None would take the usual port, and complain where it is taken
        memory_limit=0,  # Dask would let a worker rest, and then end it, without a word: see `job`
        preload=["trainer.jobs.job"],
    )
    print(json.dumps({"address": cluster.scheduler_address, "slots": count, "bfloat16": bfloat16()}), flush=True)
    cluster.scale(count)  # each joins once Keras is warm; until then the scheduler keeps what it is given
    threading.Event().wait()


def _leave_when_orphaned() -> None:
    """End at once, workers included, when the server closes our standard input or dies."""

    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(0)  # the workers see their parent go and follow; a farewell would take seconds

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
