"""The Compare page in a browser: the link, live updates, one drawing for all networks, and the width of a phone."""

import re
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from harness.browser import digit_strokes, draw, settled_page
from harness.server import Server
from trainer.analysis import evaluation
from trainer.data import datasets
from trainer.runs.run import Run
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped
from trainer.storage.files import json_line

ANSWERS = ".st-key-compare-judged .js-plotly-plot"


@pytest.fixture(scope="module")
def server(own_server: Server) -> Server:
    """A server that has rendered no page yet."""
    return own_server


@pytest.fixture(scope="module")
def runs(server: Server, digits) -> list[Run]:
    """Three runs with copies of the ready-made network and its evaluation."""
    store, made = RunStore(server.runs), []
    found = evaluation.evaluate(shipped.PATH, shipped.CONFIG, datasets.load(path=digits), server.runs / "shipped")
    for name, batch_size in (("First", 64), ("Second", 128), ("Third", 256)):
        run = store.create(replace(shipped.CONFIG, batch_size=batch_size), "")
        run.network_file.write_bytes(shipped.PATH.read_bytes())
        (run.path / evaluation.FILE).write_bytes((server.runs / "shipped" / evaluation.FILE).read_bytes())
        epochs = [
            {"kind": "epoch", "step": 10 * epoch, "loss": 1 / epoch, "accuracy": 1 - 0.1 / epoch, "seconds": epoch}
            | {"val_loss": 1 / epoch, "val_accuracy": 1 - 0.1 / epoch}
            for epoch in (1, 2, 3)
        ]
        (run.path / "history.jsonl").write_bytes(b"".join(map(json_line, epochs)))
        run.update(phase="finished", test_accuracy=found.accuracy, steps=10, seconds=3.0 * batch_size)
        run.describe(name=name)
        made.append(run)
    return made


def link(server: Server, runs: list[Run], view: str) -> str:
    return f"{server.url}/compare?runs={','.join(run.id for run in runs)}&view={view}"


def test_the_link_holds_the_runs_and_the_view(server: Server, page: Page, runs: list[Run]) -> None:
    page.goto(link(server, runs[:2], "learning"))
    expect(page.locator(".compared thead th")).to_have_text(["First", "Second"])
    expect(page.locator(".js-plotly-plot .scatterlayer .trace").first).to_be_visible()
    expect(page.get_by_role("rowheader", name="Batch size")).to_have_count(1)
    expect(page.get_by_role("rowheader", name="Optimizer")).to_have_count(0)
    page.get_by_role("combobox", name="Runs").click()
    page.get_by_role("option", name=re.compile("^Third, ")).click()
    page.wait_for_url(re.compile(re.escape(runs[2].id)))
    page.reload()
    expect(page.locator(".compared thead th")).to_have_text(["First", "Second", "Third"])
    page.get_by_role("radio", name="Accuracy and cost", exact=True).click()
    page.wait_for_url(re.compile("view=costs"))
    expect(page.get_by_role("figure", name=re.compile("^Accuracy against seconds"))).to_be_visible()


def test_curves_and_state_of_a_live_run_update_by_themselves(server: Server, page: Page, runs: list[Run]) -> None:
    live = RunStore(server.runs).create(shipped.CONFIG, "")
    live.describe(name="Live")
    live.update(phase="running", steps=10)
    page.goto(link(server, [runs[0], live], "learning"))
    expect(page.get_by_role("row", name=re.compile("^State finished running"))).to_have_count(1)
    for step in (10, 20):
        epoch = {"kind": "epoch", "step": step, "val_loss": 0.5, "val_accuracy": 0.8, "seconds": 1.0}
        with (live.path / "history.jsonl").open("ab") as history:
            history.write(json_line(epoch))
        reached = "[...document.querySelectorAll('.js-plotly-plot')].map(({data}) => data.at(-1)?.x?.at(-1))"
        page.wait_for_function(f"{reached}.every((epochs) => epochs === {step / 10})")
    live.update(phase="finished", test_accuracy=0.75)
    expect(page.get_by_role("row", name=re.compile("^Test accuracy .* 75.00 %"))).to_have_count(1)
    expect(page.get_by_role("row", name=re.compile("^State"))).to_have_count(0)


def test_all_networks_answer_a_drawing(server: Server, page: Page, runs: list[Run]) -> None:
    page.goto(link(server, runs, "drawing"))
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    expect(page.get_by_text("Draw a digit on the black paper.")).to_have_count(1)
    draw(page, digit_strokes(3))
    expect(page.get_by_text("All 3 networks say 3.")).to_have_count(1)
    expect(page.locator(f"{ANSWERS} .barlayer .point")).to_have_count(30)
    colors = page.locator(ANSWERS).evaluate("chart => chart.data[0].marker.color")
    assert len(set(np.reshape(colors, (3, 10))[:, 3])) == 3  # each network has its own color


def test_draw_links_to_the_comparison_of_its_networks(server: Server, page: Page, runs: list[Run]) -> None:
    page.goto(f"{server.url}/?run={runs[0].id}")
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    page.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option", name=re.compile("^Second")).click()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Compare these runs").click()
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()
    expect(page.get_by_role("radio", name="One drawing")).to_be_checked()
    assert runs[0].id in page.url and runs[1].id in page.url


def test_each_view_fits_a_phone(browser, server: Server, runs: list[Run]) -> None:
    page = settled_page(browser, viewport={"width": 390, "height": 844})
    for view, shown in (
        ("learning", ".compared td"),
        ("costs", ".js-plotly-plot"),
        ("errors", ".sheet figure"),
        ("drawing", "canvas.upper-canvas"),
    ):
        page.goto(link(server, runs, view))
        expect(page.locator(shown).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        main = "document.querySelector('[data-testid=stMain]')"
        assert page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")
    page.close()
