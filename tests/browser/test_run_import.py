"""Import of a run's zip in a browser: the run opens and its training continues; another file is refused."""

import re

import pytest
from playwright.sync_api import expect

from harness.browser import settled_page
from tests.support.apps import TINY
from trainer.networks import model, onnx_writer
from trainer.runs.store import RunStore
from trainer.sharing import run_zip


@pytest.fixture
def zip_file(tmp_path):
    """The zip of another server's run, with an untrained network."""
    run = RunStore(tmp_path / "elsewhere").create(TINY, "somebody")
    run.network_file.write_bytes(onnx_writer.to_onnx(model.weights(model.build(TINY)), TINY))
    run.update(phase="finished", test_accuracy=0.1234, device="CPU", data="MNIST", seconds=3.0)
    run.describe(name="From elsewhere")
    return {"name": "run.zip", "mimeType": "application/zip", "buffer": run_zip.pack(run)}


def open_import(page, server):
    page.goto(f"{server.url}/runs")
    page.get_by_role("button", name="Import run").click()
    expect(page.get_by_text("becomes a new run of yours")).to_be_visible()
    return page.get_by_test_id("stPopoverBody").locator("input[type=file]")


def test_an_imported_run_opens_and_its_training_continues(server, page, zip_file):
    file = open_import(page, server)
    file.set_input_files({"name": "other.zip", "mimeType": "application/zip", "buffer": b"hello"})
    expect(page.get_by_text("must be unchanged since this app made it")).to_be_visible()
    file.set_input_files(zip_file)
    expect(page.get_by_text("The run is now yours")).to_be_visible()
    expect(page.get_by_role("heading", name="From elsewhere")).to_be_visible()
    run = re.search(r"run=([\w-]+)", page.url)[1]
    page.goto(f"{server.url}/train?run={run}")
    page.get_by_role("button", name="Continue training").click()
    expect(page.locator(".st-key-parent").get_by_text("Continues from From elsewhere")).to_be_in_viewport()
    expect(page.get_by_role("radio", name="Continue training")).to_have_attribute("aria-checked", "true")


def test_it_fits_a_phone(server, browser):
    page = settled_page(browser, viewport={"width": 390, "height": 844})
    open_import(page, server)
    box = page.get_by_test_id("stPopoverBody").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
