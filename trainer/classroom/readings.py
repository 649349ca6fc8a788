"""What the networks of a class say of its drawings, each of which a network reads only once."""

from __future__ import annotations

from collections.abc import Collection, Hashable

import numpy as np

from trainer.classroom.digits import ClassDigits
from trainer.classroom.scores import Score

_FAILED: dict[bytes, np.ndarray] = {}


class Readings:
    """Probabilities of many networks for many drawings. Threads may share it.

    A network is known by any key that changes with its weights.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, dict[bytes, np.ndarray]] = {}

    def missing(self, network: Hashable, digits: ClassDigits) -> np.ndarray:
        """Return the indices of the digits that a network has not read."""
        known = self._known.get(network, {})
        if known is _FAILED:
            return np.empty(0, int)
        return np.array([place for place, key in enumerate(digits.image_keys) if key not in known], int)

    def add(self, network: Hashable, digits: ClassDigits, places: np.ndarray, probabilities: np.ndarray) -> None:
        """Add the probabilities, (n, 10), of the digits at n places; those of drawings that are gone are dropped."""
        read = {digits.image_keys[place]: row for place, row in zip(places.tolist(), probabilities, strict=True)}
        known = self._known.get(network, {})
        self._known[network] = {key: known[key] for key in digits.image_keys if key in known} | read

    def fail(self, network: Hashable) -> None:
        """Note that a network cannot be used."""
        self._known[network] = _FAILED

    def keep(self, networks: Collection[Hashable]) -> None:
        """Forget all other networks."""
        for network in set(self._known) - set(networks):
            self._known.pop(network, None)

    def score(self, network: Hashable, digits: ClassDigits) -> Score | None:
        """Return a network's score, or None while it has not read all digits, or without any."""
        known = self._known.get(network, {})
        rows = [known.get(key) for key in digits.image_keys]
        read = [row for row in rows if row is not None]
        if not read or len(read) < len(rows):
            return None
        return Score(np.array(read), digits.labels, digits.writers)
