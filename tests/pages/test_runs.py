"""The Runs page, without a browser: the list, one run, deletion and links."""

import json
import os
import threading
from dataclasses import replace
from datetime import datetime

import pytest

from harness.waiting import TIMEOUT_SECONDS, wait_for
from tests.support.apps import TINY, open_page, texts
from trainer.config.optimizers import Adam
from trainer.config.variation import Axis, Setting
from trainer.runs import index
from trainer.runs.owner import owner_hash
from trainer.runs.store import RunStore, new_id
from trainer.runs.sweep import Plan, Sweep, Sweeps
from trainer.sharing import run_import
from trainer.storage.files import json_line

ME = "my token"


@pytest.fixture
def store(runs_directory):
    return RunStore(runs_directory)


def rows(app):
    """Return the rows of the table."""
    (table,) = [
        part.proto for part in app.get("bidi_component") if part.proto.component_name.endswith("digit_lab_runs")
    ]
    return json.loads(table.bytes)["rows"]


def listed(app):
    """Return the names in the table."""
    return [row["name"] for row in rows(app)]


def trained(store, name, owner=ME, config=TINY, parent="", group="", **state):
    run = store.create(config, owner_hash(owner), parent=parent, group=group)
    run.describe(name=name)
    run.update(**{"phase": "finished", "steps": 10, "examples": 100, "seconds": 2.0} | state)
    end = {"kind": "epoch", "epoch": 1, "step": 10, "loss": 1.0, "accuracy": 0.5, "val_accuracy": 0.5, "seconds": 1.0}
    (run.path / "history.jsonl").write_bytes(json_line(end))
    return run


def look(app, run=None):
    """Open the page, or one run on it, as the owner of this test's runs."""
    app.session_state.owner = ME
    return open_page(app, "runs", run)


def buttons(app):
    return [button.label for button in app.button]


def links(app):
    return {link.proto.label: link.proto.query_string for link in app.get("page_link")}


def facts(app):
    return "\n".join(element.proto.body for element in app.get("html"))


def test_without_runs_the_page_says_what_to_do(app):
    look(app)
    assert not app.exception and "No runs yet" in texts(app)
    assert "Train a network" in links(app)


def test_the_list_shows_all_runs_and_searches_filters_and_sorts_them(app, store):
    trained(store, "first", test_accuracy=0.9)
    trained(store, "second", owner="somebody else", test_accuracy=0.8, config=replace(TINY, optimizer=Adam()))
    trained(store, "third", phase="interrupted", config=replace(TINY, dataset="cifar10"))
    look(app)
    assert not app.exception and sorted(listed(app)) == ["first", "second", "third"] and "3 runs" in texts(app)
    app.text_input(key="runs.words").set_value("ADAM relu").run()
    assert listed(app) == ["second"] and "1 run of 3" in texts(app)
    app.text_input(key="runs.words").set_value("").run()
    app.selectbox(key="runs.phase").set_value("interrupted").run()
    assert listed(app) == ["third"]
    app.selectbox(key="runs.phase").set_value("Any").run()
    app.selectbox(key="runs.dataset").set_value("mnist").run()
    assert sorted(listed(app)) == ["first", "second"]
    app.selectbox(key="runs.dataset").set_value("Any").run()
    app.toggle(key="runs.mine").set_value(True).run()
    assert sorted(listed(app)) == ["first", "third"]
    app.toggle(key="runs.mine").set_value(False).run()
    app.selectbox(key="runs.by").set_value("test_accuracy").run()
    assert listed(app) == ["first", "second", "third"]
    app.button(key="runs.turn").click().run()
    assert listed(app) == ["second", "first", "third"]
    app.text_input(key="runs.words").set_value("nothing like that").run()
    assert not app.exception and "No runs match" in texts(app)


def test_a_page_has_fifty_runs(app, store):
    for place in range(52):
        store.create(TINY, owner_hash(ME)).update(phase="finished", test_accuracy=place / 100)
    look(app)
    assert len(listed(app)) == 50 and "1–50 of 52 runs" in texts(app) and app.button(key="runs.previous").disabled
    app.button(key="runs.next").click().run()
    assert len(listed(app)) == 2 and "51–52 of 52 runs" in texts(app) and app.button(key="runs.next").disabled
    app.toggle(key="runs.mine").set_value(True).run()
    assert len(listed(app)) == 50


def test_a_sweep_is_one_row_that_opens(app, store):
    plan = Plan(TINY, (Axis(Setting("learning_rate"), (0.1, 0.3)),))
    group = new_id()
    runs = [
        trained(store, name, config=config, group=group, test_accuracy=config.learning_rate)
        for name, config in zip(plan.names, plan.configs, strict=True)
    ]
    Sweeps(store.root / "sweeps").save(Sweep(group, plan, tuple(run.id for run in runs), 1e9, owner_hash(ME)))
    trained(store, "another", test_accuracy=0.2)
    look(app)
    app.selectbox(key="runs.by").set_value("test_accuracy").run()
    assert not app.exception and listed(app) == ["Learning rate", "another"] and "3 runs" in texts(app)
    sweep = rows(app)[0]
    assert sweep["words"] == ["2 runs", "finished", "yours"]
    assert (sweep["test"], sweep["rate"], sweep["network"]) == ("30.0 %", "", "16 relu")
    app.session_state["runs.unfolded"] = {group}
    app.run()
    assert listed(app) == ["Learning rate", "rate 0.3", "rate 0.1", "another"]
    app.session_state["runs.unfolded"] = set()
    app.query_params["group"] = group
    app.run()
    assert listed(app) == ["Learning rate", "rate 0.3", "rate 0.1"]
    assert "2 runs of one sweep" in texts(app)
    app.button(key="runs.leave_group").click().run()
    assert listed(app) == ["Learning rate", "another"] and "group" not in app.query_params
    store.delete(runs[0])
    assert "rate 0.3" in listed(app.run())


def test_selected_runs_can_be_compared(app, store):
    runs = [trained(store, name) for name in ("one", "two", "*three*")]
    app.session_state["runs.chosen"] = [runs[0].id, "gone"]
    look(app)
    assert app.button(key="runs.compare").disabled
    app.session_state["runs.chosen"] = [runs[0].id, runs[2].id]
    app.run()
    assert not app.exception and "**one**" in texts(app) and r"**\*three\***" in texts(app)
    assert app.button(key="runs.compare").label == "Compare 2 runs" and not app.button(key="runs.compare").disabled
    app.button(key="runs.clear").click().run()
    assert "Select 2 to 6 runs" in texts(app)


def test_a_run_is_shown_with_its_facts_and_links(app, network_run):
    look(app, network_run)
    assert not app.exception and app.subheader[0].value == "16 relu"
    for fact in ("12.3 %", "16 relu", "12,730", "SGD, 0.1", "by somebody else"):
        assert fact in facts(app)
    assert {"Draw with it", "Evaluate", "Look inside", "Continue training", "View training"} <= set(links(app))
    assert f"parent={network_run.id}" in links(app)["Continue training"]
    assert not {"Delete", "Pin", "Resume", "Save note"} & set(buttons(app))
    saved = json.loads((network_run.path / "config.json").read_text())
    saved["trained"] = datetime(2024, 5, 6, 7, 8).timestamp()
    (network_run.path / "config.json").write_text(json.dumps(saved))
    network_run.update(note=f"{run_import.ORIGIN}, trained on 2024-05-06")
    app.run()
    assert not app.exception and "<th scope=row>Imported</th>" in facts(app)
    assert "<th scope=row>Started</th><td>6 May 2024, 07:08</td>" in facts(app)


def test_its_owner_renames_annotates_and_pins_a_run(app, store):
    run = trained(store, "")
    look(app, run)
    app.session_state[f"run.renaming.{run.id}"] = True  # as a click on Rename does
    app.run()
    app.text_input[0].set_value("a <i>new</i> name")
    app.button(key=f"FormSubmitter:runs.rename.{run.id}-Save").click().run()
    assert run.read().label.name == "a <i>new</i> name" and r"\<i\>" in app.subheader[0].value
    app.text_area[0].set_value("what I tried")
    app.button(key=f"FormSubmitter:runs.note.{run.id}-Save note").click().run()
    app.button(key="run.pin").click().run()
    assert not app.exception and (run.read().label.note, run.read().label.pinned) == ("what I tried", True)
    assert "Unpin" in buttons(app)


def test_a_deleted_run_is_restored_at_once_or_later(app, store):
    run, other = trained(store, "first"), trained(store, "second")
    for key in ("runs.undo", f"runs.back.{run.id}"):
        look(app, run)
        app.button(key="run.delete").click().run()
        app.button(key="runs.delete_it").click().run()
        assert not app.exception and store.get(run.id) is None and "run" not in app.query_params
        assert "Deleted: **first**" in texts(app) and listed(app) == ["second"]
        app.button(key=key).click().run()
        assert not app.exception and store.get(run.id) and sorted(listed(app)) == ["first", "second"]
        assert "Deleted" not in texts(app)
    assert store.get(other.id)


def test_a_run_in_training_cannot_be_deleted(app, store):
    run = trained(store, "")
    look(app, run)
    app.button(key="run.delete").click().run()
    run.update(phase="running")
    app.button(key="runs.delete_it").click().run()
    assert not app.exception and store.get(run.id) and app.button(key="run.delete").disabled


def test_an_interrupted_run_shows_why_and_can_be_resumed(app, store):
    run = trained(store, "", phase="interrupted", error="The training process ended before the training did.")
    run.checkpoint.touch()
    look(app, run)
    assert not app.exception and "process ended" in app.warning[0].value
    app.button(key="run.resume").click().run()
    assert not app.exception and run.state.phase != "interrupted"


def test_a_damaged_run_is_shown_and_can_be_deleted(app, store):
    run = trained(store, "")
    (run.path / "config.json").write_text("{")
    look(app, run)
    assert not app.exception and "config.json cannot be read" in app.error[0].value and "damaged" in facts(app)
    assert "Delete" in buttons(app) and "Resume" not in buttons(app)


def test_lineage_and_sweep_are_shown(app, store):
    parent = trained(store, "parent")
    child = trained(store, "child", parent=parent.id, group="s1")
    for run in (parent, child):
        look(app, run)
        assert not app.exception and "**Lineage**" in texts(app)
    assert "sweep=s1" in links(app)["View sweep"]


def test_an_old_link_is_a_warning_above_the_list(app, store):
    trained(store, "here")
    for text in ("20260101-000000-aaaaaa", "../../etc"):
        look(app, text)
        assert not app.exception and "no longer here" in app.warning[0].value and listed(app) == ["here"]


def test_the_list_shows_the_progress_of_reading_many_runs(app, store, monkeypatch):
    runs = [trained(store, f"run {place}") for place in range(3)]
    go, read = threading.Event(), index.read_row
    monkeypatch.setattr(index, "MAX_READ_AT_ONCE", 1)
    monkeypatch.setattr(index, "read_row", lambda run: (run.id == newest or go.wait(TIMEOUT_SECONDS)) and read(run))
    newest = max(run.id for run in runs)
    for run in runs:
        os.utime(run.path, (1_700_000_000, 1_700_000_000))  # else it is read again and again for a while
    look(app)
    assert not app.exception and len(listed(app)) == 1 and "Reading 3 runs" in app.get("progress")[0].proto.text
    go.set()
    wait_for(lambda: not app.run().get("progress"))
    assert not app.exception and len(listed(app)) == 3
