"""Runs that are created while no page shows substitutes for MNIST."""

import pytest


@pytest.fixture(autouse=True)
def mnist_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Create runs as if pages showed MNIST: what other tests left in the cache must not matter."""
    monkeypatch.setattr("trainer.runs.store.substitute_shown", lambda name: "")
