"""Background tasks: what a page sees of work in a thread, and one turn for several."""

import logging
import threading
from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from harness.waiting import PATIENCE, wait_for
from trainer import UserError
from ui import background
from ui.background import Task


@pytest.fixture
def go() -> Iterator[threading.Event]:
    """What work waits for: set at the end, so that no thread is left."""
    event = threading.Event()
    yield event
    event.set()


def ended(task: Task) -> Task:
    wait_for(lambda: task.over)
    return task


def failing(error: Exception):
    def work(progress):
        raise error

    return work


def test_progress_and_the_result_are_seen(go: threading.Event) -> None:
    def work(progress):
        progress(0.25)
        go.wait(PATIENCE)
        return "done"

    task = Task(work, "It broke off")
    wait_for(lambda: task.share == 0.25)
    assert not task.over and not task.waiting and task.result is None
    assert task.seconds_left == pytest.approx(3 * task.seconds, abs=1)
    go.set()
    assert (ended(task).result, task.error, task.share) == ("done", "", 1.0)


def test_a_mistake_of_the_user_is_told_in_its_own_sentence(caplog: pytest.LogCaptureFixture) -> None:
    task = ended(Task(failing(UserError("It must be so: do that.")), "It broke off"))
    assert task.error == "It must be so: do that." and task.result is None and not caplog.records


def test_a_folder_that_cannot_be_written_is_named_where_the_work_writes_to_one(caplog) -> None:
    full = OSError(28, "No space left on device")
    task = ended(Task(failing(full), "It broke off", folder="runs"))
    assert task.error == "The folder for runs must be writable (got: No space left on device): free some space."
    assert not caplog.records
    assert "server's log" in ended(Task(failing(full), "It broke off")).error and caplog.records


def test_any_other_error_is_logged_and_told_in_general(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        task = ended(Task(failing(ZeroDivisionError("secret")), "The work broke off"))
    assert task.error == "The work broke off: try again, and see the server's log."
    assert "secret" in caplog.text and "ZeroDivisionError" in caplog.text


def test_a_cancelled_task_is_over_at_once_and_ends_at_its_next_report(go: threading.Event) -> None:
    reached = []

    def work(progress):
        go.wait(PATIENCE)
        progress(0.5)
        reached.append("the second half")

    task = Task(work, "It broke off")
    task.cancel()
    assert task.over
    go.set()
    wait_for(lambda: not task.running)
    assert not reached and not task.error and task.result is None


def test_tasks_with_one_turn_run_one_after_the_other_and_one_that_waits_can_be_cancelled(go: threading.Event) -> None:
    turn, order = threading.Lock(), []

    def work(name):
        def run(progress):
            order.append(name)
            go.wait(PATIENCE)

        return run

    first = Task(work("first"), "It broke off", turn=turn)
    wait_for(lambda: order)
    second, third = (Task(work(name), "It broke off", turn=turn) for name in ("second", "third"))
    assert second.waiting and not second.over and second.seconds == 0
    third.cancel()
    wait_for(lambda: not third.running)
    assert order == ["first"]
    go.set()
    ended(first), ended(second)
    assert order == ["first", "second"] and third.waiting


def test_a_turn_is_passed_on_by_work_that_fails() -> None:
    turn = threading.Lock()
    tasks = [Task(failing(ValueError()), "It broke off", turn=turn) for _ in range(3)]
    assert all(ended(task).error for task in tasks)


# --- on a page ------------------------------------------------------------------------------------------------


def page():
    import streamlit as st

    from ui import background

    task = background.find("work")
    if task and not task.over:
        background.watch(task, lambda task: (task.share, "Working …"), can_cancel=True)
    elif task:
        st.text(task.error or task.result or "cancelled")
    elif st.button("Start"):
        background.start("work", st.session_state.work, "It broke off")
        st.rerun()


@pytest.fixture
def app(go: threading.Event) -> Iterator[AppTest]:
    def work(progress):
        progress(0.5)
        go.wait(PATIENCE)
        return "done"

    app = AppTest.from_function(page, default_timeout=PATIENCE)
    app.session_state.work = work
    yield app.run()
    st.cache_resource.clear()


def test_a_page_shows_progress_and_then_the_result(app: AppTest, go: threading.Event) -> None:
    app.button[0].click().run()
    wait_for(lambda: app.run().get("progress")[0].proto.value == 50)
    assert app.get("progress")[0].proto.text == "Working …" and not app.text
    go.set()
    wait_for(lambda: app.run().text)
    assert app.text[0].value == "done" and not app.get("progress") and not app.exception


def test_a_visitor_can_cancel_a_task(app: AppTest) -> None:
    app.button[0].click().run()
    app.button[0].click().run()
    assert app.text[0].value == "cancelled" and not app.exception


def test_visitors_share_a_task_until_it_is_over_or_forgotten(app: AppTest, go: threading.Event) -> None:
    app.button[0].click().run()
    task = background.find("work")
    assert background.start("work", failing(ValueError()), "It broke off") is task
    go.set()
    ended(task)
    other = background.start("work", failing(UserError("It must be so.")), "It broke off")
    assert other is not task and ended(other).error == "It must be so."
    background.forget("work")
    assert background.find("work") is None
