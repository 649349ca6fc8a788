"""Uploaded files in Streamlit's memory: how many it holds, and who makes room."""

import threading
from dataclasses import fields

import pytest
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from harness.waiting import TIMEOUT_SECONDS
from trainer import UserError
from trainer.config.shares import CHECKED_FILES, Share
from ui import uploaded_files


@pytest.fixture
def manager():
    manager = MemoryUploadedFileManager("/upload")
    manager.add_file = uploaded_files.bounded(manager, Share(visitor=100, total=250))
    return manager


def held(manager):
    return {session: [*files] for session, files in manager.file_storage.items() if files}


def add(manager, session, name, size):
    manager.add_file(session, UploadedFileRec(name, "x.npz", "", bytes(size)))


def test_streamlits_parts_are_where_they_were():
    assert isinstance(Runtime.uploaded_file_mgr, property)
    assert "uploaded_file_mgr" in {field.name for field in fields(ScriptRunContext)}


def test_a_session_holds_its_newest_files(manager):
    for number in range(40):
        add(manager, "a", f"{number}", 39)
    assert held(manager) == {"a": ["38", "39"]}
    add(manager, "a", "large", 100)
    assert held(manager) == {"a": ["large"]}


def test_whoever_holds_the_most_makes_room_for_the_others(manager):
    for session, size in (("a", 90), ("b", 100), ("c", 50), ("d", 40)):
        add(manager, session, session, size)
    assert held(manager) == {"a": ["a"], "c": ["c"], "d": ["d"]}


def test_a_visitor_has_one_file_checked_at_a_time_and_all_wait_in_turn(monkeypatch):
    monkeypatch.setattr(uploaded_files, "current_address", lambda: "")
    monkeypatch.setattr(uploaded_files, "_checks", [])
    release, together, most = threading.Event(), [], []

    def work(progress):
        together.append(1)
        most.append(len(together))
        assert release.wait(TIMEOUT_SECONDS)
        together.pop()

    def start(owner):
        monkeypatch.setattr(uploaded_files.st, "session_state", type("State", (), {"owner": owner}))
        return uploaded_files.check(work, "failed", "runs")

    tasks = [start(f"visitor {number}") for number in range(CHECKED_FILES.total)]
    with pytest.raises(UserError, match="One file at a time is checked for you"):
        start("visitor 0")
    with pytest.raises(UserError, match="At most 8 files may wait"):
        start("another")
    release.set()
    for task in tasks:
        task._thread.join(TIMEOUT_SECONDS)
    assert most == [1] * CHECKED_FILES.total and not any(task.error for task in tasks)
    assert start("visitor 0")
