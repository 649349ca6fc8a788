"""Synthetic digits drawn once and cached: a data set of their own, and extra training examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainer.data.cache import Cache, CachedArrays
from trainer.data.downloads import Progress
from trainer.data.npz import Array

COUNTS = (15_000, 2_500)  # training digits, test digits
DRAWN_PER_SEED = 500
# Part of the cache's key. Raise it when the same seed draws other pixels or labels (styles, synthetic_digits,
# normalize): every machine then draws its synthetic digits again. The golden hash in
# tests/trainer/drawing/test_synthetic_digits.py fails until then.
RECIPE = 1
EXTRA_SEED = 1_000  # the first seed of the extra training examples; their further parts start at its multiples


def extra_digits(count: int, progress: Progress | None = None) -> tuple[Array, Array]:
    """Return extra training examples: images (count, 28, 28), 0 paper .. 255 ink, and labels (count,).

    None of them is in the synthetic data set, so that its validation part stays unseen. They are drawn once, 15,000 in
    about a minute, and cached for all processes.
    """
    cache, seeds = Cache(), _first_seeds(count)
    parts: list[Sequence[Array]] = []

    def report(done: int, total: int) -> None:
        if progress:
            progress(len(parts) * total + done, len(seeds) * total)

    for first_seed in seeds:
        cached = cache.find(cache_key(first_seed))
        if not cached:
            with cache.lock():
                cached = find_or_draw(cache, report, first_seed)
        parts.append(cached.arrays)
    images, labels = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    return images[:count], labels[:count]


def extra_digits_cached(count: int) -> bool:
    """Return whether `extra_digits` needs to draw nothing. Never waits."""
    cache = Cache()
    return all(cache.find(cache_key(first_seed)) for first_seed in _first_seeds(count))


def _first_seeds(count: int) -> list[int]:
    """Return the first seed of each part of `count` extra digits."""
    return [EXTRA_SEED * (1 + part) for part in range(max(1, -(-count // COUNTS[0])))]


def cache_key(first_seed: int = 0) -> str:
    """Return the cache's key of the digits that are drawn from a seed on."""
    key = f"synthetic digits {COUNTS} {DRAWN_PER_SEED} recipe {RECIPE}"
    return key + (f" from {first_seed}" if first_seed else "")


def find_or_draw(cache: Cache, progress: Progress | None, first_seed: int = 0) -> CachedArrays:
    """Return synthetic digits from the cache, drawn first if needed. The caller holds the cache's lock."""
    key = cache_key(first_seed)
    cached = cache.find(key, verify=True)
    if not cached:
        cache.set(key, cache.save(_draw(progress, first_seed)))
        cached = cache.find(key)
    assert cached is not None
    return cached


def _draw(progress: Progress | None, first_seed: int) -> list[Array]:
    from trainer.drawing import synthetic_digits  # Pillow and the styles, needed only here

    train, total = COUNTS[0], sum(COUNTS)
    images, labels = [], []
    for seed, done in enumerate(range(0, total, DRAWN_PER_SEED), first_seed):
        if progress:
            progress(done, total)
        drawn = synthetic_digits.make_digits(min(DRAWN_PER_SEED, total - done), seed=seed)
        images.append(drawn[0])
        labels.append(drawn[1])
    x, y = np.concatenate(images), np.concatenate(labels)
    return [x[:train], y[:train], x[train:], y[train:]]
