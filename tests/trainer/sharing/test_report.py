"""Report of a run: its contents, and that it runs no scripts and loads nothing."""

from html.parser import HTMLParser

import numpy as np
import pytest

from tests.support.apps import TINY
from trainer import UserError
from trainer.analysis import evaluation
from trainer.data import datasets
from trainer.sharing import report
from trainer.storage.files import json_line

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">'
HISTORY = [
    {"kind": kind, "epoch": epoch, "step": 25 * epoch, "loss": 2.0 / epoch, "accuracy": 0.4, "seconds": 1.0}
    | ({"val_loss": 2.1 / epoch, "val_accuracy": 0.39} if kind == "epoch" else {})
    for epoch in (1, 2)
    for kind in ("batch", "epoch")
]


class Tags(HTMLParser):
    """Tags and addresses of a page; asserts that each tag is closed in its place."""

    VOID = ("meta", "img", "br", "wbr", "path", "circle", "polyline", "rect", "line", "polygon", "image", "ellipse")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "action", "srcset", "data")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        assert tag in self.VOID or self._open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def data(few_digits):
    return datasets.load(path=few_digits)


@pytest.fixture
def run(network_run, data):
    """A trained and evaluated run."""
    (network_run.path / "history.jsonl").write_bytes(b"".join(map(json_line, HISTORY)))
    weights = np.random.default_rng(0).normal(size=(1, 16, 28, 28)).astype(np.float16)
    np.savez(network_run.path / "snapshots.npz", steps=np.array([0]), weights=weights)
    evaluation.evaluate(network_run.network_file, TINY, data, network_run.path)
    network_run.update(test_accuracy=0.0815, test_loss=2.5, steps=25, examples=450)
    network_run.update(train_accuracy=0.0925, train_count=100, val_accuracy=0.06, val_count=50)
    return network_run


def test_it_shows_all_that_counts(run, data):
    page = report.page(run.read(), data)
    read = Tags(page)
    found = evaluation.read(run.path)
    worst = found.errors[0]
    label, said = found.labels[worst], found.predicted[worst]
    for part in (
        "8.15 %",
        "of 100 training digits9.25 %",
        "of 50 validation digits6.00 %",
        "2.5",
        "12,730",
        f"{label}, read\xa0as\xa0{said}",
        "16 units, relu",
        "learning rate 0.1",
    ):
        assert part in read.text, part
    assert {"svg", "table", "img"} <= read.tags and page.count("<figure") == report.MAX_ERRORS
    assert page.count('class="validation" points') == page.count('class="training" points') == 2
    assert len(page) < 1_000_000


def test_it_runs_no_scripts_loads_nothing_and_escapes_user_texts(run, data):
    run.describe(name=HOSTILE[:80], note=HOSTILE)
    run.update(data=HOSTILE, device=HOSTILE, note=HOSTILE)
    page = report.page(run.read(), data)
    read = Tags(page)
    assert not {"script", "link", "iframe", "object", "base", "form"} & read.tags and not read.handlers
    assert all(address.startswith("data:image/png;base64,") for address in read.addresses)
    assert "@import" not in page and "url(" not in page
    assert "default-src 'none'" in page
    assert HOSTILE in read.text


def test_without_evaluation_history_or_data_set_the_rest_is_there(run):
    assert "Worst errors" not in report.page(run.read())  # without the data set
    run.network_file.write_bytes(run.network_file.read_bytes() + b"\0")  # another network, without an evaluation
    assert "Confusion matrix" not in report.page(run.read())
    for name in ("evaluation.npz", "history.jsonl", "snapshots.npz"):
        (run.path / name).unlink()
    page = Tags(report.page(run.read())).text
    assert "no epoch was finished" in page and "Weights of the first layer" not in page


def test_a_damaged_configuration_raises_a_sentence(run):
    (run.path / "config.json").write_text("[]")
    with pytest.raises(UserError, match="damaged"):
        report.page(run.read())
