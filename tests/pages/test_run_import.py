"""Import of a run's zip on the page Runs, without a browser."""

import threading
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from harness.waiting import TIMEOUT_SECONDS, wait_for
from trainer.runs.store import RunStore
from trainer.sharing import run_import, run_zip


def page():
    import streamlit as st

    from ui.runs import import_run

    import_run.render_result()
    if "run" in st.query_params:
        st.text(st.session_state.engine.runs.get(st.query_params["run"]).read().name)
    else:
        import_run.render()


@pytest.fixture
def content(network_run):
    """The zip of a run."""
    network_run.describe(name="My *first*", note="", pinned=False)
    return run_zip.pack(network_run)


@pytest.fixture
def store(tmp_path):
    """A store without runs."""
    return RunStore(tmp_path / "elsewhere")


@pytest.fixture
def app(store):
    app = AppTest.from_function(page, default_timeout=TIMEOUT_SECONDS)
    app.session_state.engine, app.session_state.owner = SimpleNamespace(runs=store), "me"
    return app.run()


def upload(app, content):
    app.file_uploader[0].upload("run.zip", content, "application/zip").run()
    wait_for(lambda: "put_in_task" not in app.run().session_state)
    assert not app.exception


def test_an_imported_run_is_opened(app, store, content):
    assert app.file_uploader[0].help and not app.error
    upload(app, content)
    (run,) = store.runs()
    assert app.text[0].value == "My *first*" and "".join(app.query_params["run"]) == run.id
    assert r"**My \*first\***" in app.success[0].value
    del app.query_params["run"]
    app.run()
    assert not app.success and app.file_uploader


def test_after_an_error_another_zip_can_be_uploaded(app, store, content):
    upload(app, b"hello")
    assert "this app made it" in app.error[0].value and not store.root.exists()
    upload(app, content)
    assert not app.error and len(store.runs()) == 1


def test_an_import_can_be_cancelled(app, store, content, monkeypatch):
    checking, go = threading.Event(), threading.Event()

    def rewrite(content, config):
        checking.set()
        go.wait(TIMEOUT_SECONDS)
        return content

    monkeypatch.setattr(run_import, "import_onnx", rewrite)
    app.file_uploader[0].upload("run.zip", content, "application/zip").run()
    assert checking.wait(TIMEOUT_SECONDS) and app.run().file_uploader[0].disabled
    assert app.get("progress")[0].proto.text.startswith("Checking the files in the zip")
    task = app.session_state.put_in_task
    app.button[0].click().run()
    go.set()
    wait_for(lambda: not task.running)
    assert not app.run().error and not app.exception and not app.file_uploader[0].disabled
    assert not store.runs()
