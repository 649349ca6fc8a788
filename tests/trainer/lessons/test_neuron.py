import numpy as np
import pytest

from trainer.lessons.neuron import POINT_SETS, SIGMOID, STEP, Neuron, neuron_chart
from trainer.lessons.plane import Points


def trained(points: Points, kind: str, steps: int) -> Neuron:
    neuron, place = Neuron(), -1
    for _ in range(steps):
        if kind == SIGMOID:
            neuron = neuron.gradient_step(points)
            continue
        neuron, index = neuron.perceptron_step(points, place)
        if index is None:
            break
        place = index
    return neuron


def test_the_sum_is_the_weighted_inputs_plus_the_bias():
    places = np.array([[1.0, 0.0], [0.0, 1.0], [-0.5, 0.5]])
    assert Neuron(2.0, -1.0, 0.25).sums(places) == pytest.approx([2.25, -0.75, -1.25])
    assert Neuron(2.0, -1.0, 0.25).outputs(places, STEP).tolist() == [1, 0, 0]
    assert Neuron(2.0, -1.0, 0.0).outputs(np.zeros((1, 2)), SIGMOID) == pytest.approx([0.5])


@pytest.mark.parametrize("kind", [STEP, SIGMOID])
def test_a_neuron_learns_to_separate_two_groups(kind):
    points = POINT_SETS["Two groups"]
    assert trained(points, kind, 100).correct(points).all()


@pytest.mark.parametrize("kind", [STEP, SIGMOID])
def test_no_line_separates_groups_in_opposite_corners(kind):
    points = POINT_SETS["Crosswise"]
    angles, biases = np.linspace(0, 2 * np.pi, 90), np.linspace(-1.4, 1.4, 57)
    best = max(
        int(Neuron(np.cos(angle), np.sin(angle), bias).correct(points).sum()) for angle in angles for bias in biases
    )
    assert best < len(points.labels) * 0.8
    assert trained(points, kind, 100).correct(points).sum() <= best


def test_most_points_of_overlapping_groups_are_separated():
    points = POINT_SETS["They overlap"]
    right = trained(points, SIGMOID, 200).correct(points)
    assert 0.75 < right.mean() < 1


def test_the_perceptron_rule_adds_squares_and_subtracts_circles():
    places = np.array([[0.5, 0.25], [0.5, -0.5]])
    moved, place = Neuron().perceptron_step(Points(places, np.array([1, 0])), rate=1.0)
    assert place == 0 and moved == Neuron(0.5, 0.25, 1.0)
    moved, place = Neuron(0.0, 0.0, 1.0).perceptron_step(Points(places, np.array([1, 0])), rate=1.0)
    assert place == 1 and moved == Neuron(-0.5, 0.5, 0.0)


def test_a_gradient_step_follows_the_slope_of_the_cross_entropy():
    points, neuron, rate = POINT_SETS["They overlap"], Neuron(0.3, -0.2, 0.1), 0.001

    def loss(*values: float) -> float:
        outputs = Neuron(*values).outputs(points.positions, SIGMOID)
        return float(-np.mean(np.log(np.where(points.labels == 1, outputs, 1 - outputs))))

    values, epsilon = np.array([0.3, -0.2, 0.1]), 1e-5
    slopes = [(loss(*(values + epsilon * one)) - loss(*(values - epsilon * one))) / (2 * epsilon) for one in np.eye(3)]
    moved = neuron.gradient_step(points, rate=rate * 1000)
    assert np.array([moved.weight_1, moved.weight_2, moved.bias]) - values == pytest.approx(-np.array(slopes), abs=1e-3)


def test_the_chart_shows_all_points_and_marks_misclassified_ones():
    points = POINT_SETS["Two groups"]
    neuron = Neuron(0.0, 0.0, 1.0)  # outputs 1 everywhere: all circles are misclassified, and there is no line
    figure = neuron_chart(neuron, points, STEP)
    _, squares, circles, misclassified = figure["data"]
    assert len(squares["x"]) == len(circles["x"]) == len(misclassified["x"]) == 20
    assert not figure["layout"]["shapes"]
    (line,) = neuron_chart(Neuron(1.0, 0.0, -0.5), points, SIGMOID)["layout"]["shapes"]
    assert line["x0"] == pytest.approx(0.5) and line["x1"] == pytest.approx(0.5)
