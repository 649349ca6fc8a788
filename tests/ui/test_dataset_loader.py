"""Data sets on pages: what is shown before MNIST is here, and after."""

import threading
from types import SimpleNamespace

import numpy as np
from streamlit.testing.v1 import AppTest

from harness.waiting import TIMEOUT_SECONDS, wait_for
from tests.support.data_files import STAND_IN
from trainer.data import datasets, fetch, synthetic
from trainer.data.cache import content_hash
from trainer.runs.store import RunStore
from ui import background, dataset_loader


def page():
    import streamlit as st

    from ui import dataset_loader

    dataset_loader.render_badge()
    dataset_loader.render_notice()
    if dataset := dataset_loader.load():
        st.text(f"{dataset.source}, {len(dataset.x_train)}")


def texts(app):
    parts = [part.value for part in (*app.markdown, *app.text)]
    return " | ".join(parts + [bar.proto.text for bar in app.get("progress")])


def test_a_page_shows_synthetic_digits_until_mnist_is_here(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(synthetic, "COUNTS", (25, 15))
    monkeypatch.setattr(fetch, "MNIST_HASH", content_hash(STAND_IN.values()))
    key, load, steps, is_here = ("data set", "mnist"), datasets.load, [], threading.Event()

    def load_slowly(name, path, report, retry):
        steps.append(report)
        report("looking", 0, 0)
        is_here.wait(TIMEOUT_SECONDS)
        return load()

    monkeypatch.setattr(datasets, "load", load_slowly)
    background.forget(key)
    try:
        app = AppTest.from_function(page, default_timeout=TIMEOUT_SECONDS)
        app.session_state.engine = SimpleNamespace(runs=RunStore(tmp_path / "runs"))
        app.run()
        wait_for(lambda: background.find(key).activity)
        assert "Looking for MNIST …" in texts(app.run()) and not app.text
        synthetic_digits = load(mirrors=[])
        steps[0]("downloading", 3_000_000, 12_000_000)
        shown = texts(app.run())
        assert "synthetic digits, 25" in shown and "Downloading MNIST: 3 of 12 MB …" in shown
        np.savez(tmp_path / "mnist.npz", **STAND_IN)
        load(path=tmp_path / "mnist.npz")
        assert "MNIST, 30" in texts(app.run()) and not app.get("progress")
        is_here.set()
        wait_for(lambda: background.find(key).done)
        assert not app.run().exception and "MNIST]" in texts(app)
        assert dataset_loader.loading_task().result.hash != synthetic_digits.hash
    finally:
        is_here.set()
        background.forget(key)
