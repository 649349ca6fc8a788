"""Lock of a run root."""

import pytest

from trainer import UserError
from trainer.jobs.root_lock import lock_run_root


def test_a_run_root_serves_one_server_at_a_time(tmp_path):
    lock = lock_run_root(tmp_path / "runs")
    with pytest.raises(UserError, match=r"one server at a time \(got 'runs', which another one uses\)"):
        lock_run_root(tmp_path / "runs")
    lock.release()
    lock_run_root(tmp_path / "runs").release()


def test_a_root_that_cannot_be_written_is_a_user_error(tmp_path):
    (tmp_path / "runs").write_text("a file in place of the folder")
    with pytest.raises(UserError, match="must be writable"):
        lock_run_root(tmp_path / "runs")
