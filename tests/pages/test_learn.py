import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from harness.server import ROOT
from harness.waiting import TIMEOUT_SECONDS
from tests.support.apps import open_page, texts
from trainer.config.presets import PRESETS
from trainer.lessons.convolution import KERNELS
from trainer.lessons.glossary import TERMS
from trainer.networks.losses import softmax
from ui.learn import LESSONS


def learn(app, lesson=1):
    app.run()
    app.query_params["lesson"] = str(lesson)
    return app.switch_page("pages/learn.py").run()


def html(app):
    return "".join(element.body for element in app.html)


@pytest.mark.parametrize("place", range(1, len(LESSONS) + 1))
def test_each_lesson_is_found_by_its_link(app, place):
    learn(app, place)
    assert not app.exception and not app.error
    assert app.subheader[0].value == f"{place}. {LESSONS[place - 1].title}"
    lesson = LESSONS[place - 1]
    assert {*lesson.terms} <= {*TERMS} and lesson.preset in PRESETS
    (task,) = (link.proto for link in app.get("page_link") if link.proto.label == "Try it on Train")
    assert task.page == "train" and task.query_string == f"preset={lesson.preset}"


def test_next_leads_on_and_the_url_follows(app):
    open_page(app, "learn")
    assert app.subheader[0].value.startswith("1.")
    app.button(key="learn.next").click().run()
    assert app.subheader[0].value.startswith("2.") and "".join(app.query_params["lesson"]) == "2"
    app.button(key="learn.previous").click().run()
    assert app.subheader[0].value.startswith("1.") and "".join(app.query_params["lesson"]) == "1"


def test_opened_lessons_are_marked_and_the_last_one_leads_on(app):
    learn(app, 9)
    assert "You have not opened 8 lessons yet" in texts(app)
    app.session_state["learn.opened"] = frozenset({1, 2, 3, 4, 6, 7, 8, 9})
    app.button(key="learn.missing.5").click().run()
    assert app.subheader[0].value.startswith("5.")
    options = app.segmented_control(key="learn.lesson").options
    assert [option for option in options if not option.endswith("✓")] == ["5 Loss"]
    app.segmented_control(key="learn.lesson").set_value(9).run()
    assert "You have been through all nine" in texts(app)
    again = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_SECONDS)  # a reload, or tomorrow
    again.session_state["owner"] = app.session_state.owner
    again.query_params["page"] = "learn"
    assert all(option.endswith("✓") for option in again.run().segmented_control(key="learn.lesson").options)


def test_a_link_to_no_lesson_shows_the_first(app):
    learn(app, "twelve")
    assert not app.exception and app.subheader[0].value.startswith("1.")


def test_guesses_are_counted_against_a_network_that_sees_the_digit(app):
    learn(app, 1)
    for digit in (3, 7):
        app.button(key=f"learn.guess.{digit}").click().run()
    assert not app.exception and "It was" in html(app)
    game = app.session_state["learn.game"]
    assert game.tries == 2 and f"{game.network} of 2" in html(app)
    app.button(key="learn.chance").click().run()
    assert app.session_state["learn.game"].chance_tries == 100


@pytest.mark.parametrize("output", ["step", "sigmoid"])
def test_a_neuron_learns_to_part_the_groups(app, output):
    learn(app, 2)
    app.segmented_control(key="learn.neuron.output").set_value(output).run()
    assert "20 of 40 correct" in texts(app)
    app.button(key="learn.neuron.many").click().run()
    app.button(key="learn.neuron.many").click().run()
    assert not app.exception and "40 of 40 correct.** All of them!" in texts(app)
    app.button(key="learn.neuron.new").click().run()
    assert "20 of 40 correct" in texts(app)


def test_a_slider_moves_the_line(app):
    learn(app, 2)
    app.slider(key="learn.neuron.weight_2").set_value(1.0).run()
    app.slider(key="learn.neuron.bias").set_value(0.0).run()
    assert "40 of 40 correct" in texts(app)


def test_the_parameters_of_tutorial_a_are_counted_and_those_of_what_is_on_train(app):
    learn(app, 3)
    app.selectbox(key="learn.network").set_value("tutorial_a").run()
    assert "**640,890 parameters**" in texts(app)
    assert "784 inputs × 784 units + 784 biases" in html(app) and "615,440" in html(app)
    app.switch_page("pages/train.py").run()
    app.switch_page("pages/learn.py").run()
    options = app.selectbox(key="learn.network").options
    assert any(option.startswith("On Train: 784 relu - 32 relu") for option in options)


def test_activations_say_what_they_make_of_the_sum(app):
    learn(app, 3)
    app.slider(key="learn.sum").set_value(-2.0).run()
    assert "relu(−2) = 0**" in texts(app) and "sigmoid(−2) = 0.119**" in texts(app)


def test_a_constant_added_to_all_logits_changes_no_share(app):
    learn(app, 4)
    before = shares(app)
    logits = np.array([app.slider(key=f"learn.logit.{digit}").value for digit in range(10)])
    assert before == pytest.approx(100 * softmax(logits), abs=0.051)
    app.slider(key="learn.added").set_value(5.0).run()
    assert shares(app) == before and "changes the shares by 0.0 %" in texts(app)
    app.segmented_control(key="learn.times").set_value(4.0).run()
    assert max(shares(app)) > max(before) and "sharper" in texts(app)
    app.button(key="learn.logits.network").click().run()
    assert not app.exception and "logits for test digit" in texts(app)


def shares(app):
    row = re.search(r'<td class="words">share</td>(.*?)</tr>', html(app))[1]
    return [float(value) for value in re.findall(r">([\d.]+)</td>", row)]


def test_the_loss_is_that_of_the_probability(app):
    learn(app, 5)
    assert "= 2.303**" in texts(app)
    app.select_slider(key="learn.loss.share").set_value(0.5).run()
    assert "= 0.693**" in texts(app) and "Squared error: 0.0278**" in texts(app)


@pytest.mark.parametrize("hidden", [False, True])
def test_steps_bring_the_loss_down_and_show_what_changed(app, hidden):
    learn(app, 6)
    app.segmented_control(key="learn.descent.hidden").set_value(hidden).run()
    app.button(key="learn.descent.1").click().run()
    app.button(key="learn.descent.10").click().run()
    assert not app.exception and "in step 11 the loss fell by" in texts(app)
    losses = app.session_state["learn.descent.state"].losses
    assert f"{losses[-2]:.3f} → {losses[-1]:.3f}" in texts(app) and losses[-1] < losses[0]
    for look, words in (("Weights", "Largest value:"), ("Last change", "Largest value:")):
        app.segmented_control(key="learn.descent.look").set_value(look).run()
        assert words in texts(app)
    app.segmented_control(key="learn.descent.look").set_value("One digit's error").run()
    app.slider(key="learn.descent.digit").set_value(4).run()
    assert not app.exception and "one-hot" in html(app)
    assert ("The error of a hidden unit" if hidden else "This digit's gradient") in texts(app)
    app.button(key="learn.descent.draw").click().run()
    assert "before the first step" in texts(app)


def test_steps_that_are_too_large_overshoot(app):
    learn(app, 6)
    app.select_slider(key="learn.descent.rate").set_value(5.0).run()
    app.button(key="learn.descent.1").click().run()
    app.button(key="learn.descent.1").click().run()  # the first step may still go down
    assert "the loss rose by" in texts(app) and "overshot" in texts(app)


def test_a_tutorial_stands_beside_its_network_and_opens_in_train(app):
    learn(app, 7)
    assert "Dense(784" in app.code[0].value and "92 %" in texts(app)
    assert "<td>(None, 784)</td><td>615,440</td>" in html(app) and "640,890" in html(app)
    assert "`probabilities.argmax()` **7**" in texts(app)
    app.segmented_control(key="learn.tutorial").set_value("tutorial_b").run()
    assert 'Dense(10, activation="sigmoid")' in app.code[0].value and "**7,960 parameters**" in texts(app)
    (link,) = (one.proto for one in app.get("page_link") if one.proto.label == "Open in Train")
    assert link.page == "train" and link.query_string == "preset=tutorial_b"


def test_a_kernel_is_chosen_or_edited(app):
    learn(app, 9)
    assert "**Vertical edges**: Blue where ink begins" in texts(app) and "676 positions" in texts(app)
    app.button_group(key="learn.convolution.kernel").set_value("Blur").run()
    assert app.session_state["learn.convolution.weights"] == KERNELS["Blur"].weights
    app.button(key="learn.convolution.digit.new").click().run()
    assert not app.exception and "**Blur**: The mean of nine pixels" in texts(app)
    app.session_state["learn.convolution.weights"] = (1.0,) * 9
    assert "Your own kernel." in texts(app.run())


def test_remedies_lower_the_validation_loss(app):
    learn(app, 8)
    assert "It overfits: since epoch" in texts(app)
    before = validation_loss(app)
    app.button_group(key="learn.overfitting.remedies").set_value(["Early stopping"]).run()
    assert "Stopped after" in texts(app) and validation_loss(app) < before / 2 and "It overfits" not in texts(app)
    app.select_slider(key="learn.overfitting.examples").set_value(20).run()
    app.segmented_control(key="learn.overfitting.units").set_value(3).run()
    app.slider(key="learn.overfitting.epoch").set_value(0).run()
    assert not app.exception and "It has not learned much yet." in texts(app)


def validation_loss(app):
    return float(re.search(r"Validation: .* loss ([\d.]+)\. ", texts(app))[1])


def test_the_glossary_is_searched(app):
    app.run()
    app.session_state["learn.tab"] = "Glossary"
    app.switch_page("pages/learn.py").run()
    assert html(app).count("<dt>") == len(TERMS)
    app.text_input(key="learn.search").input("epoch").run()
    assert html(app).count("<dt>") < 10 and "<dt>epoch</dt>" in html(app)
    app.text_input(key="learn.search").input("<b>xyz").run()
    assert not app.exception and "No terms match" in texts(app)


def test_a_link_opens_a_term_and_its_relations_are_a_click_away(app):
    app.run()
    app.query_params["term"] = "Learning rates"
    app.switch_page("pages/learn.py").run()
    assert f"**learning rate**: {TERMS['learning rate'].meaning}" in texts(app)
    app.button(key="learn.related.optimizer").click().run()
    assert (
        f"**optimizer**: {TERMS['optimizer'].meaning}" in texts(app)
        and "".join(app.query_params["term"]) == "optimizer"
    )
    next(button for button in app.button if button.label == "Close").click().run()
    assert "term" not in app.query_params and "learn.asked" not in texts(app)


def test_an_unknown_term_is_a_sentence(app):
    app.run()
    app.query_params["term"] = "[x](javascript:1)"
    app.switch_page("pages/learn.py").run()
    assert not app.exception and "not in the glossary" in texts(app)
