"""A run root that is missing, read-only, full, a file, or removed: one sentence, and the server continues."""

import asyncio
import errno
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.server import Server
from harness.visitor import visit
from harness.waiting import wait_for
from tests.support.apps import TINY
from tests.support.jobs import run_until_released
from trainer import UserError
from trainer.jobs.engine import Engine
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.inference import Network
from trainer.runs.progress import epochs_done
from trainer.runs.requests import Requests
from trainer.runs.store import RunStore
from trainer.storage import files
from trainer.storage.files import append_lines

OWNER = "the-owner-of-all-runs-in-folders"
PAGES = ("", "train", "data", "evaluate", "inside", "learn", "runs", "compare", "sweep")
ENDLESS = replace(TINY, epochs=200, batch_size=1)
SENTENCE = "The folder for runs must be writable (got: {})"


# --- when the app starts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["a file", "below a file", "of the kernel", "in the kernel's"])
def test_an_unusable_run_root_is_an_error_until_it_is_usable(folder, app, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    places = {
        "a file": tmp_path / "file",
        "below a file": tmp_path / "file" / "runs",
        "of the kernel": Path("/proc/self"),
        "in the kernel's": Path("/proc/self/runs"),
    }
    if "kernel" in folder and sys.platform != "linux":
        pytest.skip("only Linux has folders that nobody can write to")
    good = os.environ["DIGITLAB_RUNS"]
    monkeypatch.setenv("DIGITLAB_RUNS", str(places[folder]))
    app.run()
    assert not app.exception and not app.title
    (error,) = app.error
    assert error.value.startswith("The folder for runs must be writable") and "DIGITLAB_RUNS" in error.value
    monkeypatch.setenv("DIGITLAB_RUNS", good)  # fixed
    app.run()
    assert app.title and not app.error


def test_a_missing_run_root_is_created(app, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITLAB_RUNS", str(tmp_path / "not" / "yet"))
    app.run()
    assert app.title and not app.error
    assert (tmp_path / "not" / "yet").is_dir()


# --- a running server on a small disk --------------------------------------------------------


class SmallDisk:
    """A server whose run root lies on a private disk of 8 MB."""

    def __init__(self, place: Path, data: Path) -> None:
        unshare = ["unshare", "--user", "--map-root-user", "--mount"]
        before = [*unshare, "sh", "-c", f'mount -t tmpfs -o size=8m none "{place}" && exec "$@"', "sh"]
        if not shutil.which("unshare") or subprocess.run([*before, "true"], capture_output=True).returncode:
            pytest.skip("this machine does not allow mounting a small disk")
        self.place = place
        self.server = Server(place / "runs", data=data, before=before)
        self.disk = Path(f"/proc/{self.server.process.pid}/root{place}")
        self.runs = self.disk / "runs"
        self.store = RunStore(self.runs)

    def do(self, command: str) -> None:
        """Run a shell command in the namespace that sees the disk."""
        enter = ["nsenter", "-t", str(self.server.process.pid), "--user", "--mount", "--preserve-credentials"]
        subprocess.run([*enter, "sh", "-c", f'cd "{self.place}" && {command}'], check=True, capture_output=True)

    def show(self, page: str, query: str = "", press: str = "") -> str:
        """Open a page as the owner of all runs, click a button if named, and return the page's text."""

        async def look():
            async with visit(self.server.url, owner=OWNER) as visitor:
                await visitor.open(page, query)
                if press:
                    await visitor.set(press, trigger_value=True)
                return list(visitor.elements)

        elements = asyncio.run(look())
        assert "exception" not in [element.WhichOneof("type") for element in elements]
        return b"\n".join(element.SerializeToString() for element in elements).decode(errors="replace")

    def train(self, config=ENDLESS):
        """Press Train and return the run after its first epoch."""
        before = {run.id for run in self.store.runs()}
        self.show("train", f"config={config.to_link()}", "train")
        (run,) = (run for run in self.store.runs() if run.id not in before)
        wait_for(lambda: epochs_done(self.store.history(run)))
        return run

    def stop(self, run):
        self.show("train", f"run={run.id}", "steer.stop")
        wait_for(lambda: run.state.phase == "stopped")


@pytest.fixture(scope="module")
def disk(tmp_path_factory, few_digits):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITLAB_SLOTS", "1")
        disk = SmallDisk(tmp_path_factory.mktemp("disk"), few_digits)
    with disk.server:
        yield disk


@pytest.mark.long
def test_a_disk_that_fills_up_interrupts_the_run_which_resumes_when_there_is_space(disk):
    run = disk.train()
    wait_for(lambda: run.network)
    disk.do("dd if=/dev/zero of=full bs=1000 2>/dev/null || true")
    wait_for(lambda: run.state.ended)
    assert run.state.phase == "interrupted"
    assert run.state.error == f"{SENTENCE.format('No space left on device')}: free some space, then press Resume."
    Network(run.network)
    reached = Checkpoint.load(run.checkpoint).epoch
    assert reached >= epochs_done(disk.store.history(run)) >= 1  # the checkpoint is written before the line
    assert not list(run.path.glob(".*"))
    for page in PAGES:
        disk.show(page, f"run={run.id}")
    assert "No space left on device" in disk.show("train", f"run={run.id}")
    before = len(disk.store.runs())
    assert SENTENCE.format("No space left on device") in disk.show("train", f"config={TINY.to_link()}", "train")
    assert len(disk.store.runs()) == before and not list(disk.runs.glob(".new-*"))
    disk.do("rm full")
    disk.show("train", f"run={run.id}", "steer.resume")
    wait_for(lambda: epochs_done(disk.store.history(run)) > reached)
    disk.stop(run)


def test_a_run_root_that_becomes_read_only_is_an_error_and_the_run_is_resumed_later(disk):
    run = disk.train()
    disk.do("mount --bind runs runs && mount -o remount,bind,ro runs")
    asked = SENTENCE.format("Read-only file system")
    assert asked in disk.show("train", f"config={TINY.to_link()}", "train")
    assert asked in disk.show("train", f"run={run.id}", "steer.stop")
    for page in PAGES:
        disk.show(page, f"run={run.id}")
    assert run.state.phase == "running"  # its end cannot be written
    disk.do("umount -l runs")
    wait_for(lambda: run.state.phase == "interrupted")
    disk.show("train", f"run={run.id}", "steer.resume")
    wait_for(lambda: run.state.phase == "running")
    disk.stop(run)


@pytest.mark.parametrize("instead", ["nothing", pytest.param("a file", marks=pytest.mark.long)])
def test_a_run_root_that_is_removed_loses_its_runs_and_the_server_continues(disk, instead):
    run = disk.train()
    disk.do("mv runs gone" + (" && touch runs" if instead == "a file" else ""))
    assert "That run is no longer here" in disk.show("train", f"run={run.id}")
    for page in PAGES:
        disk.show(page, f"run={run.id}")
    if instead == "a file":
        assert SENTENCE.format("File exists") in disk.show("train", f"config={TINY.to_link()}", "train")
        disk.do("rm runs")
    disk.stop(disk.train())
    disk.do("rm -r gone")


# --- requests while the disk refuses writes ---------------------------------------------------------------------


@pytest.fixture
def engine(cluster, tmp_path):
    engine = Engine(tmp_path / "runs", address=cluster.scheduler_address, job=run_until_released)
    yield engine
    engine.close()


def test_a_request_that_cannot_be_written_is_an_error_and_has_no_effect(engine, monkeypatch):
    run = engine.runs.get(engine.submit(TINY, "me"))
    (run.path / "go").touch()
    wait_for(lambda: run.state.phase == "finished")

    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = run.state
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)  # which all that must last comes to
        patch.setattr("trainer.runs.run.append_lines", refuse)
        for ask in (
            lambda: engine.request(run.id, "epochs", "me", value=3),
            lambda: engine.describe(run.id, "me", name="new"),
            lambda: engine.submit(TINY, "me"),
        ):
            with pytest.raises(UserError, match="must be writable"):
                ask()
    assert run.state == before and run.read().name != "new" and len(engine.runs.runs()) == 1
    engine.request(run.id, "resume", "me")  # the disk has space again
    wait_for(lambda: run.state.phase == "finished")
    assert run.requests.epochs == Requests.of(TINY, ()).epochs


def test_a_partly_written_line_is_removed(tmp_path, monkeypatch):
    path = tmp_path / "lines"
    path.write_bytes(b"old\n")

    class Full:
        """A file on a disk with space for three bytes."""

        def __init__(self, file):
            self.file, self.room = file, 3

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, content):
            if not self.room:
                raise OSError(errno.ENOSPC, "No space left on device")
            written, self.room = self.file.write(content[: self.room]), 0
            return written

    with path.open("ab", buffering=0) as file, pytest.raises(OSError):
        append_lines(Full(file), b"new line\n")
    assert path.read_bytes() == b"old\n"
    with path.open("ab", buffering=0) as file:
        append_lines(file, b"new line\n")
    assert files.parse_lines(path.read_bytes()) == [] and path.read_bytes() == b"old\nnew line\n"
