"""Steering of runs by their owners, and what others see."""

import os
import re
import signal
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from harness.browser import LONG_TRAINING, choose_preset, epochs_drawn, open_form, settled_page, train
from harness.waiting import wait_for
from trainer.runs.run import Run
from trainer.storage.files import parse_lines

PROGRESS = re.compile(r"Epoch \d+ of \d+")
LATER = re.compile(r"Epoch ([2-9]|\d\d+) of")


@pytest.fixture(scope="module")
def server(own_server):
    """A server without other trainings."""
    return own_server


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def begin(page, server, config=LONG_TRAINING):
    """Train a network until its second epoch; return its run."""
    open_form(page, server.url, config)
    run = Run(server.runs / train(page))
    expect(page.get_by_text(LATER)).to_be_visible()
    return run


def test_a_run_can_be_paused_resumed_slowed_down_extended_and_stopped(server, page):
    run = begin(page, server, replace(LONG_TRAINING, epochs=199))
    press(page, "Pause")
    expect(page.get_by_text("Paused: another run can take its place")).to_be_visible()
    paused_at = wait_for(lambda: epochs_drawn(page))  # the page shows new charts

    press(page, "Resume")
    expect(page.get_by_text(PROGRESS)).to_be_visible()
    wait_for(lambda: epochs_drawn(page) > paused_at)
    assert run.state.begun > 0

    field = page.get_by_role("spinbutton", name="Learning rate from now on")
    field.fill("0.003")
    field.press("Enter")
    expect(page.get_by_text("learning rate 0.003")).to_be_visible()

    press(page, "Train for one more epoch")
    expect(page.get_by_text(re.compile(r"Epoch \d+ of 200"))).to_be_visible()

    press(page, "Stop and keep")
    expect(page.get_by_text(re.compile("Stopped: .* read correctly"))).to_be_visible()
    press(page, "Resume")  # a stopped run was kept
    expect(page.get_by_text(PROGRESS)).to_be_visible()
    press(page, "Stop and keep")
    expect(page.get_by_text(re.compile("Stopped: .* read correctly"))).to_be_visible()


def test_a_queued_run_starts_when_another_one_pauses(server, browser):
    first, second, third = (settled_page(browser) for _ in range(3))
    begin(first, server)
    begin(second, server)
    open_form(third, server.url, LONG_TRAINING)
    train(third)
    expect(third.get_by_text(re.compile(r"Number 1 in the queue.* Starts in about"))).to_be_visible()
    waiting = third.url

    third.get_by_role("link", name="Watch Tutorial B").first.click()
    expect(third.get_by_text(PROGRESS)).to_be_visible()
    expect(third.get_by_text("Only its owner can pause, stop or change this run")).to_be_visible()
    expect(third.get_by_role("button", name="Pause")).to_have_count(0)

    press(first, "Pause")
    expect(first.get_by_text("Paused: another run can take its place")).to_be_visible()
    third.goto(waiting)
    expect(third.get_by_text(PROGRESS)).to_be_visible()
    for page in (second, third):
        press(page, "Stop and keep")
        expect(page.get_by_text(re.compile("Stopped: .* read correctly"))).to_be_visible()
        page.close()
    first.close()


def test_resume_continues_after_a_worker_was_killed_in_mid_epoch(server, page, training_cluster):
    run = begin(page, server)
    workers = training_cluster.scheduler.workers.values()  # another one may still test an earlier run
    (pid,) = [worker.pid for worker in workers if any(task.key.startswith(run.id) for task in worker.processing)]
    os.kill(pid, signal.SIGKILL)
    expect(page.get_by_text("The training process ended before the training did")).to_be_visible()
    finished = epochs(run)
    assert finished
    press(page, "Resume")
    wait_for(lambda: len(epochs(run)) > len(finished))
    press(page, "Stop and keep")
    expect(page.get_by_text(re.compile("Stopped: .* read correctly"))).to_be_visible()
    ends = epochs(run)
    assert ends[: len(finished)] == finished
    assert [line["epoch"] for line in ends[:-1]] == list(range(1, len(ends)))  # the last one was stopped


def epochs(run):
    """Return the lines of a run's history that end an epoch."""
    return [line for line in parse_lines((run.path / "history.jsonl").read_bytes()) if line["kind"] == "epoch"]


def test_a_finished_run_can_be_replayed_renamed_and_trained_for_one_more_epoch(server, page):
    page.goto(server.train)
    choose_preset(page, "Tutorial B", epochs=3)
    run = Run(server.runs / train(page))
    expect(page.get_by_text(re.compile("Finished: .* read correctly"))).to_be_visible()

    expect(page.get_by_text("First layer's weights of 10 units at epoch 3.0")).to_be_visible()
    expect(page.get_by_text("16 test digits to look at after epoch 3")).to_be_visible()
    network = page.get_by_role("img", name=re.compile("^Diagram of the network"))
    learned = network.get_attribute("src")
    slider = page.get_by_role("slider", name="Replay the training")
    slider.press("Home")
    expect(page.get_by_text("First layer's weights of 10 units at epoch 0.0")).to_be_visible()
    expect(page.get_by_role("img", name="16 test digits, not read yet")).to_be_visible()
    expect(network).not_to_have_attribute("src", learned)
    slider.press("End")
    expect(network).to_have_attribute("src", learned)
    expect(page.get_by_text("16 test digits to look at after epoch 3")).to_be_visible()

    press(page, "Rename")
    page.get_by_role("textbox", name="Name").fill("my first network")
    press(page, "Save")
    expect(page.get_by_role("heading", name="my first network")).to_be_visible()
    assert run.read().name == "my first network"

    press(page, "Train for one more epoch")
    expect(page.get_by_text("16 test digits to look at after epoch 4")).to_be_visible()
    expect(page.get_by_text(re.compile("Finished: .* read correctly"))).to_be_visible()
