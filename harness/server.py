"""The app's server in a process of its own, on a free port."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.request import urlopen

import run
from harness.waiting import PATIENCE, wait_for

ROOT = Path(__file__).parents[1]
MNIST = Path(os.environ.get("DIGITLAB_TEST_MNIST") or ROOT.parent / "shared" / "data" / "mnist.npz")


class Server:
    """The app as `python run.py` starts it, on a free port, with runs of its own; in a `with` block, until its end.

    `data` is the file it trains on; without it what DIGITLAB_DATA names, or MNIST where it is, or what the app finds.
    What it prints is in `log`. With `wait=False` it need not answer yet. `app` is another script than the app's own.
    `before` are words before its command. `scheduler`, of a cluster, spares it the 18 seconds of a processor in which
    it makes training processes of its own.
    Draw is at `url`, Train at `train`.
    """

    def __init__(
        self,
        runs: Path,
        data: Path | None = None,
        wait: bool = True,
        app: Path = ROOT / "app.py",
        before: Sequence[str] = (),
        scheduler: str = "",
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url, self.runs, self.log = f"http://127.0.0.1:{port}", runs, runs.with_suffix(".log")
        self.train = f"{self.url}/train"
        environment = {**os.environ, **run.SERVER_ENVIRONMENT, "DIGITLAB_RUNS": str(runs)}
        environment.pop("DIGITLAB_SCHEDULER", None)
        if scheduler:
            environment["DIGITLAB_SCHEDULER"] = scheduler
        if data:
            environment["DIGITLAB_DATA"] = str(data)
        elif MNIST.is_file():
            environment.setdefault("DIGITLAB_DATA", str(MNIST))
        environment["PYTHONPATH"] = str(ROOT)
        command = [*before, sys.executable, "-m", "streamlit", "run", str(app)]
        command += ["--server.headless=true", f"--server.port={port}"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        if wait:
            wait_for(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return urlopen(f"{self.url}/_stcore/health", timeout=5).status == 200
        except OSError:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the server, unless it has ended, and wait until it is gone."""
        self.process.send_signal(how)
        self.process.wait(PATIENCE)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
