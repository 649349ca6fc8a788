"""The Compare page, without a browser: the link, differing settings, results and errors."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.support.apps import TINY, open_page, texts
from trainer.analysis import evaluation
from trainer.config.optimizers import Adam
from trainer.data import datasets
from trainer.networks import model, onnx_writer
from trainer.networks.inference import Network
from trainer.runs.run import Run
from trainer.runs.store import RunStore
from trainer.storage.files import json_line


@pytest.fixture
def trained(runs_directory):
    """Return a function that makes a run with an untrained network."""
    store = RunStore(runs_directory)

    def make(name: str, network: bool = True, accuracy: float | None = 0.5, phase: str = "finished", **changes) -> Run:
        config = replace(TINY, **changes)
        run = store.create(config, "somebody")
        run.describe(name=name)
        if network:
            run.network_file.write_bytes(onnx_writer.to_onnx(model.weights(model.build(config)), config))
        steps = {"kind": "epoch", "step": 20, "loss": 1.0, "accuracy": 0.4, "val_loss": 1.2, "val_accuracy": 0.3}
        (run.path / "history.jsonl").write_bytes(json_line({**steps, "seconds": 1.0}))
        run.update(phase=phase, test_accuracy=accuracy, seconds=3.0, device="CPU", steps=20)
        return run

    return make


def compare(app: AppTest, *named: Run | str, view: str = "learning") -> AppTest:
    """Open the page by a link that names runs."""
    app.run()
    app.query_params["runs"] = ",".join(one if isinstance(one, str) else one.id for one in named)
    app.query_params["view"] = view
    app.switch_page("pages/compare.py").run()
    assert not app.exception
    return app


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def rows(app: AppTest) -> dict[str, list[str]]:
    """Return the rows of the table by their headings, without their markup."""
    found = re.findall(r"<tr><th scope=row.*?>(.*?)</th>(.*?)</tr>", html(app))
    cells = {name: re.findall(r"<td>(.*?)</td>", row) for name, row in found}
    return {name: [re.sub("<.*?>", " ", cell).strip() for cell in row] for name, row in cells.items()}


RESULTS = {"Test accuracy", "Seconds", "Parameters"}


def test_only_differing_settings_are_listed_with_the_forms_labels(app, trained):
    runs = [trained("*One*"), trained("<b>Two</b>", accuracy=0.75, batch_size=500, optimizer=Adam())]
    compare(app, *runs)
    assert rows(app) == {
        "Optimizer": ["SGD", "Adam"],
        "Momentum": ["0", "–"],
        "Beta 1": ["–", "0.9"],
        "Beta 2": ["–", "0.999"],
        "Batch size": ["20", "500"],
        "Test accuracy": ["50.00 %", "75.00 %"],
        "Seconds": ["3.0", "3.0"],
        "Parameters": ["12,730", "12,730"],
    }
    assert "<strong>75.00 %</strong>" in html(app) and "<strong>12,730" not in html(app)
    assert "&lt;b&gt;Two" in html(app) and "<b>Two" not in html(app) and "*One*" in html(app)


def test_equal_settings_and_equal_seeds_are_stated(app, trained):
    first, second = trained("Same", seed=3), trained("Same", seed=4)
    compare(app, first, second)
    assert "Only the seed: 3 and 4." in texts(app) and set(rows(app)) == RESULTS | {"Seed"}
    assert "Same (1)" in html(app) and "Same (2)" in html(app)
    compare(app, first, trained("Again", seed=3))
    assert "the same settings and the same seed, 3" in texts(app) and set(rows(app)) == RESULTS


def test_long_names_are_shortened_and_numbered(app, trained):
    compare(app, trained("N" * 70 + "1"), trained("N" * 70 + "2"))
    heads = re.findall(r"<th scope=col><img.*?><br>(.*?)</th>", html(app))
    assert sorted(heads) == ["N" * 23 + "… (1)", "N" * 23 + "… (2)"]


def test_changes_during_training_and_the_parent_are_differences_too(app, trained):
    first, second = trained("First"), trained("Second")
    second.request("learning_rate", value=0.25)
    asked = json.loads((second.path / "config.json").read_text())
    (second.path / "config.json").write_text(json.dumps(asked | {"parent": first.id}))
    compare(app, first, second)
    assert rows(app)["Continues from"] == ["–", "First"] and rows(app)["Learning rate changed to"] == ["–", "0.25"]


def test_the_link_holds_the_selection_and_follows_it(app, trained):
    first, second, third = (trained(name, seed=place) for place, name in enumerate("ABC"))
    compare(app, third, first)
    selection = app.multiselect(key="compare.runs")
    assert selection.value == [third.id, first.id]
    assert sorted(option[:3] for option in selection.options) == ["A, ", "B, ", "C, "]
    selection.set_value([third.id, first.id, second.id]).run()
    assert app.query_params["runs"] == f"{third.id},{first.id},{second.id}"
    assert rows(app)["Seed"] == ["2", "0", "1"]
    app.button_group(key="compare.view").set_value("costs").run()
    assert app.query_params["view"] == "costs" and not app.exception
    app.switch_page("pages/learn.py").run()
    app.query_params.clear()
    app.switch_page("pages/compare.py").run()
    assert app.multiselect(key="compare.runs").value == [third.id, first.id, second.id]
    app.multiselect(key="compare.runs").set_value([]).run()
    assert "runs" not in app.query_params and "two or more runs" in texts(app)


def test_runs_that_cannot_be_compared_are_left_out_with_a_warning(app, trained):
    first, second, damaged = trained("A"), trained("B"), trained("C")
    (damaged.path / "config.json").write_text("{")
    compare(app, first, "../../etc", "20260101-000000-abcdef", second, damaged, first)
    warnings = " ".join(warning.value for warning in app.warning)
    assert "names 2 runs that are not here" in warnings and "cannot be read" in warnings
    assert app.multiselect(key="compare.runs").value == [first.id, second.id]
    compare(app, first, "<script>" * 1_000)
    assert "Choose one more run" in texts(app)


def test_of_more_than_six_runs_the_first_six_are_compared(app, trained):
    runs = [trained(str(place), network=False) for place in range(8)]
    compare(app, *runs)
    assert app.multiselect(key="compare.runs").value == [run.id for run in runs[:6]]
    assert "these are the first 6" in texts(app)


def test_without_runs_the_page_says_what_to_do(app, trained):
    open_page(app, "compare")
    assert not app.exception and "A comparison needs two runs" in texts(app)
    first, second = trained("A", network=False), trained("B", network=False)
    open_page(app, "compare")
    app.button[0].click().run()
    assert set(app.multiselect(key="compare.runs").value) == {first.id, second.id}


def test_a_live_run_is_compared_with_a_finished_one(app, trained):
    live = trained("Live", network=False, accuracy=None, phase="paused")
    compare(app, live, trained("Done"))
    assert rows(app)["Test accuracy"] == ["–", "50.00 %"] and rows(app)["State"] == ["paused", "finished"]
    app.button_group(key="compare.view").set_value("costs").run()
    assert "Live has not been tested" in texts(app) and "Done** is best: it reads 50.00 %" in texts(app)


def test_test_images_are_counted_by_which_networks_are_wrong(app, trained):
    app.run()
    runs = [trained(name, seed=place + 1) for place, name in enumerate("ABC")]
    dataset = datasets.load()
    said = [evaluation.evaluate(run.network_file, run.config, dataset, run.path) for run in runs]
    compare(app, *runs, view="errors")
    wrong = np.array([one.probabilities.argmax(axis=1) != dataset.y_test for one in said])
    assert f"{wrong.any(axis=0).sum()} of 100 test digits" in texts(app)
    assert f"{wrong.all(axis=0).sum()} by all 3" in texts(app)
    options = app.selectbox(key="compare.group").options
    for mask, words in (([1, 1, 1], "All wrong"), ([1, 0, 0], "Only A wrong"), ([1, 1, 0], "Only C correct")):
        count = sum(column == mask for column in wrong.astype(int).T.tolist())
        assert (f"{words} ({count})" in options) == bool(count)
    assert html(app).count("<figure") == 24
    before = html(app)
    app.button(key="compare.turn.1").click().run()
    assert "25 to 48 of" in texts(app) and html(app) != before
    app.selectbox(key="compare.group").select("111").run()
    alone = np.flatnonzero(wrong.all(axis=0))
    assert f"1 to {min(24, len(alone))} of {len(alone)}" in texts(app)
    labels = sorted(re.findall(r'alt="It is (\d)\.', html(app)))
    assert len(labels) == min(24, len(alone)) and 'alt="It is' in html(app)
    assert not app.exception


def test_runs_of_another_data_set_are_left_out(app, trained):
    app.run()
    runs = [trained("A", seed=1), trained("B", seed=2), trained("Clothes", dataset="fashion_mnist")]
    for run in runs[:2]:
        evaluation.evaluate(run.network_file, run.config, datasets.load(), run.path)
    compare(app, *runs, view="errors")
    assert "Clothes has learned another data set and is left out" in texts(app) and "by both" in texts(app)
    app.button_group(key="compare.view").set_value("drawing").run()
    assert "Clothes has not learned digits" in texts(app) and not app.exception
    app.button_group(key="compare.view").set_value("costs").run()
    assert "The test images differ" in texts(app)


def test_errors_need_two_networks_of_one_data_set(app, trained):
    compare(app, trained("A"), trained("None", network=False, phase="stopped"), view="errors")
    assert "None has no network" in texts(app) and "Choose at least two runs above" in texts(app)


def test_all_networks_answer_a_test_digit(app, trained):
    app.run()
    runs = [trained(name, seed=place + 1) for place, name in enumerate("AB")]
    compare(app, *runs, view="drawing")
    app.button_group(key="source").set_value("Test digit").run()
    assert not app.exception and not app.error
    label = int(datasets.load().y_test[app.session_state.test_at])
    image = datasets.load().images("test", slice(app.session_state.test_at, app.session_state.test_at + 1))
    said = [int(Network(run.network_file).probabilities(image)[0].argmax()) for run in runs]
    assert f"It is {label}: {said.count(label)} of 2 right." in texts(app).replace("\\", "")
