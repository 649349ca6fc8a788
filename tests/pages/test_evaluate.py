"""The Evaluate page, without a browser."""

import re
from dataclasses import replace

import numpy as np
import pytest

from harness.waiting import wait_for
from tests.support.apps import TINY, open_page, texts
from trainer.analysis import evaluation
from trainer.analysis.evaluation import Evaluation
from trainer.data import datasets
from trainer.networks import model, onnx_writer
from trainer.runs.owner import owner_hash
from trainer.runs.store import RunStore


@pytest.fixture
def other_run(runs_directory):
    """A run with the same layers and other untrained weights."""
    run = RunStore(runs_directory).create(TINY, owner_hash("somebody"))
    run.describe(name="The *other* one")
    run.network_file.write_bytes(
        onnx_writer.to_onnx(model.weights(model.build(replace(TINY, seed=TINY.seed + 1))), TINY)
    )
    run.update(phase="finished", test_accuracy=0.1, device="CPU", data="MNIST", seconds=3.0)
    return run


def evaluate(run) -> Evaluation:
    return evaluation.evaluate(run.network_file, TINY, datasets.load(), run.path)


def box(app, label):
    return next(box for box in app.selectbox if box.label == label)


def select_view(app, name):
    """Select a view of the evaluation."""
    return app.button_group(key="look").set_value(name).run()


def pages_html(app):
    return "\n".join(element.proto.body for element in app.get("html"))


def test_loss_and_accuracy_are_shown_with_their_meaning(app, network_run):
    app.run()
    found = evaluate(network_run)
    network_run.update(data_hash=found.data_hash)
    open_page(app, "evaluate", network_run)
    assert not app.exception and not app.error and "never saw them in training" in texts(app)
    network_run.update(data_hash="of other data")  # among which these may have been
    app.run()
    assert not app.exception and not app.error and "never saw them" not in texts(app)
    assert [metric.value for metric in app.metric] == [f"{100 * found.accuracy:.2f} %", f"{found.loss:.4f}"]
    assert f"{(~found.right).sum()} of 100 test digits read wrong" in texts(app)


def test_a_missing_or_damaged_evaluation_is_computed_and_appears(app, network_run):
    app.run()
    evaluate(network_run)
    (network_run.path / evaluation.FILE).write_bytes(b"damaged")
    open_page(app, "evaluate", network_run)
    wait_for(lambda: evaluation.read(network_run.path))
    wait_for(lambda: app.run().metric)
    assert not app.exception and not app.error


def test_a_damaged_network_is_an_error_with_a_retry(app, network_run):
    whole = network_run.network_file.read_bytes()
    network_run.network_file.write_bytes(b"damaged")
    open_page(app, "evaluate", network_run)
    wait_for(lambda: app.run().error)
    assert "train it again" in app.error[0].value and not app.exception
    network_run.network_file.write_bytes(whole)
    app.run()
    wait_for(lambda: app.run().metric)
    assert not app.error


def test_a_network_in_training_is_evaluated_when_it_has_finished(app, network_run):
    network_run.update(phase="running")
    open_page(app, "evaluate", network_run)
    assert "still training" in texts(app) and not app.metric
    assert not (network_run.path / evaluation.FILE).exists()


def test_two_select_boxes_choose_a_square_of_the_matrix(app, network_run):
    app.run()
    found = evaluate(network_run)
    open_page(app, "evaluate", network_run)
    label, read_as = (int(place) for place in np.argwhere(found.confusion)[0])
    box(app, "Label").select(label).run()
    box(app, "Prediction").select(read_as).run()
    count, of = found.confusion[label, read_as], found.confusion[label].sum()
    assert f": {count} of {of}" in texts(app)
    assert pages_html(app).count("<figure") == min(count, 40)


def test_each_view_shows_its_images_and_numbers(app, network_run):
    app.run()
    found = evaluate(network_run)
    open_page(app, "evaluate", network_run)
    select_view(app, "nine")
    before = pages_html(app)
    assert before.count("<figcaption>Expected: ") == 9 and before.count("✓") + before.count("✗") == 9
    app.button(key="nine").click().run()
    assert pages_html(app) != before
    select_view(app, "hardest")
    worst = found.errors[0]
    assert f"{found.labels[worst]}, read as {found.predicted[worst]}" in pages_html(app)
    losses = [float(loss) for loss in re.findall(r"loss ([\d.]+)", pages_html(app))]
    assert losses == sorted(losses, reverse=True) and losses[0] == round(float(found.losses.max()), 2)
    assert "sorted by loss, highest first" in texts(app)
    app.button_group(key="hardest").set_value("Least confident").run()
    assert pages_html(app).count("<figure") == 32 and "sorted by the difference" in texts(app)
    select_view(app, "by_class")
    assert "*[recall](learn?term=recall)*" in texts(app) and pages_html(app).count("<th scope=row>") == 10
    select_view(app, "sure")
    assert "[calibration](learn?term=calibration) error" in texts(app)
    assert not app.exception


def test_images_wrong_in_all_networks_are_counted(app, network_run, other_run):
    app.run()
    first, second = evaluate(network_run), evaluate(other_run)
    open_page(app, "evaluate", network_run)
    select_view(app, "hardest")
    app.button_group(key="hardest").set_value("Wrong in all networks").run()
    wrong = int((~first.right & ~second.right).sum())
    assert f"{wrong} images that both networks read wrong" in texts(app)
    assert "1 more network has not been evaluated yet" in texts(app)  # the ready-made network


def test_two_networks_are_compared(app, network_run, other_run):
    app.run()
    first, second = evaluate(network_run), evaluate(other_run)
    open_page(app, "evaluate", network_run)
    select_view(app, "versus")
    app.selectbox(key="other").select(other_run.id).run()
    assert not app.exception and "The *other* one<br>right" in pages_html(app)
    for ours, theirs in ((True, True), (True, False), (False, True), (False, False)):
        assert f"<td>{((first.right == ours) & (second.right == theirs)).sum()}</td>" in pages_html(app)


def test_a_link_selects_the_network_that_it_names(app, network_run, other_run):
    app.run()
    evaluate(other_run)
    open_page(app, "evaluate", other_run)
    assert app.selectbox(key="network").value == other_run.id and app.metric


def test_the_visitor_plays_against_the_network(app, network_run):
    app.run()
    found = evaluate(network_run)
    open_page(app, "evaluate", network_run)
    select_view(app, "duel")
    app.button(key="duel.start").click().run()
    game = app.session_state["evaluate.duel"]
    assert len(game.places) == 20 and "Image 1 of 20" in app.get("progress")[0].proto.text
    for number, place in enumerate(game.places):
        shown = pages_html(app)
        assert shown.count("<figure") == 1 and "read as" not in shown, "the answer is not on the page"
        label = int(found.labels[place])
        app.button(key=f"duel.{label if number else (label + 1) % 10}").click().run()
    assert not app.exception
    its = int(found.right[game.places].sum())
    assert [metric.value for metric in app.metric][-3:-1] == ["19 of 20", f"{its} of 20"]
    assert pages_html(app).count("<figure") == 20 and pages_html(app).count("✗") == 1
    app.button(key="duel.start").click().run()
    assert app.session_state["evaluate.duel"].answers == []
