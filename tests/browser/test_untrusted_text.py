"""HTML and Markdown in every text that a user can enter: shown as typed, nothing runs, nothing is fetched."""

import base64
import json
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from harness.server import Server
from tests.support.apps import TINY
from trainer.analysis import evaluation
from trainer.config.variation import Axis, Setting
from trainer.data import datasets
from trainer.networks import model, onnx_writer
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.runs.store import RunStore, new_id
from trainer.runs.sweep import Plan, Sweep, Sweeps
from trainer.sharing import run_import, run_zip

ME = "x" * 32  # the token in the browser's cookie
AWAY = "//away.invalid/x"
HTML = f"<img src={AWAY} onerror=pwned=1><script>pwned=1</script> a@x.invalid"
SHORT = f"<img src={AWAY}>"
MARKDOWN = f"![a](http:{AWAY}) [b](javascript:pwned=1) $c$ :red[d] www.x.invalid"
LONG = f'{HTML} {MARKDOWN} "><svg onload=pwned=1> <iframe srcdoc="<script>pwned=1</script>"></iframe>'


def finished(store: RunStore, name: str) -> Run:
    run = store.create(TINY, owner_hash(ME))
    run.network_file.write_bytes(onnx_writer.to_onnx(model.weights(model.build(TINY)), TINY))
    ends = [{"kind": "epoch", "step": 20 * n, "epoch": n, "loss": 1.0 / n, "accuracy": 0.5} for n in (1, 2)]
    (run.path / "history.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in ends))
    run.update(phase="finished", test_accuracy=0.5, device=LONG, data=LONG, note=LONG, seconds=3.0, steps=20)
    run.describe(name=name, note=LONG)
    return run


@pytest.fixture(scope="module")
def runs(own_server: Server, digits: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Runs with such texts: two of this visitor, an imported one and a failed one."""
    store = RunStore(own_server.runs)
    made = {"html": finished(store, HTML), "markdown": finished(store, MARKDOWN)}
    for run in made.values():  # saves the test the wait
        evaluation.evaluate(run.network_file, TINY, datasets.load(path=digits), run.path)
    elsewhere = finished(RunStore(tmp_path_factory.mktemp("elsewhere") / "runs"), HTML)
    (elsewhere.path / "history.jsonl").unlink()
    made["imported"] = run_import.import_run(store, run_zip.pack(elsewhere), owner_hash(ME))
    failed = made["failed"] = finished(store, MARKDOWN)
    failed.update(phase="failed", error=f"The training must go on (got {LONG}): try again.")
    return made


@pytest.fixture(scope="module")
def dataset(own_server: Server) -> str:
    """An uploaded data set whose file has such a name."""
    content, labels = BytesIO(), np.arange(200) % 10
    images = np.random.default_rng(0).integers(0, 256, (200, 28, 28), np.uint8)
    np.savez(content, x_train=images, y_train=labels, x_test=images[:100], y_test=labels[:100])
    return RunStore(own_server.runs).uploads.save(
        content.getvalue(), f"www.x.invalid {HTML.replace('/', '')}{MARKDOWN}.npz"
    )


@pytest.fixture
def page(page: Page, own_server: Server) -> Iterator[Page]:
    """A page that must run no typed script and fetch only from the server."""
    page.context.add_cookies([{"name": "digit_lab_owner", "value": ME, "url": own_server.url}])
    fetched: list[str] = []
    dialogs: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    yield page
    assert page.evaluate("typeof window.pwned") == "undefined"
    assert dialogs == []
    places = {(url.scheme, url.netloc) for url in map(urlsplit, fetched)}
    here = urlsplit(own_server.url).netloc
    assert {place for place in places if place[0] not in ("data", "blob")} <= {("http", here), ("ws", here)}
    assert page.locator("a[href*='.invalid']").count() == 0
    assert page.locator("iframe, a[href^=javascript], [onerror], [onload]").count() == 0


def settled(page: Page) -> None:
    """Wait until the page has rendered."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_have_count(1)
    expect(page.get_by_test_id("stHeading").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def shows(page: Page, text: str) -> None:
    expect(page.get_by_text(text).first).to_be_attached()


PLACES = {
    "the list of runs": ("runs", "onerror=pwned=1>"),
    "a run by its HTML": ("runs?run={html}", "onerror=pwned=1>"),
    "a run by its Markdown": ("runs?run={markdown}", ":red[d]"),
    "a run that failed": ("runs?run={failed}", "The training must go on"),
    "an imported run": ("runs?run={imported}", "onerror=pwned=1>"),
    "its training": ("train?run={html}", "onerror=pwned=1>"),
    "its training, failed": ("train?run={failed}", "The training must go on"),
    "continued training": ("train?parent={markdown}", ":red[d]"),
    "draw": ("?run={html}", "onerror=pwned=1>"),
    "draw with several": ("?run={markdown}", ":red[d]"),
    "evaluate": ("evaluate?run={html}", "Evaluate"),
    "inside": ("inside?run={markdown}", "Look inside"),
    "compare": ("compare?runs={html},{markdown},{imported}", ":red[d]"),
    "sweep": ("sweep?run={html}", "Sweep"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_runs_texts_are_shown_as_typed(own_server, page, runs, dataset, place):
    path, text = PLACES[place]
    page.goto(f"{own_server.url}/{path.format(**{name: run.id for name, run in runs.items()})}")
    settled(page)
    shows(page, text)
    settled(page)


def test_a_data_sets_title_is_shown_as_its_file_name(own_server, page, dataset):
    page.goto(f"{own_server.url}/data?dataset={dataset}")
    settled(page)
    shows(page, "onerror=pwned=1")
    page.goto(f"{own_server.url}/train")
    settled(page)


def test_a_sweep_shows_its_names_as_typed(own_server, page, runs):
    axis = Axis(Setting("learning_rate"), (0.1, 0.2))
    plan, sweep_id = Plan(TINY, (axis,)), new_id()
    store = RunStore(own_server.runs)
    members = [store.create(config, owner_hash(ME), group=sweep_id) for config in plan.configs]
    for run in members:
        run.update(phase="failed", error=LONG)
        run.describe(name=HTML)
    Sweeps(store.root / "sweeps").save(Sweep(sweep_id, plan, tuple(run.id for run in members), 1e9, owner_hash(ME)))
    page.goto(f"{own_server.url}/sweep?sweep={sweep_id}")
    settled(page)
    shows(page, "No run of this sweep was tested")
    page.goto(f"{own_server.url}/runs?group={sweep_id}")
    settled(page)
    shows(page, "onerror=pwned=1>")


FORGED = {  # and the page that gets it: both read a link in the same way
    "a data set": ("train", {"dataset": LONG}),
    "a layer": ("sweep", {"layers": [{"name": LONG}]}),
    "an activation": ("train", {"layers": [{"name": "Dense", "units": 8, "activation": LONG}]}),
    "an optimizer": ("sweep", {"optimizer": {"name": LONG}}),
    "a loss": ("train", {"loss": MARKDOWN}),
    "a number": ("sweep", {"epochs": LONG}),
    "a field": ("train", {LONG: 1}),
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_configuration_is_shown_as_text(own_server, page, forged):
    path, config = FORGED[forged]
    packed = zlib.compress(json.dumps({"version": 1, **config}).encode(), 9)
    link = base64.urlsafe_b64encode(packed).rstrip(b"=").decode()
    page.goto(f"{own_server.url}/{path}?config={link}")
    settled(page)
    expect(
        page.get_by_test_id("stMain").get_by_text("away.invalid").or_(page.get_by_text("link")).first
    ).to_be_attached()


@pytest.mark.parametrize("path", ["", "train", "data", "evaluate", "inside", "learn", "runs", "compare", "sweep"])
def test_a_forged_link_is_shown_as_text_or_not_at_all(own_server, page, path):
    names = ("run", "runs", "parent", "group", "sweep", "dataset", "term", "lesson", "preset", "code", "view")
    page.goto(f"{own_server.url}/{path}?" + "&".join(f"{name}={quote(LONG, safe='')}" for name in names))
    settled(page)


FIELDS = {
    "the search of Runs": ("runs", "Search", "No runs match"),
    "the glossary": ("learn", "Search the glossary", "No terms match"),
    "the values of a sweep": ("sweep", "Values of learning rate", "must be numbers separated by commas"),
}


@pytest.mark.parametrize("field", FIELDS)
def test_text_typed_into_a_field_stays_text(own_server, page, runs, field):
    path, label, answer = FIELDS[field]
    page.goto(f"{own_server.url}/{path}")
    settled(page)
    if field == "the glossary":
        page.get_by_role("tab", name="Glossary").click()
    for text in (HTML, MARKDOWN, SHORT) if field != "the glossary" else (SHORT,):  # its field takes 40 characters
        box = page.get_by_role("textbox", name=label)
        box.fill(f"zzz {text}")
        box.press("Enter")
        shows(page, answer)
        settled(page)


def test_a_note_is_shown_to_another_visitor_as_typed(own_server, page, runs):
    run = runs["imported"]
    page.goto(f"{own_server.url}/runs?run={run.id}")
    note = page.get_by_role("textbox", name="Note")
    note.fill(f"{MARKDOWN} {HTML} typed")
    page.get_by_role("button", name="Save note").click()
    page.wait_for_function("() => true")
    expect(page.get_by_role("textbox", name="Note")).to_have_value(f"{MARKDOWN} {HTML} typed")
    settled(page)
    page.context.clear_cookies()  # another visitor
    page.goto(f"{own_server.url}/runs?run={run.id}")
    settled(page)
    shows(page, f"{MARKDOWN} {HTML} typed")


@pytest.mark.parametrize("name", ["<img src=x onerror=pwned=1>.npz", "![a](http:__away.invalid_x).npz", "$x$.svg"])
def test_an_invalid_files_name_is_shown_as_text(own_server, page, name):
    page.goto(f"{own_server.url}/data")
    settled(page)
    page.get_by_role("button", name="Upload data").click()
    upload = page.locator("input[type=file]")
    expect(upload).to_have_count(1)
    upload.set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": LONG.encode()})
    expect(page.get_by_text(Path(name).stem.split("(")[0][-8:]).first).to_be_attached()
    settled(page)
