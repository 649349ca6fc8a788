"""Delays between attempts: longer after each failure, short again after a healthy minute."""

from trainer.jobs import backoff
from trainer.jobs.backoff import Backoff


def test_delays_double_up_to_a_minute_until_something_was_healthy_for_a_minute(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(backoff.time, "monotonic", lambda: now[0])
    attempts = Backoff()
    assert attempts.due
    for delay in (1, 2, 4, 8, 16, 32, 60, 60):
        attempts.started()
        now[0] += 59  # not long enough
        attempts.failed()
        now[0] += delay - 0.1
        assert not attempts.due
        now[0] += 0.2
        assert attempts.due
    attempts.started()
    now[0] += 61
    attempts.failed()
    now[0] += 1.1
    assert attempts.due
