"""The app's server in a separate process, on a free port."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.request import urlopen

import run
from harness.waiting import TIMEOUT_SECONDS, wait_for

ROOT = Path(__file__).parents[1]
MNIST = Path(os.environ.get("DIGITLAB_TEST_MNIST") or ROOT.parent / "shared" / "data" / "mnist.npz")


class Server:
    """The app as `python run.py` starts it, on a free port and with its own runs; a context manager that stops it.

    runs: the run root. data: the data file; by default that of DIGITLAB_DATA, or MNIST if it is found. wait: whether to
    wait until it answers. app: the script to run. before: words before the command. scheduler: address of a cluster,
    which saves the 18 seconds of processor time that training processes of its own take to start.

    Draw is at `url`, Train at `train`; the output is in `log`.
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
        """Send the server a signal and wait until it has ended."""
        self.process.send_signal(how)
        self.process.wait(TIMEOUT_SECONDS)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
