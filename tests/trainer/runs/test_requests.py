"""Requests of a run's owner and their combined effect."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.config.training import TrainingConfig
from trainer.runs.requests import KINDS, MAX_DRAWINGS, FollowedDrawing, Requests
from trainer.storage.files import json_line, parse_lines

CONFIG = TrainingConfig(epochs=5, learning_rate=0.1)


def combined(*requests):
    return Requests.of(CONFIG, [{"kind": kind, **values} for kind, values in requests])


def drawing(name="a", label=7):
    image = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.float32) / 255
    return FollowedDrawing(name, label, image)


@pytest.mark.parametrize(
    ("kinds", "end"),
    [
        ([], ""),
        (["stop"], "stop"),
        (["pause"], "pause"),
        (["pause", "resume"], ""),
        (["pause", "resume", "pause"], "pause"),
        (["pause", "stop"], "stop"),
    ],
)
def test_the_last_request_decides_how_training_ends(kinds, end):
    assert combined(*((kind, {}) for kind in kinds)).end == end


def test_one_more_epoch_continues_a_stopped_run():
    assert combined(("stop", {}), ("epochs", {"value": 6})) == Requests("", 6, 0.1)


def test_a_drawing_is_sent_unchanged_and_can_be_unpinned():
    sent = drawing()
    requests = parse_lines(json_line({"kind": "pin", **sent.request()}))
    (got,) = Requests.of(CONFIG, requests).drawings
    assert (got.id, got.label) == ("a", 7)
    np.testing.assert_allclose(got.image, sent.image, atol=0.5 / 255)
    assert got.image.dtype == np.float32
    assert not Requests.of(CONFIG, [*requests, {"kind": "unpin", "drawing": "a"}]).drawings


def test_a_run_follows_a_limited_number_of_drawings():
    pins = [("pin", drawing(str(place)).request()) for place in range(MAX_DRAWINGS + 2)]
    assert len(combined(*pins).drawings) == MAX_DRAWINGS


@pytest.mark.parametrize(
    "request_",
    [
        {"kind": "epochs"},
        {"kind": "epochs", "value": 10**9},
        {"kind": "learning_rate", "value": "fast"},
        {"kind": "learning_rate", "value": float("nan")},
        {"kind": "pin"},
        {"kind": "pin", "drawing": "a", "label": 77, "image": ""},
        {"kind": "pin", "drawing": "a", "label": 7, "image": "AAAA"},
        {"kind": "pin", "drawing": "a", "label": 7, "image": "not base64!"},
        {"kind": "pin", "drawing": "a" * 999, "label": 7, "image": ""},
        {"kind": ["stop"]},
        {"kind": None},
        {},
    ],
)
def test_an_invalid_request_is_ignored(request_):
    assert Requests.of(CONFIG, [request_]) == Requests("", 5, 0.1)


KEYS = st.sampled_from(["kind", "value", "drawing", "label", "image"])
VALUES = st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=9), lambda x: st.lists(x, max_size=3))


@given(st.lists(st.dictionaries(KEYS, VALUES | st.sampled_from(KINDS))))
def test_any_json_can_be_read_as_requests(requests):
    assert isinstance(Requests.of(CONFIG, json.loads(json.dumps(requests))), Requests)
