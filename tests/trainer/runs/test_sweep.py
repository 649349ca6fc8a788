"""Sweep: its plan, its file and its results."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.apps import TINY
from trainer import UserError
from trainer.config.layers import Dense
from trainer.config.optimizers import SGD, Adam
from trainer.config.training import TrainingConfig
from trainer.config.variation import Axis, Setting
from trainer.runs.store import RunStore, new_id
from trainer.runs.sweep import (
    MAX_RUNS,
    Cell,
    Plan,
    Sweep,
    Sweeps,
    best_cell,
    chance_difference,
    effects,
    heatmap_positions,
    read_cells,
)
from trainer.storage.files import json_line

RATES, BATCHES = Axis(Setting("learning_rate"), (0.01, 0.1, 1.0)), Axis(Setting("batch_size"), (20, 50))
PLAN = Plan(TINY, (RATES, BATCHES))


def sweep_of(plan, store):
    runs = [store.create(config, "me", group="20260101-000000-aaaaaa") for config in plan.configs]
    return Sweep("20260101-000000-aaaaaa", plan, tuple(run.id for run in runs), 1e9, "me"), runs


# --- the plan -------------------------------------------------------------------------------------------------


def test_every_combination_of_values_is_tried():
    tried = [(config.learning_rate, config.batch_size) for config in PLAN.configs]
    assert tried == [(0.01, 20), (0.1, 20), (1.0, 20), (0.01, 50), (0.1, 50), (1.0, 50)]
    assert len(PLAN) == 6 and PLAN.title == "Learning rate × batch size"
    assert PLAN.names[:2] == ["rate 0.01, batch 20", "rate 0.1, batch 20"]
    assert {config.layers for config in PLAN.configs} == {TINY.layers}


def test_an_impossible_plan_is_refused_with_a_sentence():
    many = Axis(Setting("seed"), tuple(range(8)))
    for axes, why in (
        ((), "1 or 2 settings"),
        ((RATES, RATES), "must differ"),
        ((many, Axis(Setting("epochs"), (1, 2, 3, 4, 5))), f"at most {MAX_RUNS} runs .got 8 × 5 = 40"),
        ((Axis(Setting("seed"), (1,)),), "at least 2 runs"),
        ((Axis(Setting("filters", "conv2d_1"), (1, 2)),), "With conv2d_1 filters 1: .*it has no"),
    ):
        with pytest.raises(UserError, match=why):
            Plan(TINY, axes)
    with pytest.raises(UserError, match=r"With dense_2 units 2,048, dense_3 units 2,048: .*parameters"):
        layers = tuple(Axis(Setting("units", name), (2, 2048)) for name in ("dense_2", "dense_3"))
        Plan(TrainingConfig(layers=(Dense(2), Dense(2))), layers)


def test_a_varied_learning_rate_overrides_the_optimizers_default():
    optimizers = Axis(Setting("optimizer"), ("SGD", "Adam"))
    for axes in ((RATES, optimizers), (optimizers, RATES)):
        tried = {(config.optimizer, config.learning_rate) for config in Plan(TINY, axes).configs}
        assert tried == {(kind, rate) for kind in (SGD(), Adam()) for rate in (0.01, 0.1, 1.0)}


# --- its file -------------------------------------------------------------------------------------------------


def test_a_sweep_is_read_as_written(tmp_path):
    sweeps = Sweeps(tmp_path / "sweeps")
    assert sweeps.ids() == []
    sweep = Sweep(new_id(), PLAN, ("20260101-000000-aaaaaa",) * 6, 12.5, "me")
    sweeps.save(sweep)
    assert sweeps.get(sweep.id) == sweep and sweeps.ids() == [sweep.id]
    for other in ("", "../config", "20260101-000000-bbbbbb", sweep.id + ".json"):
        assert sweeps.get(other) is None


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    sweeps = Sweeps(tmp_path_factory.mktemp("sweeps"))
    sweep = Sweep(new_id(), PLAN, ("20260101-000000-aaaaaa",) * 6, 12.5, "me")
    sweeps.save(sweep)
    return sweeps, sweep


DAMAGES = [
    ("runs", ["20260101-000000-aaaaaa"]),
    ("runs", ["../../etc"] * 6),
    ("runs", [[]] * 6),
    ("runs", None),
    ("axes", []),
    ("axes", {}),
    ("axes", [{"setting": "learning_rate", "values": "fast"}]),
    ("axes", [{"setting": "learning_rate", "values": [[1], {}]}]),
    ("axes", [{"setting": "time", "values": [1, 2]}]),
    ("axes", [{"setting": "x.rate", "values": [0.1, 0.2]}]),
    ("base", 3),
    ("base", {"version": 1, "layers": "many"}),
    ("created", "now"),
    ("created", float("nan")),
    ("owner", 7),
]


@pytest.mark.parametrize("name, value", DAMAGES)
def test_a_damaged_file_is_a_user_error(written, name, value):
    sweeps, sweep = written
    whole = json.loads(sweep.to_json())
    (sweeps.folder / f"{sweep.id}.json").write_text(json.dumps(whole | {name: value}))
    with pytest.raises(UserError, match="on the page Runs"):
        sweeps.get(sweep.id)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(), lambda part: st.lists(part) | st.dictionaries(st.text(), part)
)


@given(JSON)
def test_any_other_content_is_a_user_error(written, value):
    sweeps, sweep = written
    whole = json.loads(sweep.to_json())
    path = sweeps.folder / f"{sweep.id}.json"
    for content in (value, whole | {"axes": value}, whole | {"axes": [{"setting": value, "values": value}]}):
        path.write_text(json.dumps(content))
        with pytest.raises(UserError):
            sweeps.get(sweep.id)
    path.write_bytes(b"\xff{")
    with pytest.raises(UserError):
        sweeps.get(sweep.id)


# --- results ----------------------------------------------------------------------------------------------------


def test_each_cell_has_the_status_of_its_run(tmp_path):
    store = RunStore(tmp_path / "runs")
    sweep, runs = sweep_of(PLAN, store)
    assert {cell.status for cell in read_cells(sweep, store)} == {"waiting"} and best_cell(
        read_cells(sweep, store)
    ) is None
    runs[0].update(phase="finished", test_accuracy=0.9, val_accuracy=0.93, seconds=3.0)
    runs[1].update(phase="running")
    (runs[1].path / "history.jsonl").write_bytes(json_line({"kind": "epoch", "epoch": 1, "val_accuracy": 0.95}))
    runs[2].update(phase="failed", error="The loss became infinite.")
    (runs[3].path / "state.json").write_text("{")
    store.delete(runs[4])
    runs[5].update(phase="stopped", test_accuracy=0.91)  # by an old version, which stored no validation accuracy
    (runs[5].path / "history.jsonl").write_bytes(json_line({"kind": "epoch", "epoch": 1, "val_accuracy": 0.8}))
    known = read_cells(sweep, store)
    assert [cell.status for cell in known] == ["", "epoch 1", "failed", "damaged", "deleted", "stopped"]
    assert [cell.accuracy for cell in known] == [0.93, 0.95, None, None, None, 0.8]
    assert [cell.test_accuracy for cell in known] == [0.9, None, None, None, None, 0.91]
    assert [cell.ended for cell in known] == [True, False, True, True, True, True]
    assert known[2].error == "The loss became infinite."
    assert best_cell(known).run == runs[0].id  # the other is not tested yet


def test_runs_are_compared_on_the_same_digits_while_they_train_and_afterwards(tmp_path):
    assert PLAN.measured == "validation" and PLAN.measured_count(500, 100) == 50
    none = Plan(TINY, (Axis(Setting("validation_split"), (0.0, 0.2)),))
    assert none.measured == "test" and none.measured_count(500, 100) == 100
    store = RunStore(tmp_path / "runs")
    sweep, runs = sweep_of(none, store)
    (runs[1].path / "history.jsonl").write_bytes(json_line({"kind": "epoch", "epoch": 1, "val_accuracy": 0.8}))
    assert [cell.accuracy for cell in read_cells(sweep, store)] == [None, None]
    runs[1].update(phase="finished", test_accuracy=0.7, val_accuracy=0.8)
    assert [cell.accuracy for cell in read_cells(sweep, store)] == [None, 0.7]


def test_the_error_rate_scales_an_accuracy_from_the_worst_to_the_best():
    assert heatmap_positions([0.1, None, 0.97, 0.98]) == [0.0, None, pytest.approx(0.89, abs=0.02), 1.0]
    assert heatmap_positions([None, None]) == [None, None]
    assert heatmap_positions([0.5, 0.5]) == [1.0, 1.0] and heatmap_positions([1.0, 0.0]) == [1.0, 0.0]


def test_the_effect_of_a_setting_is_known_once_all_runs_are_tested():
    accuracies = [0.90, 0.96, 0.30, 0.92, 0.94, 0.50]
    known = [Cell("", name, "finished", accuracy, True) for name, accuracy in zip(PLAN.names, accuracies, strict=True)]
    found = {setting.id: round(apart, 4) for setting, apart in effects(PLAN, known)}
    assert found == {"learning_rate": 0.55, "batch_size": 0.0667}
    assert effects(PLAN, [*known[:5], Cell("", "", "failed")]) is None


def test_chance_makes_a_larger_difference_with_fewer_test_digits():
    assert chance_difference(0.9, 10_000) == pytest.approx(0.0083, abs=1e-4)
    assert chance_difference(0.9, 100) == pytest.approx(0.083, abs=1e-3) and chance_difference(1.0, 100) == 0
