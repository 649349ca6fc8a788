"""Engine: queues runs, hands them to a Dask cluster, and marks those whose process has died.

Pages ask the engine for trainings and read everything else from the run directory. Longer than 300 lines because
the queue, the running jobs and the states of their runs change together.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import secrets
import statistics
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from trainer import UserError
from trainer.config.shares import WAITING_RUNS, Share
from trainer.config.training import TrainingConfig
from trainer.drawing.collection import Collection
from trainer.jobs.cluster import LOG, Cluster
from trainer.jobs.connection import SILENT_SECONDS, Connection
from trainer.jobs.dead_run import end_dead_run
from trainer.jobs.heartbeats import Heartbeats
from trainer.jobs.queue import RunQueue, Ticket, wait_seconds
from trainer.jobs.root_lock import lock_run_root
from trainer.jobs.supervision import Supervision
from trainer.runs import lease
from trainer.runs.housekeeping import Housekeeping
from trainer.runs.owner import owner_hash
from trainer.runs.parent import find_parent, read_network
from trainer.runs.progress import progress
from trainer.runs.requests import CONTINUE, FollowedDrawing
from trainer.runs.run import Run, RunView
from trainer.runs.state import LIVE
from trainer.runs.store import RunStore, all_or_none, new_id
from trainer.runs.sweep import Plan, Sweep, Sweeps
from trainer.storage.files import translate_disk_errors

STARTUP_DELAY_SECONDS = 2.0  # the first page gets the processor before old runs are read and the cluster starts
POLL_SECONDS = 1.0  # between two checks of what cannot wake the engine
PURGE_SECONDS = 600.0  # between two removals of deleted runs that can no longer be restored
DEFAULT_TRAINING_SECONDS = 30.0  # estimate while no training has ended
END_SECONDS = 5.0  # for the end of a worker that is replaced
MAX_RETURNS = 5  # of a run into the queue, whose workers died before they had begun it

# What each kind of request does to a run, as the verb of an error.
_ACTIONS = {
    "stop": "stop",
    "pause": "pause",
    "resume": "resume",
    "epochs": "continue",
    "learning_rate": "change the learning rate of",
    "pin": "add drawings to",
    "unpin": "remove drawings from",
}

_log = logging.getLogger(__name__)


def train(path: str) -> None:
    """Run a job in a worker. Here, and not in `job`, so that submitting it does not import Keras."""
    from trainer.jobs import job

    job.run(path)


class Engine:
    """The only engine of a run root.

    Without an address it starts `trainer.jobs.host`, a cluster on this machine; with an address it uses that Dask
    cluster, whose workers must see the same run directory. Raises UserError if another engine uses the root.

    held: returns the owners, as hashes, whose waiting runs do not start for now, such as a class that listens.

    `_lock` protects the queue and the running jobs, and is never held over the disk. Each run's own lock is held while
    its state changes, over the disk; a run whose lock is held is not handed out. A thread that takes both takes the
    run's lock first.
    """

    def __init__(
        self,
        root: Path,
        address: str | None = None,
        slots: int | None = None,
        job: Callable[[str], None] = train,
        waiting: Share = WAITING_RUNS,
        held: Callable[[], Container[str]] = tuple,
    ) -> None:
        self.runs = RunStore(root.absolute())
        self.sweeps = Sweeps(self.runs.root / "sweeps")
        self.ready = False  # whether a worker has loaded Keras
        self.slots = 0  # trainings at the same time; 0 while the cluster starts
        self.bfloat16 = False  # whether its processors compute with 16 bits
        self._job, self._held = job, held
        self._lock = threading.Lock()
        self._run_locks: WeakValueDictionary[str, threading.RLock] = WeakValueDictionary()  # those in use, by run id
        self.housekeeping = Housekeeping(self.runs, self._run_lock)
        self._queue = RunQueue(lambda: self._futures, waiting)
        self._futures: dict[str, Any] = {}  # of running jobs, by run id
        self._unqueued: set[str] = set()  # sweeps whose runs are being written
        self._ended: deque[tuple[str, str]] = deque()  # run ids and Dask's status of jobs that have just ended
        self._handed_out: dict[str, int] = {}  # run id -> place in the order in which runs were handed out
        self._hand_outs, self._returns = itertools.count(), Counter[str]()
        self._supervision = Supervision()
        self._heartbeats = Heartbeats()  # of runs that an earlier engine or a lost connection left running
        self._dead: set[str] = set()  # runs whose processes have ended and whose states are yet to say so
        self._ending: dict[str, float] = {}  # address of a worker that is replaced -> when it must be gone (monotonic)
        self._connection = Connection(address, slots, self.runs.root / LOG)
        self._closed = False
        self._purge_due = 0.0  # monotonic
        self._wake = threading.Event()
        self._root_lock = lock_run_root(root)
        self._thread = threading.Thread(target=self._serve, name="engine", daemon=True)
        self._thread.start()

    # --- requests of pages ------------------------------------------------------------------------------------

    def collection(self, owner: str) -> Collection:
        """Return the labeled drawings of the visitor with this token; no other visitor gets them."""
        return Collection(self.runs.root / "drawings" / owner_hash(owner))

    def submit(
        self,
        config: TrainingConfig,
        owner: str = "",
        drawings: Iterable[FollowedDrawing] = (),
        parent: str = "",
        address: str = "",
    ) -> str:
        """Queue a training and return its run's id at once.

        owner: token of the visitor who may control it; drawings: theirs to follow; parent: see `find_parent`; address:
        their network address, whose share of the queue it takes. Training continues from a copy of the parent's
        network, made now, and learns the owner's collection if the config says so. Raises UserError if too many runs
        wait, the parent is damaged or has other layers, there are no drawings to learn, or the disk refuses.
        """
        network = read_network(find_parent(self.runs, parent), config) if parent else None
        own = self._own_drawings(config, owner)
        self.housekeeping.check_room()
        run_id, ticket = self.runs.new_id(), Ticket(owner_hash(owner), address=address)
        with self._lock:
            self._queue.check_room(ticket)
        with self._run_lock(run_id), all_or_none() as created:
            run = self.runs.create(config, ticket.owner, parent, network, own, run_id=run_id)
            created.append(run)
            for drawing in drawings:
                run.request("pin", **drawing.request())
            with self._lock:  # others may have taken the places meanwhile
                self._queue.check_room(ticket)
                self._queue.add({run_id: ticket})
        self._wake.set()
        return run_id

    def submit_sweep(self, plan: Plan, owner: str = "", address: str = "") -> str:
        """Queue all runs of a sweep, or none of them, and return the sweep's id at once.

        Raises UserError if they are too many for the queue, there are no drawings to learn, or the disk refuses.
        """
        own = self._own_drawings(plan.base, owner)
        sweep_id, hashed = new_id(), owner_hash(owner)
        ticket = Ticket(hashed, sweep_id, address)
        self.housekeeping.check_room()
        with self._lock:
            self._queue.check_room(ticket, len(plan))
            self._unqueued.add(sweep_id)
        try:
            with all_or_none() as created:
                for config, name in zip(plan.configs, plan.names, strict=True):
                    created.append(self.runs.create(config, hashed, drawings=own, group=sweep_id))
                    created[-1].describe(name=name)
                self.sweeps.save(Sweep(sweep_id, plan, tuple(run.id for run in created), time.time(), hashed))
                with self._lock:  # others may have taken the places meanwhile
                    self._queue.check_room(ticket, len(plan))
                    self._queue.add({run.id: ticket for run in created})
        except UserError:
            self.sweeps.remove(sweep_id)
            raise
        finally:
            with self._lock:
                self._unqueued.discard(sweep_id)
        self._wake.set()
        return sweep_id

    def stop_sweep(self, sweep_id: str, owner: str = "") -> None:
        """Stop every run of a sweep that has not ended. Raises UserError for anybody but its owner."""
        sweep = self.sweeps.get(sweep_id)
        if sweep is None:
            raise UserError("That sweep must exist (got one that is gone): choose another.")
        if sweep.owner != owner_hash(owner):
            raise UserError("Only its owner can stop a sweep: start your own.")
        with contextlib.ExitStack() as locks:
            for run_id in sorted(sweep.runs):  # all locks first: no waiting run may start when another one stops
                locks.enter_context(self._run_lock(run_id))
            for run_id in sweep.runs:
                run = self.runs.get(run_id)
                if run is not None and not run.state.ended:
                    self.request(run_id, "stop", owner)

    def request(
        self, run_id: str, kind: str, owner: str = "", *, allowed: Callable[[str], bool] | None = None, **values: Any
    ) -> None:
        """Send a run a request of its owner (see `runs.requests`); "resume" and "epochs" continue an ended run.

        allowed: tells whether a request may also come from somebody who is not the owner with this hash, such as the
        teacher of their class. Raises UserError for anybody else, for a run that cannot continue, and if the disk
        refuses.
        """
        run = self._own_run(run_id, _ACTIONS[kind], owner, allowed)
        with self._run_lock(run_id), translate_disk_errors():
            view = run.read()
            phase, checkpoint = view.state.phase, view.has_checkpoint
            live = phase in ("queued", "running", "paused")
            if not live and kind not in CONTINUE:
                return
            if not live and not view.can_resume:
                raise UserError("A run needs its checkpoint to continue (this one has none): train it again.")
            with self._lock:
                waits = run_id in self._queue
                if kind in CONTINUE and phase not in LIVE:
                    self._queue.check_room(_ticket(view))
            run.request(kind, **values)
            if waits and kind == "pause":
                run.update(phase="paused")
                with self._lock:
                    self._queue.remove(run_id)
            elif kind == "stop" and not checkpoint and (waits or phase == "paused"):
                run.update(phase="stopped", note="stopped before training started")
                if waits:
                    with self._lock:
                        self._queue.remove(run_id)
            elif (phase == "paused" and kind == "stop") or (phase not in LIVE and kind in CONTINUE):
                # A stopped run is queued too: a worker tests its network.
                run.update(phase="queued", activity="", error="", note="")
                with self._lock:
                    self._queue.add({run_id: _ticket(view)})
        self._wake.set()

    def describe(self, run_id: str, owner: str = "", **changes: Any) -> None:
        """Change a run's name, note or pin (see `runs.label`).

        Raises UserError for anybody but its owner, and for a text that is too long.
        """
        self._own_run(run_id, "change", owner).describe(**changes)

    def delete(self, run_id: str, owner: str = "") -> None:
        """Delete a run, which can be restored for 24 hours.

        Raises UserError for anybody but its owner, and while it is queued or running.
        """
        run = self._own_run(run_id, "delete", owner)
        with self._run_lock(run_id):
            if run.state.live or run_id in self._futures:
                raise UserError("A run must have ended to be deleted (this one has not): stop it first.")
            self.runs.delete(run)

    def restore(self, run_id: str, owner: str = "") -> None:
        """Restore a deleted run. Raises UserError for anybody but its owner, or if it is gone."""
        for run in self.runs.deleted():
            if run.id == run_id and run.state.owner != owner_hash(owner):
                raise UserError("Only its owner can restore a run: start your own.")
        self.runs.restore(run_id)

    def _own_run(self, run_id: str, action: str, owner: str, allowed: Callable[[str], bool] | None = None) -> Run:
        run = self.runs.get(run_id)
        if run is None:
            raise UserError("That run must exist (got one that is gone): choose another.")
        if (real := run.state.owner) != owner_hash(owner) and not (allowed and allowed(real)):
            raise UserError(f"Only its owner can {action} a run: start your own.")
        return run

    def _own_drawings(self, config: TrainingConfig, owner: str) -> bytes | None:
        """Return the owner's drawings that a run learns, as an npz file, or None if its config uses none."""
        if not config.own_examples:
            return None
        own = self.collection(owner).drawings
        if not len(own.labels):
            raise UserError("Training with your own drawings needs some (got none): draw a digit and say what it is.")
        return own.content()

    def _run_lock(self, run_id: str) -> threading.RLock:
        """Return the lock that is held while a run's state changes."""
        with self._lock:
            return self._run_locks.setdefault(run_id, threading.RLock())

    @property
    def waiting_count(self) -> int:
        """Return the number of waiting runs."""
        return len(self._queue)

    def live_runs(self, owner: str) -> list[str]:
        """Return the ids of the visitor's waiting and running runs, from memory: those that this engine has queued."""
        return self.live_runs_of(owner_hash(owner))

    def live_runs_of(self, owner: str) -> list[str]:
        """Return the same for the hash of a visitor's token."""
        with self._lock:
            return self._queue.runs_of(owner)

    def position(self, run_id: str) -> int:
        """Return a run's position among the waiting runs, from 1, or 0 if it does not wait."""
        with self._lock:
            return self._queue.position(run_id)

    def reason_to_wait(self, run_id: str) -> str:
        """Say in half a sentence why other runs start before a waiting run, or "" if none does or it waits no more."""
        with self._lock:
            return self._queue.reason(run_id)

    def wait_seconds(self, run_id: str) -> float | None:
        """Estimate the seconds until a waiting run starts, or return None if unknown."""
        with self._lock:
            position, running = self._queue.position(run_id), list(self._futures)
        if not self.slots or not position or self.problem:
            return None
        states = [run.state for run in self.runs.runs()[:30]]
        ended = [state.seconds for state in states if state.phase in ("finished", "stopped")]
        typical = statistics.median(ended) if ended else DEFAULT_TRAINING_SECONDS
        left = [self._seconds_left(run, typical) for run in map(self.runs.get, running) if run]
        return wait_seconds(position, left, self.slots, typical)

    def _seconds_left(self, run: Run, typical: float) -> float:
        """Estimate the seconds that a running training still takes."""
        view = run.read()
        state, requests = view.state, view.requests
        if requests.end:
            return 1.0
        now = progress(self.runs.history(run), state.steps, state.examples, requests.epochs, state.begun)
        return typical if now is None or now.seconds_left is None else now.seconds_left

    @property
    def problem(self) -> str:
        """Return a sentence while queued runs cannot start, or ""."""
        return self._connection.problem

    def silence(self, run: Run) -> float:
        """Return for how many seconds a running run has given no heartbeat, or 0 while it is no longer than usual."""
        silent = max(self._supervision.silence(run), self._heartbeats.silence(run))
        return silent if silent >= SILENT_SECONDS else 0.0

    def close(self) -> None:
        """Disconnect from the cluster and unlock the root; the host's workers end, and their runs are interrupted."""
        self._closed = True
        self._wake.set()
        self._thread.join()
        self._root_lock.release()

    # --- the engine's thread ----------------------------------------------------------------------------------

    def _recover(self, earlier: set[str]) -> None:
        """Queue the runs that waited when the last engine of this root ended, and watch those that ran.

        earlier: ids of the runs that were there when this engine started; it queues later ones as they are submitted.
        """
        views = (run.read() for run in self.runs.live() if run.id in earlier)
        live = sorted(views, key=lambda view: view.created, reverse=True)
        for run in (view.run for view in live):  # each comes before the later ones and before what was just submitted
            with self._run_lock(run.id):
                view = run.read()  # it may have changed meanwhile
                if view.state.phase == "running":
                    self._heartbeats.watch(run)
                elif view.state.phase == "queued":
                    with self._lock:
                        if run.id not in self._queue and view.group not in self._unqueued:
                            self._queue.add({run.id: _ticket(view)}, first=True)

    def _serve(self) -> None:
        started, earlier = time.time(), {run.id for run in self.runs.runs()}
        self._wake.wait(STARTUP_DELAY_SECONDS)
        try:
            self._recover(earlier)
            self.runs.remove_leftovers(before=started)
        except Exception:  # whatever lies in the run folder, new runs must be trained
            _log.exception("the runs of the last server could not all be read")
        try:
            while not self._closed:
                try:
                    self._poll()
                except Exception:  # without this thread nothing would be trained any more
                    _log.exception("the engine failed and goes on")
                self._wake.wait(POLL_SECONDS)
                self._wake.clear()
        finally:
            self._connection.close()

    def _poll(self) -> None:
        if time.monotonic() >= self._purge_due:
            self._purge_due = time.monotonic() + PURGE_SECONDS
            self.housekeeping.tidy()
        self._settle_ended()
        self._end_dead_runs()
        cluster = self._connection.connect(idle=not self._futures)
        if cluster is None:
            self.ready = False
            return
        workers = len(cluster.workers)
        self.ready, self.slots, self.bfloat16 = workers > 0, cluster.slots or workers, cluster.bfloat16
        self._supervise(cluster)
        if any(time.monotonic() < end for address, end in self._ending.items() if address in cluster.workers):
            return  # a run that started now could start there
        elsewhere = len(self._heartbeats.watched) if self._connection.remote else 0  # they may still use its workers
        while len(self._futures) + elsewhere < self.slots and self._start_next(cluster):
            pass

    def _supervise(self, cluster: Cluster) -> None:
        """End the workers that hang or whose jobs do not end; their runs are settled when Dask reports it."""
        with self._lock:
            handed_out = {future.key: run_id for run_id, future in self._futures.items()}
        jobs = {key: run for key, run_id in handed_out.items() if (run := self.runs.get(run_id))}
        for address, reason in self._supervision.observe(cluster.workers.values(), jobs).items():
            if cluster.kill(cluster.workers[address]):
                self._ending[address] = time.monotonic() + END_SECONDS
                _log.warning("worker %s is replaced: %s", address, reason)
            else:
                _log.warning("worker %s has no nanny that could replace it: %s", address, reason)

    def _start_next(self, cluster: Cluster) -> bool:
        """Hand out the first waiting run that can start, and tell whether there was one.

        Runs whose last process still writes go on waiting, and so do those whose states are being changed or whose
        owners are held.
        """
        frozen = self._held() if len(self._queue) else ()
        with self._lock:  # a run may have been paused and resumed while its last job is ending
            order = [id for id in self._queue if id not in self._futures and self._queue.owner(id) not in frozen]
        for run_id in order:
            with _held_if_free(self._run_lock(run_id)) as held:
                if not held or ((run := self.runs.get(run_id)) and lease.state(run) == "held"):
                    continue
                with self._lock:
                    if run_id in self._queue:  # still
                        self._hand_out(run_id, cluster)
                        self._queue.remove(run_id)
                        return True
        return False

    def _hand_out(self, run_id: str, cluster: Cluster) -> None:
        key = f"{run_id}-{secrets.token_hex(4)}"  # a resumed run is a new task
        future = cluster.client.submit(self._job, str(self.runs.root / run_id), key=key, pure=False, retries=0)
        self._futures[run_id], self._handed_out[run_id] = future, next(self._hand_outs)
        future.add_done_callback(lambda done: self._done(run_id, done))

    def _done(self, run_id: str, future: Any) -> None:
        """Free a job's slot; the engine's thread settles its run."""
        with self._lock:
            if self._futures.get(run_id) is future:  # else the run has been handed out again meanwhile
                del self._futures[run_id]
        self._ended.append((run_id, future.status))
        future.release()  # Dask computes a held future again if its worker dies later
        self._wake.set()

    def _settle_ended(self) -> None:
        """Correct the states of runs whose jobs have ended and could not do so themselves."""
        while self._ended and not self._closed:
            run_id, status = self._ended.popleft()
            if run := self.runs.get(run_id):
                with self._run_lock(run_id):
                    self._settle(run, status)

    def _settle(self, run: Run, status: str) -> None:
        with self._lock:
            if run.id in self._queue or run.id in self._futures:  # it was paused, and has already been resumed
                return
        view = run.read()
        if view.state.phase == "queued" and self._returns[run.id] < MAX_RETURNS:  # no worker had begun it
            self._returns[run.id] += 1
            with self._lock:
                returned = {waiting: self._queue.remove(waiting) for waiting in self._queue if self._returns[waiting]}
                returned[run.id] = _ticket(view)
                ids = sorted(returned, key=self._handed_out.__getitem__)
                self._queue.add({run_id: returned[run_id] for run_id in ids}, first=True)
            return
        self._returns.pop(run.id, None)
        self._handed_out.pop(run.id, None)
        if view.state.phase == "paused" and view.requests.end != "pause":  # requested while its job was ending
            with contextlib.suppress(OSError):  # it stays paused
                run.update(phase="queued")
                with self._lock:
                    self._queue.add({run.id: _ticket(view)})
        elif view.state.live:
            _log.warning("run %s: its job ended (%s)", run.id, status)
            if status == "cancelled":  # the connection is lost, and the job may go on
                self._heartbeats.watch(run)
            else:
                self._dead.add(run.id)

    def _end_dead_runs(self) -> None:
        for run_id in [*self._heartbeats.watched, *self._dead]:
            run = self.runs.get(run_id)
            if run is None or not run.state.live or run_id in self._queue:
                self._heartbeats.forget(run_id)
                self._dead.discard(run_id)
            elif run_id in self._dead or self._is_dead(run):
                self._end_dead_run(run)

    def _is_dead(self, run: Run) -> bool:
        """Tell whether a watched run's process is proven dead."""
        cluster = self._connection.cluster
        if not self._connection.remote:
            return self._heartbeats.is_dead(run, remote=False)
        if cluster is None or cluster.silence > SILENT_SECONDS:
            return False  # the scheduler may know of it
        keys = [key for worker in cluster.workers.values() for key in worker.keys]
        return self._heartbeats.is_dead(run) and not any(key.startswith(run.id) for key in keys)

    def _end_dead_run(self, run: Run) -> None:
        """Let a dead run's state say how it ended; if the disk refuses, the next poll tries again."""
        try:
            end_dead_run(run)
        except lease.LeaseHeldError:  # its process goes on, out of the scheduler's sight
            self._dead.discard(run.id)
            self._heartbeats.watch(run)
        except OSError as error:
            if run.id not in self._dead:
                _log.warning("run %s: its end could not be written (%s)", run.id, error)
            self._dead.add(run.id)
        else:
            self._dead.discard(run.id)
            self._heartbeats.forget(run.id)


def _ticket(view: RunView) -> Ticket:
    return Ticket(view.state.owner, view.group)


@contextlib.contextmanager
def _held_if_free(lock: threading.RLock) -> Iterator[bool]:
    """Hold a lock during this block unless another thread holds it, and tell whether it is held."""
    held = lock.acquire(blocking=False)
    try:
        yield held
    finally:
        if held:
            lock.release()
