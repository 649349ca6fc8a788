"""The Sweep page, without a browser."""

import json
from dataclasses import replace

import pytest

from harness.waiting import wait_for
from tests.support.apps import TINY, open_page, texts
from trainer.config.optimizers import Adam
from trainer.config.presets import PRESETS
from trainer.config.variation import Axis, Setting
from trainer.runs.owner import owner_hash
from trainer.runs.store import RunStore, new_id
from trainer.runs.sweep import Plan, Sweep, Sweeps
from trainer.storage.files import json_line

PLAN = Plan(TINY, (Axis(Setting("learning_rate"), (0.01, 0.1)), Axis(Setting("batch_size"), (20, 50))))


def field(app, label):
    """Return the control with that label."""
    kinds = (app.text_input, app.number_input, app.selectbox, app.button_group)
    (found,) = [element for kind in kinds for element in kind if element.label == label]
    return found


def save_sweep(runs_directory, plan=PLAN, owner="somebody"):
    """Save a sweep whose runs are in training."""
    store, sweeps = RunStore(runs_directory), Sweeps(runs_directory / "sweeps")
    sweep_id, mine = new_id(), owner_hash(owner)
    runs = [store.create(config, mine, group=sweep_id) for config in plan.configs]
    for run in runs:
        run.update(phase="running")
    sweep = Sweep(sweep_id, plan, tuple(run.id for run in runs), 1e9, mine)
    sweeps.save(sweep)
    return sweep, runs


def open_sweep(app, sweep_id):
    app.run()
    app.query_params["sweep"] = sweep_id
    return app.switch_page("pages/sweep.py").run()


def test_the_form_states_the_number_of_runs_and_their_duration(app):
    open_page(app, "sweep")
    assert not app.exception and not app.error
    assert "3 × 3 = 9 runs, about" in texts(app) and "rough estimate" in texts(app) and "Press Start" in texts(app)
    field(app, "Values of learning rate").set_value("0.1, 1").run()
    field(app, "And").select("").run()
    assert "**2 runs, about" in texts(app) and app.button(key="sweep.begin").label == "Start 2 runs"
    assert app.session_state.engine.runs.runs() == []


@pytest.mark.parametrize(
    "values, why",
    [
        ("fast", "must be numbers separated by commas"),
        ("0.1, 1000", "between 0.000001 and 100"),
        ("0.1", ""),
        ("", "needs at least one value"),
    ],
)
def test_invalid_values_are_an_error_and_stay_in_the_form(app, values, why):
    open_page(app, "sweep")
    field(app, "Values of learning rate").set_value(values).run()
    assert not app.exception and app.button(key="sweep.begin").disabled == bool(why)
    assert [why in error.value for error in app.error] == [True] * bool(why)
    assert field(app, "Values of learning rate").value == values
    assert field(app, "Values of batch size").value == "8, 32, 128"


def test_too_many_runs_and_too_large_networks_are_errors(app):
    open_page(app, "sweep")
    field(app, "Values of learning rate").set_value("1, 2, 3, 4, 5, 6, 7").run()
    field(app, "Values of batch size").set_value("1, 2, 3, 4, 5, 6").run()
    assert "at most 36 runs (got 7 × 6 = 42)" in app.error[0].value
    field(app, "Start from").select("tutorial_a").run()
    field(app, "Vary").select("dense_2.units").run()
    field(app, "And").select("dense_3.units").run()
    for layer in (2, 3):
        field(app, f"Values of dense_{layer}: units").set_value("32, 2048").run()
    assert not app.exception and "With dense_2 units 2,048, dense_3 units 2,048" in app.error[0].value


def test_a_choice_setting_needs_at_least_one_value(app):
    open_page(app, "sweep")
    field(app, "Vary").select("optimizer").run()
    optimizers = field(app, "Values of optimizer")
    assert optimizers.value == ["SGD", "Adam", "RMSprop"]
    optimizers.set_value([]).run()
    assert "Optimizer needs at least one value" in app.error[0].value
    field(app, "Values of optimizer").set_value(["Adam", "Lion"]).run()
    assert not app.exception and not app.error and "2 × 3 = 6 runs" in texts(app)


def test_every_preset_and_every_setting_can_be_varied(app):
    open_page(app, "sweep")
    for name in ("small_cnn", "dropout", "too_fast"):
        field(app, "Start from").select(name).run()
        for setting in field(app, "Vary").options:
            assert setting
        assert not app.exception and not app.error, name
    for name in ("training_examples", "l2", "activation", "shift", "seed", "schedule"):
        field(app, "Start from").select("small_cnn").run()
        field(app, "Vary").select(name).run()
        assert not app.exception and not app.error, name


def test_a_sweep_runs_to_its_end_and_its_best_run_opens_on_train(app):
    open_page(app, "sweep")
    field(app, "Epochs").set_value(1).run()
    field(app, "Values of learning rate").set_value("0.01, 0.1").run()
    field(app, "Values of batch size").set_value("20, 50").run()
    app.button(key="sweep.begin").click().run()
    engine = app.session_state.engine
    (sweep_id,) = engine.sweeps.ids()
    assert not app.exception and app.query_params["sweep"] in (sweep_id, [sweep_id])
    assert app.subheader[0].value == "Learning rate × batch size"
    sweep = engine.sweeps.get(sweep_id)
    assert sweep.plan.base == replace(PRESETS["perceptron"].config, epochs=1)
    runs = [engine.runs.get(run_id) for run_id in sweep.runs]
    wait_for(lambda: all(run.state.ended for run in runs))
    app.run()
    best = max(runs, key=lambda run: run.state.val_accuracy)
    assert not app.exception and f"##### Best: {best.read().name.replace('.', chr(92) + '.')}" in texts(app)
    assert "makes a difference of" in texts(app) and "with 50 validation digits, differences below" in texts(app)
    app.button(key="sweep.best").click().run()
    assert not app.exception and app.query_params["run"] in (best.id, [best.id])


def test_only_its_owner_can_stop_a_sweep(app, runs_directory):
    sweep, _ = save_sweep(runs_directory)
    open_sweep(app, sweep.id)
    assert not app.exception and "belongs to somebody else" in texts(app)
    assert "sweep.stop" not in [button.key for button in app.button]
    engine, owner = app.session_state.engine, app.session_state.owner
    own = engine.submit_sweep(Plan(replace(TINY, epochs=200), PLAN.axes), owner)
    app.query_params["sweep"] = own
    app.run()
    app.button(key="sweep.stop").click().run()
    runs = [engine.runs.get(run_id) for run_id in engine.sweeps.get(own).runs]
    wait_for(lambda: [run.state.phase for run in runs] == ["stopped"] * 4)
    app.run()
    assert not app.exception


def test_one_varied_setting_has_a_chart_squares_have_curves_and_failed_runs_are_counted(app, runs_directory):
    sweep, runs = save_sweep(runs_directory, Plan(TINY, (Axis(Setting("learning_rate"), (0.1, 1.0, 10.0)),)))
    for run, accuracy in zip(runs, (0.9, 0.8, None), strict=True):
        scores = {"val_accuracy": accuracy and accuracy + 0.01, "test_accuracy": accuracy}
        run.update(phase="finished" if accuracy else "failed", **scores, error="")
    ends = [{"kind": "epoch", "epoch": epoch, "step": epoch, "val_accuracy": epoch / 4} for epoch in (1, 2, 3)]
    (runs[0].path / "history.jsonl").write_bytes(b"".join(map(json_line, ends)))
    open_sweep(app, sweep.id)
    (squares,) = [part.proto for part in app.get("bidi_component") if "squares" in part.proto.component_name]
    curves = [cell["curve"] for cell in json.loads(squares.bytes)["cells"]]
    assert curves == ["0,100 50,50 100,0", "", ""]
    assert not app.exception and len(app.get("plotly_chart")) == 1
    assert "It reads 91.0 % of the validation digits and 90.0 % of the test digits correctly" in texts(app)
    assert "each square shows the accuracy on the validation digits" in texts(app) and "1 run failed" in texts(app)


def test_a_sweep_without_tested_runs_says_so(app, runs_directory):
    sweep, runs = save_sweep(runs_directory)
    for run in runs:
        RunStore(runs_directory).delete(run)
    open_sweep(app, sweep.id)
    assert not app.exception and "no best one" in app.warning[0].value


def test_a_link_sets_the_network_to_start_from(app, runs_directory):
    run = RunStore(runs_directory).create(TINY, "")
    config = replace(TINY, optimizer=Adam(), epochs=7)
    app.run()
    app.query_params["config"] = config.to_link()
    app.switch_page("pages/sweep.py").run()
    assert not app.exception and field(app, "Epochs").value == 7 and "Adam" in texts(app)
    del app.query_params["config"]
    app.query_params["run"] = run.id
    app.run()
    assert not app.exception and field(app, "Start from").value == run.id and "16 relu" in texts(app)
    app.query_params["run"] = "../../etc"
    app.run()
    assert not app.exception and "one that is gone" in app.error[0].value
    del app.query_params["run"]
    app.query_params["config"] = "damaged"
    app.run()
    assert not app.exception and "damaged one" in app.error[0].value


def test_a_link_with_a_config_opens_the_form_instead_of_the_last_sweep(app, runs_directory):
    sweep, _ = save_sweep(runs_directory)
    open_sweep(app, sweep.id)
    assert app.subheader[0].value == "Learning rate × batch size" and "Press Start" not in texts(app)
    del app.query_params["sweep"]
    app.run()
    assert app.subheader[0].value == "Learning rate × batch size"  # as when one comes back by the menu
    del app.query_params["sweep"]
    app.query_params["config"] = TINY.to_link()
    app.run()
    assert not app.exception and "Press Start" in texts(app) and field(app, "Start from").value == "link"


def test_earlier_sweeps_are_listed_and_a_damaged_one_is_an_error(app, runs_directory):
    _, runs = save_sweep(runs_directory)
    other, _ = save_sweep(runs_directory)
    for run in runs:
        run.update(phase="finished", test_accuracy=0.5, val_accuracy=0.5)
    (runs_directory / "sweeps" / f"{other.id}.json").write_text("{")
    open_page(app, "sweep")
    assert not app.exception and "Earlier sweeps" in [head.value for head in app.subheader]
    assert "4 runs" in texts(app) and "best 50.0 %" in texts(app) and "got a damaged one" in texts(app)
    open_sweep(app, other.id)
    assert not app.exception and "got a damaged one" in app.warning[0].value
    open_sweep(app, "20200101-000000-aaaaaa")
    assert not app.exception and "no longer here" in app.warning[0].value
