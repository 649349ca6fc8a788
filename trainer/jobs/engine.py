"""Who trains next: hands runs to a Dask cluster, first in, first out, and notices the death of what it handed out.

The runs of a sweep come after all single ones, so that a class need not wait for somebody's thirty runs; several sweeps
take turns. The web process asks the engine for a training and reads everything else from the run directory.
"""

from __future__ import annotations

import heapq
import logging
import secrets
import shutil
import statistics
import subprocess
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from trainer import UserError
from trainer.config.training import TrainingConfig
from trainer.drawing.collection import Collection
from trainer.jobs.cluster import LOG, Cluster
from trainer.runs.owner import owner_hash
from trainer.runs.parent import content, find
from trainer.runs.progress import progress
from trainer.runs.requests import CONTINUE, FollowedDrawing
from trainer.runs.run import Run
from trainer.runs.state import LIVE
from trainer.runs.store import RunStore, new_id
from trainer.runs.sweep import Plan, Sweep, Sweeps
from trainer.storage.files import appending, writing

WAITING = 100  # single runs in the queue, and as many of sweeps; more is an accident or an attack
FIRST_LOOK = 2.0  # seconds in which the first page shows, before old runs and the cluster take the processor
LOOK = 1.0  # seconds between two looks at what cannot wake the engine
PURGE = 600.0  # seconds between two looks for deleted runs that can be restored no longer
SILENCE = 10.0  # seconds without a sign of life after which a job that nobody vouches for counts as dead
BEATS = 3.0  # seconds in which a job that lives gives a sign of life, whatever the clock says
TYPICAL = 30.0  # seconds of a training, as long as none has ended that would tell

_log = logging.getLogger(__name__)


def train(path: str) -> None:
    """Run the job in a worker; a function of this light module, so that submitting it imports no Keras."""
    from trainer.jobs import job

    job.run(path)


class Engine:
    """The one engine of a run root.

    Without an address it starts `trainer.jobs.host`, a cluster on this machine; with one it uses that Dask cluster,
    whose workers must see the same run directory. Raises UserError where another engine holds the root.
    """

    def __init__(
        self,
        root: Path,
        address: str | None = None,
        slots: int | None = None,
        job: Callable[[str], None] = train,
    ) -> None:
        self.runs = RunStore(root.absolute())
        self.sweeps = Sweeps(self.runs.root / "sweeps")
        self.problem = ""  # a sentence, while no cluster can be had
        self.ready = False  # whether a worker, Keras loaded, is there
        self.slots = 0  # trainings that run at once; 0 while the cluster starts
        self.bfloat16 = False  # whether its processors compute with 16 bits
        self._address = address
        self._asked_slots = slots
        self._job = job
        self._lock = threading.RLock()
        self._queue: deque[str] = deque()
        self._futures: dict[str, Any] = {}
        # Running when the engine began, another engine's or dead: the last sign of life, and since when it is the last.
        self._foreign: dict[str, tuple[float, float]] = {}
        self._dead: set[str] = set()  # those of which the disk has not yet let it be told
        self._cluster: Cluster | None = None
        self._closed = False
        self._purge_due = 0.0  # by the monotonic clock
        self._wake = threading.Event()
        with writing():
            root.mkdir(parents=True, exist_ok=True)
            lock = root / ".engine.lock"
            appending(lock).close()  # where that is not permitted FileLock would call it held by somebody else
            self._hold = FileLock(lock)
            try:
                self._hold.acquire(blocking=False)
            except Timeout:
                raise UserError(
                    f"A run folder serves one server at a time, and another one uses {root.name!r}: "
                    "stop that one, or set DIGITLAB_RUNS to another folder."
                ) from None
        self._thread = threading.Thread(target=self._serve, name="engine", daemon=True)
        self._thread.start()

    # --- what pages ask ---------------------------------------------------------------------------------------

    def collection(self, owner: str) -> Collection:
        """Return the drawings that a visitor, by their token, has labelled; nobody else gets them."""
        return Collection(self.runs.root / "drawings" / owner_hash(owner))

    def submit(
        self,
        config: TrainingConfig,
        owner: str = "",
        drawings: Iterable[FollowedDrawing] = (),
        parent: str = "",
    ) -> str:
        """Queue a training and return its run's id at once.

        `owner` is the token of who may steer it, `drawings` are theirs to follow. It goes on from the network of
        `parent`, if any (see `parent.find`), as that is now, and the owner's collection is mixed in where the config
        says so. Raises UserError where the network is damaged or has other layers, there is nothing to mix in, or the
        disk refuses.
        """
        network = content(find(self.runs, parent), config) if parent else None
        own = self._own_drawings(config, owner)
        with self._lock:
            self._check_queue()
            with _all_or_nothing() as made:
                run = self.runs.create(config, owner_hash(owner), parent, network, own)
                made.append(run)
                for drawing in drawings:
                    run.request("pin", **drawing.request())
            self._enqueue(run.id)
        self._wake.set()
        return run.id

    def submit_group(self, plan: Plan, owner: str = "") -> str:
        """Queue all runs of a sweep, or none of them, and return the sweep's id at once.

        Raises UserError where they are too many for the queue, the disk refuses, or there are no drawings to mix in.
        """
        own = self._own_drawings(plan.base, owner)
        sweep_id, mine = new_id(), owner_hash(owner)
        with self._lock:
            self._check_queue(len(plan), sweep_id)
            with _all_or_nothing() as made:
                for config, name in zip(plan.configs, plan.names, strict=True):
                    made.append(self.runs.create(config, mine, drawings=own, group=sweep_id))
                    made[-1].describe(name=name)
                self.sweeps.keep(Sweep(sweep_id, plan, tuple(run.id for run in made), time.time(), mine))
            self._enqueue(*(run.id for run in made))
        self._wake.set()
        return sweep_id

    def stop_group(self, sweep_id: str, owner: str = "") -> None:
        """Stop every run of a sweep that is not over, on behalf of its owner. Raises UserError for anybody else."""
        sweep = self.sweeps.get(sweep_id)
        if sweep is None:
            raise UserError("That sweep must exist (got one that is gone): choose another.")
        if sweep.owner != owner_hash(owner):
            raise UserError("Only who started a sweep can stop it: start one of your own.")
        with self._lock:  # or a run that waits would begin in the place of one that stops
            for run_id in sweep.runs:
                run = self.runs.get(run_id)
                if run is not None and not run.state.ended:
                    self.request(run_id, "stop", owner)

    def request(self, run_id: str, kind: str, owner: str = "", **values: Any) -> None:
        """Send a run a request of its owner's (see `runs.requests`); an ended run continues where that is requested.

        Raises UserError for anybody else, for what the run cannot do, and where the disk refuses.
        """
        run = self._own(run_id, kind.replace("_", " "), owner)
        with self._lock, writing():
            view = run.read()
            phase, waits, checkpoint = view.state.phase, run_id in self._queue, view.has_checkpoint
            live = phase in ("queued", "running", "paused")
            if not live and kind not in CONTINUE:
                return
            if not live and not view.can_resume:
                raise UserError("A run can go on where its checkpoint is (this one has none): train it again.")
            if kind in CONTINUE and phase not in LIVE:
                self._check_queue(1, view.group)
            run.request(kind, **values)
            if waits and kind == "pause":
                run.update(phase="paused")
                self._queue.remove(run_id)
            elif kind == "stop" and not checkpoint and (waits or phase == "paused"):
                run.update(phase="stopped", note="stopped before it began")
                if waits:
                    self._queue.remove(run_id)
            elif (phase == "paused" and kind == "stop") or (phase not in LIVE and kind in CONTINUE):
                run.update(phase="queued", activity="", error="", note="")  # a stop too: the test digits are read
                self._enqueue(run_id)
        self._wake.set()

    def describe(self, run_id: str, owner: str = "", **changes: Any) -> None:
        """Change a run's name, note or pin on behalf of its owner (see `runs.label`).

        Raises UserError for anybody else, and for a text that is too long.
        """
        self._own(run_id, "change", owner).describe(**changes)

    def delete(self, run_id: str, owner: str = "") -> None:
        """Delete a run on behalf of its owner; it can be had back for a day.

        Raises UserError for anybody else, and while it trains.
        """
        run = self._own(run_id, "delete", owner)
        with self._lock:
            if run.state.live or run_id in self._futures:
                raise UserError("A run can be deleted once it has ended (this one has not): stop it first.")
            self.runs.delete(run)

    def restore(self, run_id: str, owner: str = "") -> None:
        """Have a deleted run back on behalf of its owner. Raises UserError for anybody else, or where it is gone."""
        for run in self.runs.deleted():
            if run.id == run_id and run.state.owner != owner_hash(owner):
                raise UserError("Only who started a run can have it back: start one of your own.")
        self.runs.restore(run_id)

    def _own(self, run_id: str, what: str, owner: str) -> Run:
        run = self.runs.get(run_id)
        if run is None:
            raise UserError("That run must exist (got one that is gone): choose another.")
        if run.state.owner != owner_hash(owner):
            raise UserError(f"Only who started a run can {what} it: start one of your own.")
        return run

    def _own_drawings(self, config: TrainingConfig, owner: str) -> bytes | None:
        """Return what a run learns of its owner's drawings, an npz file, where its config says that it does."""
        if not config.own_examples:
            return None
        own = self.collection(owner).drawings
        if not len(own.labels):
            raise UserError(
                "Own drawings are mixed in once there are some (you have none): draw, and say what you meant."
            )
        return own.content()

    def _check_queue(self, more: int = 1, group: str = "") -> None:
        """Raise UserError where so many runs more may not wait; those of sweeps take no place from single ones."""
        waiting = sum(bool(self._group(run_id)) == bool(group) for run_id in self._queue)
        if waiting + more > WAITING:
            what, too = ("runs of sweeps", f"{waiting} wait, and these are {more}") if group else ("runs", "one more")
            raise UserError(f"At most {WAITING} {what} may wait (got {too}): try again when some are done.")

    def _enqueue(self, *run_ids: str) -> None:
        """Let runs wait: single ones come first, then sweeps take turns, so that the queue says who is next."""
        turns: Counter[str] = Counter()

        def turn(run_id: str) -> int:
            if group := self._group(run_id):
                turns[group] += 1
            return turns[group] if group else 0

        self._queue = deque(sorted([*self._queue, *run_ids], key=turn))  # who came first stays first in each turn

    def _group(self, run_id: str) -> str:
        run = self.runs.get(run_id)
        return run.group if run else ""

    @property
    def waiting(self) -> int:
        """Return how many runs wait."""
        return len(self._queue)

    def position(self, run_id: str) -> int:
        """Return the run's place among those that wait, from 1; 0 when it waits no longer."""
        with self._lock:
            return self._queue.index(run_id) + 1 if run_id in self._queue else 0

    def wait(self, run_id: str) -> float | None:
        """Estimate the seconds until a waiting run starts, from the pace of those before it; None while unknown."""
        with self._lock:
            queue, training = list(self._queue), list(self._futures)
        if not self.slots or run_id not in queue:
            return None
        states = [run.state for run in self.runs.runs()[:30]]
        ended = [state.seconds for state in states if state.phase in ("finished", "stopped")]
        typical = statistics.median(ended) if ended else TYPICAL
        free = [left for run in map(self.runs.get, training) if run and (left := self._left(run, typical)) is not None]
        free += [0.0] * (self.slots - len(free))
        heapq.heapify(free)
        for _ in range(queue.index(run_id)):
            heapq.heappush(free, heapq.heappop(free) + typical)
        return free[0]

    def _left(self, run: Run, typical: float) -> float:
        """Estimate the seconds that a run in training still takes."""
        view = run.read()
        state, requests = view.state, view.requests
        if requests.end:
            return 1.0
        now = progress(self.runs.history(run), state.steps, state.examples, requests.epochs, state.begun)
        return typical if now is None or now.seconds_left is None else now.seconds_left

    def close(self) -> None:
        """Let go of the cluster and the root; the host's workers end, and their runs show as interrupted."""
        self._closed = True
        self._wake.set()
        self._thread.join()
        self._hold.release()

    # --- the engine's own thread ------------------------------------------------------------------------------

    def _recover(self) -> None:
        """Queue again what waited, and watch what ran, when the last engine of this root went."""
        live = sorted((run.read() for run in self.runs.live()), key=lambda view: view.created)
        with self._lock:
            waiting = [view.id for view in live if view.state.phase == "queued" and view.id not in self._queue]
            self._queue.extendleft(reversed(waiting))  # they came before whatever has been asked for since the start
            self._enqueue()
            for view in live:
                if view.state.phase == "running":
                    self._foreign[view.id] = view.run.sign_of_life, time.monotonic()

    def _serve(self) -> None:
        begun = time.time()
        self._wake.wait(FIRST_LOOK)
        self._recover()
        self.runs.tidy(before=begun)
        try:
            while not self._closed:
                try:
                    self._look()
                except Exception:  # the thread must outlive every surprise, or nothing is ever trained again
                    _log.exception("the engine stumbled")
                self._wake.wait(LOOK)
                self._wake.clear()
        finally:
            if self._cluster is not None:
                self._cluster.close()

    def _look(self) -> None:
        if time.monotonic() >= self._purge_due:
            self._purge_due = time.monotonic() + PURGE
            self.runs.purge()
        for run_id in [*self._foreign, *self._dead]:
            run = self.runs.get(run_id)
            if run is None or not run.state.live:
                self._foreign.pop(run_id, None)
                self._dead.discard(run_id)
            elif run_id in self._dead or self._is_silent(run):
                self._foreign.pop(run_id, None)
                self._interrupt(run)
        if self._cluster is not None and not self._cluster.alive():
            _log.warning("the training cluster is gone; starting another")
            self._cluster.close()
            self._cluster, self.ready = None, False
        if self._cluster is None:
            try:
                self._cluster = Cluster(self._address, self._asked_slots, self.runs.root / LOG)
                self.problem = ""
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                if not self.problem:
                    _log.exception("no training cluster")
                self.problem = f"The training processes must start, but did not ({error}): see {LOG} in the run folder."
                return
        workers = self._cluster.workers()
        self.ready, self.slots, self.bfloat16 = workers > 0, self._cluster.slots or workers, self._cluster.bfloat16
        with self._lock:
            while self._queue and len(self._futures) < self.slots:
                if self._queue[0] in self._futures:  # paused and resumed: its last job is not quite over
                    break
                self._hand_out(self._queue.popleft())

    def _hand_out(self, run_id: str) -> None:
        assert self._cluster is not None
        key = f"{run_id}-{secrets.token_hex(4)}"  # a resumed run is another task
        future = self._cluster.client.submit(self._job, str(self.runs.root / run_id), key=key, pure=False, retries=0)
        self._futures[run_id] = future
        future.add_done_callback(lambda done: self._done(run_id, done))

    def _done(self, run_id: str, future: Any) -> None:
        """Set right the state of a job that could not do so itself, and free its slot."""
        with self._lock:
            self._futures.pop(run_id, None)
            run = self.runs.get(run_id)
            waits = run_id in self._queue  # it was paused, and already resumed
            phase = "" if run is None or waits or self._closed else run.state.phase
            if phase == "queued" and future.status == "cancelled":
                self._queue.appendleft(run_id)  # it was handed to a cluster that went before it could begin
                self._enqueue()
            elif run is not None and phase in LIVE:
                _log.warning("run %s: its process ended (%s)", run_id, future.status)
                self._interrupt(run)
        # A held future would be computed again if its worker died later.
        future.release()
        self._wake.set()

    def _is_silent(self, run: Run) -> bool:
        """Tell whether a run of another engine is dead; the clock may have jumped, and that of its machine be wrong."""
        now, sign = time.monotonic(), run.sign_of_life
        last, since = self._foreign[run.id]
        if sign != last:
            self._foreign[run.id] = sign, now
            return False
        return now - since > SILENCE or (now - since > BEATS and run.silence > SILENCE)

    def _interrupt(self, run: Run) -> None:
        """Say that a run's process is dead; where the disk refuses that, it is said at a later look."""
        try:
            run.tidy()
            run.update(
                phase="interrupted",
                activity="",
                error="The training process ended before the training did: what it had learned until then is kept.",
            )
            self._dead.discard(run.id)
        except OSError as error:
            if run.id not in self._dead:
                _log.warning("run %s: that it is dead could not be written (%s)", run.id, error)
            self._dead.add(run.id)


@contextmanager
def _all_or_nothing() -> Iterator[list[Run]]:
    """List the runs made in this block: where it fails none is left. Raises UserError where the disk refuses."""
    made: list[Run] = []
    try:
        with writing():
            yield made
    except BaseException:
        for run in made:
            shutil.rmtree(run.path, ignore_errors=True)
        raise
