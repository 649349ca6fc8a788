"""A folder for runs that is missing, read-only, full, a file, or taken away: a sentence, and the server goes on."""

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
from tests.support.jobs import run_until_told
from trainer import UserError
from trainer.jobs.engine import Engine
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.inference import Network
from trainer.runs.progress import epochs_done
from trainer.runs.requests import Requests
from trainer.runs.store import RunStore
from trainer.storage import files
from trainer.storage.files import append

OWNER = "the-owner-of-all-runs-in-folders"
PAGES = ("", "train", "data", "evaluate", "inside", "learn", "runs", "compare", "sweep")
ENDLESS = replace(TINY, epochs=200, batch_size=1)
SENTENCE = "The folder for runs must be writable (got: {})"


# --- when the app starts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["a file", "below a file", "of the kernel", "in the kernel's"])
def test_a_folder_that_cannot_be_used_is_a_sentence_until_it_can(folder, app, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    places = {
        "a file": tmp_path / "file",
        "below a file": tmp_path / "file" / "runs",
        "of the kernel": Path("/proc/self"),
        "in the kernel's": Path("/proc/self/runs"),
    }
    if "kernel" in folder and sys.platform != "linux":
        pytest.skip("this system has no folder that nobody can write to")
    good = os.environ["DIGITLAB_RUNS"]
    monkeypatch.setenv("DIGITLAB_RUNS", str(places[folder]))
    app.run()
    assert not app.exception and not app.title
    (said,) = app.error
    assert said.value.startswith("The folder for runs must be writable") and "DIGITLAB_RUNS" in said.value
    monkeypatch.setenv("DIGITLAB_RUNS", good)  # it has been mended
    app.run()
    assert app.title and not app.error


def test_a_missing_folder_is_made(app, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITLAB_RUNS", str(tmp_path / "not" / "yet"))
    app.run()
    assert app.title and not app.error
    assert (tmp_path / "not" / "yet").is_dir()


# --- while a server serves, on a small disk of its own --------------------------------------------------------


class SmallDisk:
    """A server whose folder for runs lies on a disk of 8 MB that only its processes see."""

    def __init__(self, place: Path, data: Path) -> None:
        unshare = ["unshare", "--user", "--map-root-user", "--mount"]
        before = [*unshare, "sh", "-c", f'mount -t tmpfs -o size=8m none "{place}" && exec "$@"', "sh"]
        if not shutil.which("unshare") or subprocess.run([*before, "true"], capture_output=True).returncode:
            pytest.skip("this machine lets nobody mount a small disk")
        self.place = place
        self.server = Server(place / "runs", data=data, before=before)
        self.disk = Path(f"/proc/{self.server.process.pid}/root{place}")
        self.runs = self.disk / "runs"
        self.store = RunStore(self.runs)

    def do(self, command: str) -> None:
        """Do something as the server's machine would, which knows the disk."""
        enter = ["nsenter", "-t", str(self.server.process.pid), "--user", "--mount", "--preserve-credentials"]
        subprocess.run([*enter, "sh", "-c", f'cd "{self.place}" && {command}'], check=True, capture_output=True)

    def show(self, page: str, query: str = "", press: str = "") -> str:
        """Open a page as the owner of all runs, perhaps press a button, and return what the page shows."""

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
        """Press Train and return the run, once it has ended an epoch."""
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
def test_a_disk_that_fills_up_while_a_job_trains_ends_the_run_which_goes_on_when_there_is_room(disk):
    run = disk.train()
    wait_for(lambda: run.network)
    disk.do("dd if=/dev/zero of=full bs=1000 2>/dev/null || true")
    wait_for(lambda: run.state.ended)
    assert run.state.phase == "interrupted"
    assert run.state.error == f"{SENTENCE.format('No space left on device')}: free some space, then press Resume."
    Network(run.network)
    reached = Checkpoint.load(run.checkpoint).epoch
    assert reached >= epochs_done(disk.store.history(run)) >= 1  # a line comes after its checkpoint
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


def test_a_folder_that_becomes_read_only_in_mid_run_is_a_sentence_and_the_run_is_taken_up_later(disk):
    run = disk.train()
    disk.do("mount --bind runs runs && mount -o remount,bind,ro runs")
    asked = SENTENCE.format("Read-only file system")
    assert asked in disk.show("train", f"config={TINY.to_link()}", "train")
    assert asked in disk.show("train", f"run={run.id}", "steer.stop")
    for page in PAGES:
        disk.show(page, f"run={run.id}")
    assert run.state.phase == "running"  # nobody can write that it is not
    disk.do("umount -l runs")
    wait_for(lambda: run.state.phase == "interrupted")
    disk.show("train", f"run={run.id}", "steer.resume")
    wait_for(lambda: run.state.phase == "running")
    disk.stop(run)


@pytest.mark.parametrize("instead", ["nothing", "a file"])
def test_a_folder_that_vanishes_in_mid_run_takes_its_runs_along_and_nothing_else(disk, instead):
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


# --- what is asked while the disk refuses ---------------------------------------------------------------------


@pytest.fixture
def engine(cluster, tmp_path):
    engine = Engine(tmp_path / "runs", address=cluster.scheduler_address, job=run_until_told)
    yield engine
    engine.close()


def test_what_is_asked_of_a_run_while_the_disk_refuses_is_a_sentence_and_has_not_been_asked(engine, monkeypatch):
    run = engine.runs.get(engine.submit(TINY, "me"))
    (run.path / "go").touch()
    wait_for(lambda: run.state.phase == "finished")

    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = run.state
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)  # which all that must last comes to
        patch.setattr("trainer.runs.run.append", refuse)
        for ask in (
            lambda: engine.request(run.id, "epochs", "me", value=3),
            lambda: engine.describe(run.id, "me", name="new"),
            lambda: engine.submit(TINY, "me"),
        ):
            with pytest.raises(UserError, match="must be writable"):
                ask()
    assert run.state == before and run.read().name != "new" and len(engine.runs.runs()) == 1
    engine.request(run.id, "resume", "me")  # there is room again
    wait_for(lambda: run.state.phase == "finished")
    assert run.requests.epochs == Requests.of(TINY, ()).epochs


def test_half_a_line_is_taken_back(tmp_path, monkeypatch):
    path = tmp_path / "lines"
    path.write_bytes(b"old\n")

    class Full:
        """A file on a disk with room for three bytes."""

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
        append(Full(file), b"new line\n")
    assert path.read_bytes() == b"old\n"
    with path.open("ab", buffering=0) as file:
        append(file, b"new line\n")
    assert files.records(path.read_bytes()) == [] and path.read_bytes() == b"old\nnew line\n"
