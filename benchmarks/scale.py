"""Scaling: pages with thousands of runs, long histories, long queues, and more workers.

Run `python -m benchmarks.scale` on an idle machine; it takes about 3 minutes. `--only pages`, `histories` or `queue`
selects a part. Exits with status 1 if a page takes more than half a second.

A Dask cluster, started by Dask's own commands on loopback like one on other machines, works through the queue. Its jobs
only wait, so that scheduling is measured.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.conditions import await_quiet, print_conditions
from harness.server import Server
from harness.visitor import visit
from harness.waiting import wait_for
from trainer.config.presets import PRESETS
from trainer.config.shares import Share
from trainer.config.training import TrainingConfig
from trainer.jobs.engine import Engine
from trainer.networks.onnx_writer import to_onnx
from trainer.runs.run import Run
from trainer.runs.state import State
from trainer.runs.store import RunStore
from trainer.storage.files import json_line

RUN_COUNTS = (10, 100, 1_000, 10_000)
EPOCHS = (5, 50, 200)
QUEUED_RUNS = 1_000
WORKERS = (2, 4, 8)
PAGES = ("draw", "train", "data", "evaluate", "inside", "runs", "compare", "sweep", "learn")
REPEATS = 3  # visits of each page, of which the median counts
MAX_SECONDS = 0.5  # per page
JOB_SECONDS = 0.05  # duration of a job


# --- runs and histories ---------------------------------------------------------------------------------------


def fill(store: RunStore, count: int, epochs: int = 5) -> None:
    """Add finished runs to a store, as jobs leave them, until it has `count`."""
    from trainer.networks import model

    kinds = []
    for name in ("perceptron", "tutorial_b"):
        config = replace(PRESETS[name].config, epochs=epochs)
        kinds.append((config, to_onnx(model.weights(model.build(config)), config)))
    for place in range(len(store.runs()), count):
        config, network = kinds[place % len(kinds)]
        asked = {"config": json.loads(config.to_json()), "created": time.time() - place, "parent": "", "group": ""}
        state = State(
            "finished", device="CPU", data="MNIST", examples=54_000, steps=1_688, seconds=10.0 + place % 50,
            test_loss=0.3, test_accuracy=0.9 + place % 100 / 1_000,
        )  # fmt: skip
        store.add(
            {
                "config.json": json.dumps(asked).encode(),
                "state.json": json.dumps(asdict(state)).encode(),
                "history.jsonl": history(epochs, state.steps),
                "model.onnx": network,
            }
        )


def history(epochs: int, steps: int) -> bytes:
    """Return the history of a training of so many epochs."""
    lines = []
    for epoch in range(1, epochs + 1):
        loss = 1 / (epoch + 1)
        for part in range(1, 26):
            step = (epoch - 1) * steps + part * steps // 25
            values = {"loss": loss, "accuracy": 1 - loss / 2, "learning_rate": 0.01, "seconds": step / 1_000}
            lines.append(json_line({"kind": "batch", "epoch": epoch, "step": step, **values}))
        values |= {"val_loss": loss, "val_accuracy": 1 - loss / 2}
        lines.append(json_line({"kind": "epoch", "epoch": epoch, "step": epoch * steps, **values}))
    return b"".join(lines)


async def seconds_of(server: Server, page: str, query: str = "") -> tuple[float, float]:
    """Return the seconds of the first visit to a page, and the median of later ones."""
    times = []
    for _ in range(1 + REPEATS):
        async with visit(server.url) as visitor:
            begun = time.perf_counter()
            await visitor.open("" if page == "draw" else page, query)
            times.append(time.perf_counter() - begun)
    return times[0], statistics.median(times[1:])


def measure_pages() -> bool:
    """Visit every page with growing numbers of runs; return whether one took too long."""
    slow = False
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "runs"
        store = RunStore(root)
        for count in RUN_COUNTS:
            fill(store, count)
            with Server(root) as server:
                await_quiet()
                for page in PAGES:
                    first, again = asyncio.run(seconds_of(server, page))
                    print(f"pages.{count}.{page}.first {first:.3f} s")
                    print(f"pages.{count}.{page} {again:.3f} s", flush=True)
                    slow = slow or again > MAX_SECONDS
    return slow


def measure_histories() -> bool:
    """Visit Train with growing histories; return whether one took too long."""
    slow = False
    for epochs in EPOCHS:
        with tempfile.TemporaryDirectory() as folder:
            store = RunStore(Path(folder) / "runs")
            fill(store, 1, epochs)
            (run,) = store.runs()
            with Server(store.root) as server:
                await_quiet()
                asyncio.run(seconds_of(server, "draw"))  # the server's imports are done
                first, again = asyncio.run(seconds_of(server, "train", f"run={run.id}"))
                print(f"histories.{epochs}.first {first:.3f} s")
                print(f"histories.{epochs} {again:.3f} s", flush=True)
                slow = slow or again > MAX_SECONDS
    return slow


# --- the queue ------------------------------------------------------------------------------------------------


def wait_job(path: str) -> None:
    """Wait in place of a training."""
    run = Run(Path(path))
    run.update(phase="running")
    time.sleep(JOB_SECONDS)
    run.update(phase="finished")


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """Run a Dask cluster with Dask's own commands; yield its address."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scheduler.json"
        dask = [sys.executable, "-m", "dask"]
        scheduler = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
        worker = ["worker", "--host", "127.0.0.1", "--scheduler-file", str(file), "--nthreads", "1", "--no-dashboard"]
        worker += ["--nworkers", str(workers), "--local-directory", folder]
        processes = [
            subprocess.Popen([*dask, *command], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for command in (scheduler, worker)
        ]
        try:
            wait_for(file.is_file)
            yield json.loads(file.read_text())["address"]
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait()


def measure_queue() -> bool:
    """Queue 1,000 runs for growing numbers of workers; return whether one was lost."""
    lost = False
    for workers in WORKERS:
        with cluster(workers) as address, tempfile.TemporaryDirectory() as folder:
            engine = Engine(
                Path(folder) / "runs", address=address, job=wait_job, waiting=Share(QUEUED_RUNS, QUEUED_RUNS)
            )
            wait_for(lambda count=workers, engine=engine: engine.slots == count)
            begun = time.perf_counter()
            ids = [engine.submit(TrainingConfig()) for _ in range(QUEUED_RUNS)]
            submitted = time.perf_counter() - begun
            wait_for(lambda engine=engine, ids=ids: engine.runs.get(ids[-1]).state.ended, 600)
            wait_for(lambda engine=engine, ids=ids: all(engine.runs.get(one).state.ended for one in ids), 60)
            wall = time.perf_counter() - begun
            phases = {engine.runs.get(run_id).state.phase for run_id in ids}
            lost = lost or phases != {"finished"}
            print(f"queue.{workers}.submit {1_000 * submitted / QUEUED_RUNS:.1f} ms")
            print(f"queue.{workers}.all {wall:.1f} s")
            print(f"queue.{workers}.busy {100 * QUEUED_RUNS * JOB_SECONDS / wall / workers:.0f} %", flush=True)
            engine.close()
            shutil.rmtree(folder, ignore_errors=True)
    return lost


PARTS = {"pages": measure_pages, "histories": measure_histories, "queue": measure_queue}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    asked = parser.parse_args()
    print_conditions("streamlit", "distributed")
    failed = [measure() for name, measure in PARTS.items() if asked.only in (None, name)]
    return int(any(failed))


if __name__ == "__main__":
    sys.exit(main())
