"""End of a run whose process has died: its state, and the network of its last checkpoint."""

from __future__ import annotations

import logging
from typing import Any

from trainer import UserError
from trainer.networks.checkpoint import Checkpoint
from trainer.runs import lease
from trainer.runs.run import Run, RunView
from trainer.storage.files import write_atomically

LEASE_SECONDS = 3.0  # for which the lease is awaited; a process that has just ended may still have it

_log = logging.getLogger(__name__)


def end_dead_run(run: Run) -> None:
    """Write how a run ended whose process has died: as its owner had requested, or interrupted.

    Raises trainer.runs.lease.LeaseHeldError if a process still holds its lease, OSError if the disk refuses.
    """
    with lease.hold(run, LEASE_SECONDS):
        view = run.read()
        if not view.state.live:  # it could write its end after all
            return
        run.remove_leftovers()
        _export_checkpoint(view)
        run.update(activity="", **_end(view))


def _end(view: RunView) -> dict[str, Any]:
    match view.requests.end:
        case "stop":
            return {
                "phase": "stopped",
                "note": "its training process did not answer the stop and was ended, so the network was not tested",
            }
        case "pause" if view.has_checkpoint:
            return {
                "phase": "paused",
                "note": "its training process did not answer the pause and was ended: it continues from its last epoch",
            }
    return {
        "phase": "interrupted",
        "error": "The training process ended before the training did: what was learned until then is kept.",
    }


def _export_checkpoint(view: RunView) -> None:
    """Export the network of the last checkpoint if no later one was exported."""
    checkpoint, network = view.run.checkpoint, view.network
    if view.config is None or not view.has_checkpoint:
        return
    if network is not None and network.stat().st_mtime >= checkpoint.stat().st_mtime:
        return
    from trainer.networks import onnx_writer  # imports onnx, which the server seldom needs

    try:
        content = onnx_writer.to_onnx(Checkpoint.load(checkpoint).weights, view.config)
    except (UserError, KeyError, IndexError, ValueError):  # a damaged checkpoint
        _log.warning("run %s: its checkpoint has no network", view.id, exc_info=True)
        return
    write_atomically(view.run.network_file, content)
