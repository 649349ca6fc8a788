import numpy as np
import pytest
from scipy.stats import binomtest

from trainer.comparison import Comparison, in_words, mcnemar


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (5, 5), (12, 3), (3, 12), (40, 61), (1_900, 7)])
def test_chance_is_that_of_the_exact_binomial_test(first, second):
    wanted = binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(wanted, rel=1e-6)


def masks(both, first, second, neither):
    pairs = [(True, True)] * both + [(True, False)] * first + [(False, True)] * second + [(False, False)] * neither
    return Comparison(*(np.array(mask) for mask in zip(*pairs, strict=True)))


def test_groups_are_who_is_right_where():
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
        ((50, 400, 4, 5), "fewer than 1 in 10,000 times"),
    ],
)
def test_words_say_who_is_better_and_whether_it_is_luck(counts, words):
    assert words in in_words(masks(*counts), ("A", "B"))
