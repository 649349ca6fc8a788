"""McNemar's test of two networks, and the images on which several disagree."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import binomtest

from trainer.analysis.agreement import (
    Comparison,
    Disagreement,
    combination_in_words,
    comparison_in_words,
    divergence,
    mcnemar,
)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (5, 5), (12, 3), (3, 12), (40, 61), (1_900, 7)])
def test_the_p_value_is_that_of_the_exact_binomial_test(first, second):
    wanted = binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(wanted, rel=1e-6)


def masks(both, first, second, neither):
    pairs = [(True, True)] * both + [(True, False)] * first + [(False, True)] * second + [(False, False)] * neither
    return Comparison(*(np.array(mask) for mask in zip(*pairs, strict=True)))


def test_groups_hold_the_images_that_each_network_reads_correctly():
    found = masks(4, 3, 2, 1)
    assert found.counts == (4, 3, 2, 1)
    assert found.groups["second"].tolist() == [7, 8] and found.groups["neither"].tolist() == [9]


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((5, 0, 0, 5), "exactly the same"),
        ((5, 3, 3, 5), "neither is better"),
        ((5, 6, 3, 5), "proves little"),
        ((50, 2, 40, 5), "B is really better"),
        ((50, 400, 4, 5), "less than once in 10,000 times"),
    ],
)
def test_the_sentence_names_the_better_network_and_the_role_of_chance(counts, words):
    assert words in comparison_in_words(masks(*counts), ("A", "B"))


def disagreement(networks: int, images: int, seed: int) -> Disagreement:
    """Return random predictions for images of three classes, so that networks often agree."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([0.3] * 3, (networks, images)).astype(np.float32)
    padded = np.pad(probabilities, ((0, 0), (0, 0), (0, 7)))
    return Disagreement([*padded], rng.integers(0, 3, images).astype(np.uint8))


@given(st.integers(2, 6), st.integers(1, 60), st.integers(0, 1000))
def test_each_image_is_in_the_combination_of_those_that_read_it_wrong(networks: int, images: int, seed: int) -> None:
    found = disagreement(networks, images, seed)
    counted: Counter[tuple[bool, ...]] = Counter()
    for at, label in enumerate(found.labels):
        wrong = tuple(int(np.argmax(one[at])) != label for one in found.probabilities)
        counted[wrong] += any(wrong)
    assert {wrong: len(there) for wrong, there in found.combinations.items()} == +counted
    assert sorted(at for there in found.combinations.values() for at in there) == sorted(found.disputed)
    sizes = [len(there) for there in found.combinations.values()]
    assert sizes == sorted(sizes, reverse=True)


def test_divergence_is_that_of_jensen_and_shannon() -> None:
    first, second = np.random.default_rng(1).dirichlet([1.0] * 10, (2, 50))
    wanted = jensenshannon(first, second, axis=1) ** 2
    assert divergence(np.stack([first, second])) == pytest.approx(wanted)
    certain = np.eye(10)[[3, 3, 7, 7]].reshape(4, 1, 10)
    assert divergence(certain) == pytest.approx([np.log(2)])
    assert divergence(certain[:2]) == pytest.approx([0.0])


def test_the_most_disputed_come_first() -> None:
    sure, unsure = np.eye(10), np.eye(10) * 0.5 + 0.05
    first = np.stack([sure[0], unsure[0], sure[0], sure[2]])
    second = np.stack([sure[0], unsure[1], sure[1], sure[2]])
    found = Disagreement([first, second], np.array([1, 1, 1, 2], np.uint8))
    assert found.disputed.tolist() == [
        2,
        1,
        0,
        # first confident and different, then unsure, then in agreement; all read image 3 correctly
    ]
    assert {wrong: there.tolist() for wrong, there in found.combinations.items()} == {
        (True, False): [2, 1],
        (True, True): [0],
    }


def test_networks_without_mistakes_dispute_nothing() -> None:
    found = Disagreement([np.eye(10), np.eye(10)], np.arange(10, dtype=np.uint8))
    assert len(found.disputed) == 0 and found.combinations == {}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ((True, True), "Both wrong"),
        ((False, True), "Only B wrong"),
        ((True, True, True), "All wrong"),
        ((True, False, False), "Only A wrong"),
        ((True, False, True), "Only B correct"),
        ((True, True, False, False), "A and B wrong"),
        ((True, False, True, True, False), "A, C and D wrong"),
    ],
)
def test_a_combination_is_described_briefly(wrong: tuple[bool, ...], words: str) -> None:
    assert combination_in_words(wrong, "ABCDE"[: len(wrong)]) == words
