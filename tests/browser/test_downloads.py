"""Downloads of a run in a browser, and its report opened there."""

import zipfile

import pytest
from playwright.sync_api import Page, expect

from harness.browser import settled_page
from harness.server import Server
from trainer.analysis import evaluation
from trainer.data import datasets
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped
from trainer.storage.files import json_line


@pytest.fixture(scope="module")
def run(server: Server, digits) -> Run:
    """A finished run with the ready-made network."""
    store = RunStore(server.runs)
    run = store.create(shipped.CONFIG, owner_hash("somebody"))
    run.network_file.write_bytes(shipped.PATH.read_bytes())
    record = {"kind": "epoch", "epoch": 1, "step": 9, "loss": 0.5, "accuracy": 0.9, "learning_rate": 0.1}
    (run.path / "history.jsonl").write_bytes(
        json_line(record | {"val_loss": 0.4, "val_accuracy": 0.91, "seconds": 2.0})
    )
    evaluation.evaluate(run.network_file, shipped.CONFIG, datasets.load(path=digits), run.path)
    run.describe(name="<b>Mine</b> & all " + "long" * 15, note="Two\nlines")
    run.update(phase="finished", device="CPU", data="MNIST", steps=9, test_accuracy=0.995, test_loss=0.02, seconds=20.0)
    return run


def downloaded(page: Page, label: str, folder):
    button = page.get_by_role("button", name=label, exact=True)
    expect(button).to_have_count(1)
    with page.expect_download() as download:
        button.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_a_run_can_be_downloaded_and_its_report_opens(page: Page, browser, server: Server, run: Run, tmp_path) -> None:
    page.goto(f"{server.train}?run={run.id}")
    page.get_by_role("button", name="Download", exact=True).click()
    with zipfile.ZipFile(downloaded(page, "Everything (.zip)", tmp_path)) as archive:
        assert {"model.onnx", "config.json", "report.html", "README.txt"} <= set(archive.namelist())
    path = downloaded(page, "Report (.html)", tmp_path)
    assert path.name.endswith(f"-{run.id[:13]}.html")
    for width, scheme in ((1280, "light"), (390, "dark")):
        report = settled_page(browser, viewport={"width": width, "height": 900}, color_scheme=scheme)
        said: list[str] = []
        asked: list[str] = []
        report.on("console", lambda message, said=said: said.append(message.text))
        report.on("request", lambda request, asked=asked: asked.append(request.url))
        report.goto(path.as_uri())
        expect(report.get_by_role("heading", name=run.read().name)).to_have_count(1)
        expect(report.get_by_text("read as").first).to_be_visible()
        assert report.evaluate("document.documentElement.scrollWidth") <= width
        assert report.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
        assert not said and all(url.startswith(("file:", "data:")) for url in asked)
        report.close()
