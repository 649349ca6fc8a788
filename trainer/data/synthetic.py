"""Synthetic digits drawn once and cached: a data set of their own, and extra training examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np

from trainer.data.cache import Cache, CachedArrays
from trainer.data.downloads import Progress
from trainer.data.npz import Array

COUNTS = (15_000, 2_500)  # training digits, test digits
FIRST = (300, 200)  # of each, drawn first, in 2 seconds on an idle machine: pages show them while the rest is drawn
DRAWN_PER_SEED = 500
# Part of the cache's key. Raise it when the same seed draws other pixels or labels (styles, synthetic_digits,
# normalize, strokes, variations): every machine then draws its synthetic digits again. The golden hash in
# tests/trainer/drawing/test_synthetic_digits.py fails until then.
RECIPE = 2
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
        cached = cache.find(cache_key(first_seed)) or find_or_draw(cache, report, first_seed)
        assert cached is not None
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


def first_key() -> str:
    """Return the cache's key of the FIRST digits of the data set."""
    return f"{cache_key()} first {FIRST}"


def find_or_draw(
    cache: Cache,
    progress: Progress | None = None,
    first_seed: int = 0,
    on_first: Callable[[], bool] = lambda: True,
    is_wanted: Callable[[], bool] = lambda: True,
) -> CachedArrays | None:
    """Return synthetic digits from the cache, drawn first if needed, or None once they are no longer wanted.

    The FIRST digits of the data set are cached as soon as they are drawn and `on_first` agrees; both functions are
    called between two seeds.
    """
    key, is_saved = cache_key(first_seed), first_seed > 0
    arrays: list[Array] = []
    with cache.lock(f"drawing-{first_seed}"):
        with cache.lock():
            if cached := cache.find(key, verify=True):
                return cached
        for done, has_first, arrays in _draw(first_seed):
            if not is_wanted():
                return None
            if has_first and not is_saved and on_first():
                counts = (FIRST[0], FIRST[0], FIRST[1], FIRST[1])
                first = [array[:count] for array, count in zip(arrays, counts, strict=True)]
                with cache.lock():
                    cache.set(first_key(), cache.save(first))
                is_saved = True
            if progress:
                progress(done, sum(COUNTS))
        with cache.lock():
            cache.set(key, cache.save(arrays))
            return cache.find(key)


def _draw(first_seed: int) -> Iterator[tuple[int, bool, list[Array]]]:
    """Draw digits, the FIRST of both parts before the rest: each seed draws the same ones in any order of the seeds.

    Between two seeds yield how many are drawn, whether the FIRST are, and the arrays that fill up.
    """
    train, total = COUNTS[0], sum(COUNTS)
    images, labels = np.empty((total, 28, 28), np.uint8), np.empty(total, np.uint8)
    arrays = [images[:train], labels[:train], images[train:], labels[train:]]
    firsts, rests = [], []
    for seed, start in enumerate(range(0, total, DRAWN_PER_SEED), first_seed):
        part = slice(start, min(start + DRAWN_PER_SEED, total))
        end = train + FIRST[1] if part.stop > train else FIRST[0]  # of the FIRST digits, or before this part
        early = min(max(0, end - start), part.stop - start)
        pen = _pen(images[part], labels[part], seed)
        firsts.append((pen, early))
        rests.append((pen, part.stop - start - early))
    done, early = 0, sum(count for _, count in firsts)
    for pen, count in firsts + rests:
        if count:
            yield done, done >= early, arrays
            for _ in islice(pen, count):
                pass
            done += count
    yield done, True, arrays


def _pen(images: Array, labels: Array, seed: int) -> Iterator[None]:
    """Fill images and labels with the digits of a seed, one at each step."""
    from trainer.drawing import synthetic_digits  # Pillow and the styles, needed only here

    drawn, labels[:] = synthetic_digits.draw_digits(len(images), seed)
    for place, digit in enumerate(drawn):
        images[place] = digit
        yield
