import keras
import numpy as np
import pytest

from trainer.drawing import synthetic_digits
from trainer.lessons import convolution
from trainer.lessons.convolution import KERNELS, MAX_WEIGHT


@pytest.mark.parametrize("title", KERNELS)
def test_map_relu_and_pooling_equal_those_of_keras(title):
    images, _ = synthetic_digits.make_digits(1, seed=2)
    image, weights = (images[0] / 255).astype(np.float32), KERNELS[title].weights
    ours = convolution.outputs(image, weights)
    kernel = np.array(weights, np.float32).reshape(3, 3, 1, 1)
    sums = keras.ops.conv(image[None, ..., None], kernel, padding="valid")
    positive = keras.ops.relu(sums)
    for mine, theirs in (
        (ours.map, sums),
        (ours.relu, positive),
        (ours.pooled, keras.ops.max_pool(positive, 2)),
    ):
        assert mine == pytest.approx(keras.ops.convert_to_numpy(theirs)[0, ..., 0], abs=1e-5)
    assert convolution.title_of(weights) == title


@pytest.mark.parametrize(
    "sent, weights",
    [
        ([0, 1, 2.5, -1, 0, 0, 0, 0, 100], (0, 1, 2.5, -1, 0, 0, 0, 0, MAX_WEIGHT)),
        ([0] * 8, None),
        ([0] * 8 + [float("nan")], None),
        ([0] * 8 + ["1"], None),
        ([0] * 8 + [True], None),
        ({"0": 1}, None),
        (None, None),
    ],
)
def test_a_kernel_from_a_browser_has_nine_numbers_within_limits(sent, weights):
    assert convolution.kernel_weights(sent) == weights
