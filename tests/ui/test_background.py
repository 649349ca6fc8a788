"""Background tasks: progress, results, errors and cancellation, and tasks that take turns."""

import logging
import threading
from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from harness.waiting import TIMEOUT_SECONDS, wait_for
from trainer import UserError
from ui import background
from ui.background import Task
from ui.turns import Turns


@pytest.fixture
def go() -> Iterator[threading.Event]:
    """An event that work waits for; it is set at the end, so that no thread is left."""
    event = threading.Event()
    yield event
    event.set()


def ended(task: Task) -> Task:
    wait_for(lambda: task.done)
    return task


def failing(error: Exception):
    def work(progress):
        raise error

    return work


def test_a_task_reports_progress_and_its_result(go: threading.Event) -> None:
    def work(progress):
        progress(0.25)
        go.wait(TIMEOUT_SECONDS)
        return "done"

    task = Task(work, "It broke off")
    wait_for(lambda: task.fraction == 0.25)
    assert not task.done and not task.waiting and task.result is None
    assert task.seconds_left == pytest.approx(3 * task.seconds, abs=1)
    go.set()
    assert (ended(task).result, task.error, task.fraction) == ("done", "", 1.0)


def test_a_user_error_is_shown_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    task = ended(Task(failing(UserError("It must be so: do that.")), "It broke off"))
    assert task.error == "It must be so: do that." and task.result is None and not caplog.records


def test_an_os_error_names_the_folder_that_the_work_writes_to(caplog) -> None:
    full = OSError(28, "No space left on device")
    task = ended(Task(failing(full), "It broke off", folder="runs"))
    assert task.error == "The folder for runs must be writable (got: No space left on device): free some space."
    assert not caplog.records
    assert "server's log" in ended(Task(failing(full), "It broke off")).error and caplog.records


def test_any_other_error_is_logged_and_shown_in_general_terms(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        task = ended(Task(failing(ZeroDivisionError("secret")), "The work broke off"))
    assert task.error == "The work broke off: try again, and see the server's log."
    assert "secret" in caplog.text and "ZeroDivisionError" in caplog.text


def test_a_cancelled_task_is_done_at_once_and_ends_at_its_next_report(go: threading.Event) -> None:
    reported = []

    def work(progress):
        go.wait(TIMEOUT_SECONDS)
        progress(0.5)
        reported.append("the second half")

    task = Task(work, "It broke off")
    task.cancel()
    assert task.done
    go.set()
    wait_for(lambda: not task.running)
    assert not reported and not task.error and task.result is None


def test_tasks_take_turns_and_a_waiting_one_can_be_cancelled(go: threading.Event) -> None:
    turns, order = Turns(1), []

    def work(name):
        def run(progress):
            order.append(name)
            go.wait(TIMEOUT_SECONDS)

        return run

    first = Task(work("first"), "It broke off", turns=turns)
    wait_for(lambda: order)
    second, third = (Task(work(name), "It broke off", turns=turns) for name in ("second", "third"))
    assert second.waiting and not second.done and second.seconds == 0
    third.cancel()
    wait_for(lambda: not third.running)
    assert order == ["first"]
    go.set()
    ended(first), ended(second)
    assert order == ["first", "second"] and third.waiting


def test_small_work_does_not_wait_until_large_work_is_complete(go: threading.Event) -> None:
    turns = Turns(1, quantum=0.0)

    def large(progress):
        while not go.is_set():
            progress(0.5)
        return "large"

    first = Task(large, "It broke off", turns=turns, visitor="one")
    wait_for(lambda: first.fraction)
    assert ended(Task(lambda progress: "small", "It broke off", turns=turns, visitor="other")).result == "small"
    assert not first.done
    go.set()
    assert ended(first).result == "large"


def test_work_that_fails_ends_its_turn() -> None:
    turns = Turns(1)
    tasks = [Task(failing(ValueError()), "It broke off", turns=turns) for _ in range(3)]
    assert all(ended(task).error for task in tasks)


def test_work_that_nobody_waits_for_any_more_is_cancelled(go: threading.Event) -> None:
    turns = Turns(1)

    def work(progress):
        while not go.is_set():
            progress(0.5)

    left, waiting = (Task(work, "It broke off", turns=turns, patience=0.05) for _ in range(2))
    for task in (left, waiting):
        wait_for(lambda task=task: not task.running)
        assert task.cancelled and task.done and not task.error


# --- on a page ------------------------------------------------------------------------------------------------


def page():
    import streamlit as st

    from ui import background

    task = background.find("work")
    if task and not task.done:
        background.render_progress(task, lambda task: (task.fraction, "Working …"), can_cancel=True)
    elif task:
        st.text(task.error or task.result or "cancelled")
    elif st.button("Start"):
        background.start("work", st.session_state.work, "It broke off")
        st.rerun()


@pytest.fixture
def app(go: threading.Event) -> Iterator[AppTest]:
    def work(progress):
        progress(0.5)
        go.wait(TIMEOUT_SECONDS)
        return "done"

    app = AppTest.from_function(page, default_timeout=TIMEOUT_SECONDS)
    app.session_state.work = work
    yield app.run()
    st.cache_resource.clear()


def test_a_page_shows_the_progress_and_then_the_result(app: AppTest, go: threading.Event) -> None:
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


def test_visitors_share_a_task_until_it_is_done_or_forgotten(app: AppTest, go: threading.Event) -> None:
    app.button[0].click().run()
    task = background.find("work")
    assert background.start("work", failing(ValueError()), "It broke off") is task
    go.set()
    ended(task)
    other = background.start("work", failing(UserError("It must be so.")), "It broke off")
    assert other is not task and ended(other).error == "It must be so."
    background.forget("work")
    assert background.find("work") is None
