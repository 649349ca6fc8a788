"""The form of the Train page: its configuration is the one that was entered, and the URL names it.

Longer than 300 lines because the form has every setting.
"""

from dataclasses import fields, replace
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from harness.waiting import TIMEOUT_SECONDS
from trainer.config.layers import LAYERS, Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Rescaling
from trainer.config.limits import CHOICES
from trainer.config.optimizers import OPTIMIZERS
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.data import datasets
from trainer.runs.store import RunStore
from ui import dataset_loader

pytestmark = pytest.mark.slow  # runs the app

FIRST = PRESETS["tutorial_a"].config


def page():
    import streamlit as st

    from ui.train import draft, form, lessons

    edited = form.read(st.session_state.get("begin"))
    st.session_state.config = edited.config
    lessons.select(edited.draft, edited.link)
    form.render_undo(edited.draft)
    lessons.render_note(edited.link)
    form.render_change(edited)
    form.render(edited, st.session_state.engine.bfloat16)
    st.button("Try this", on_click=draft.load, args=(st.session_state.get("suggested"), True))


@pytest.fixture
def app(few_digits, runs_directory, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    datasets.load()
    app = AppTest.from_function(page, default_timeout=TIMEOUT_SECONDS)
    app.session_state.engine = SimpleNamespace(bfloat16=False, runs=RunStore(runs_directory))
    return app


def control(app, kind, name):
    """Return the control of a setting by its name, of the layer or the optimizer as well."""
    return next(element for element in app.get(kind) if element.key.split(".")[-1] == name)


def texts(app):
    kinds = (app.markdown, app.caption, app.html)
    return "\n".join(element.value if hasattr(element, "value") else element.body for kind in kinds for element in kind)


def config(app):
    assert not app.exception, app.exception
    return app.session_state.config


def link(app):
    """Return the configuration that the URL names."""
    return TrainingConfig.from_link("".join(app.query_params["config"]))


def layers(app):
    return [layer for _, layer in app.session_state.draft.layers]


def layer_key(app, place):
    return app.session_state.draft.layers[place][0]


def open_layer(app, place):
    app.button(key=f"{layer_key(app, place)}.open").click().run()


def unfold(app):
    """Show the settings that are folded away, at the next run; a browser keeps them unfolded."""
    app.session_state["more"] = True
    app.run()


# --- layers ---------------------------------------------------------------------------------------------------


def test_a_new_visitor_sees_tutorial_a_with_its_layers(app):
    app.run()
    assert config(app) == FIRST and not app.query_params
    shown = texts(app)
    assert "**640,890 parameters** · 640,064 multiply-adds" in shown
    for fact in ("615,440", "96 %", "25,120", "4 %", "330"):
        assert fact in shown
    labels = [button.label for button in app.button]
    assert {"**flatten_1** ", "**dense_2** 784 relu"} <= set(labels) and "Remove dense_2" not in labels
    open_layer(app, 1)
    assert "784 inputs × 784 units + 784 biases = 615,440" in texts(app)
    assert {"Move dense_2 up", "Move dense_2 down", "Remove dense_2"} <= {button.label for button in app.button}


@pytest.mark.parametrize("kind", LAYERS)
def test_every_kind_of_layer_can_be_added_and_inserted(app, kind):
    app.run()
    app.menu_button(key="add_layer").click(kind).run()
    assert layers(app) == [*FIRST.layers, LAYERS[kind]()]
    open_layer(app, 0)
    app.menu_button(key=f"{layer_key(app, 0)}.insert").click(kind).run()
    assert layers(app) == [Flatten(), LAYERS[kind](), *FIRST.layers[1:], LAYERS[kind]()]
    assert (config(app) is None) == LAYERS[kind].images_only


def test_layers_can_be_edited_moved_and_removed_and_every_edit_undone(app):
    app.run()
    app.menu_button(key="add_layer").click("Dense").run()
    key = layer_key(app, 3)
    control(app, "number_input", "units").set_value(7).run()
    control(app, "selectbox", "activation").set_value("leaky_relu").run()
    assert config(app).layers[3] == Dense(7, "leaky_relu")
    app.button(key=f"{key}.arrow_upward").click().run()
    assert config(app).layers[2:] == (Dense(7, "leaky_relu"), Dense(32, "relu"))
    app.button(key=f"{key}.arrow_downward").click().run()
    open_layer(app, 1)
    app.button(key=f"{layer_key(app, 1)}.close").click().run()
    assert config(app).layers == (Flatten(), Dense(32, "relu"), Dense(7, "leaky_relu"))
    for _ in range(6):
        app.button(key="undo").click().run()
    assert config(app) == FIRST and app.button(key="undo").disabled


def test_every_setting_of_a_layer_reaches_the_configuration(app):
    app.session_state.begin = replace(FIRST, layers=(Conv2D(4),))
    app.run()
    open_layer(app, 0)
    for name, value in {"filters": 5, "kernel_size": 2, "strides": 3}.items():
        control(app, "number_input", name).set_value(value).run()
    for name, value in {"padding": "valid", "activation": "gelu"}.items():
        control(app, "selectbox", name).set_value(value).run()
    control(app, "checkbox", "use_bias").uncheck().run()
    assert config(app).layers == (Conv2D(5, 2, 3, "valid", False, "gelu"),)
    assert "2 × 2 pixels × 1 channel × 5 filters = 20" in texts(app)


def test_a_layer_that_does_not_work_shows_its_error_and_keeps_its_place(app):
    app.run()
    app.menu_button(key="add_layer").click("MaxPooling2D").run()
    assert config(app) is None
    assert "Layer 4, MaxPooling2D, works on images" in app.error[0].value
    assert "move MaxPooling2D up, before Flatten" in app.error[0].value
    assert "does not work here" in texts(app) and "615,440" in texts(app)
    key = layer_key(app, 3)
    for _ in range(3):
        app.button(key=f"{key}.arrow_upward").click().run()
    assert config(app).layers == (MaxPooling2D(2), *FIRST.layers) and not app.error
    assert "reshape_1" in texts(app) and "added: the channel axis" in texts(app)  # added by itself, and why


def test_an_invalid_value_of_a_layer_gives_an_error_beside_it(app):
    app.run()
    open_layer(app, 1)
    control(app, "number_input", "units").set_value(5000).run()
    assert config(app) is None and "Dense units must be a whole number between 1 and 2,048" in app.error[0].value
    control(app, "number_input", "units").set_value(100).run()
    assert config(app).layers[1] == Dense(100, "relu") and not app.error


def test_a_network_that_is_too_large_gives_an_error(app):
    app.session_state.begin = replace(FIRST, layers=(Dense(2048), Dense(1500)))
    app.run()
    open_layer(app, 0)
    control(app, "number_input", "units").set_value(2048).run()
    app.menu_button(key="add_layer").click("Dense").run()
    control(app, "number_input", "units").set_value(2048).run()
    assert config(app) is None and "at most 5,000,000 parameters" in app.error[0].value


# --- settings -------------------------------------------------------------------------------------------------

ANOTHER = {
    "learning_rate": 0.5,
    "schedule": "cosine",
    "loss": "mean_squared_error",
    "batch_size": 7,
    "epochs": 3,
    "validation_split": 0.25,
    "patience": 2,
    "training_examples": 300,
    "synthetic_examples": 50,
    "own_examples": 40,
    "l2": 0.001,
    "shift": 1.5,
    "rotation": 10.0,
    "zoom": 0.2,
    "kernel_initializer": "he_normal",
    "seed": 5,
    "time_limit": 60,
}


def test_every_setting_is_tested():
    asked = {item.name for item in fields(TrainingConfig)} - {"layers", "optimizer", "dtype", "dataset"}
    assert set(ANOTHER) == asked


def test_each_setting_reaches_the_configuration_and_the_url(app):
    app.run()
    assert not any(box.label == "Seed" for box in app.number_input)
    expected = FIRST
    for name, value in ANOTHER.items():
        unfold(app)
        box = control(app, "selectbox" if name in CHOICES else "number_input", name)
        box.set_value(value).run()
        expected = replace(expected, **{name: value})
        assert config(app) == link(app) == expected
    assert "Validation split 0.25" in app.expander[0].label


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_comes_with_its_settings_and_its_default_learning_rate(app, name):
    app.run()
    control(app, "selectbox", "optimizer").set_value(name).run()
    unfold(app)
    kind = OPTIMIZERS[name]
    assert (config(app).optimizer, config(app).learning_rate) == (kind(), kind.default_learning_rate)
    for item in fields(kind):
        control(app, "number_input", item.name).set_value(0.5)
    unfold(app)
    assert config(app).optimizer == kind(**{item.name: 0.5 for item in fields(kind)})


@pytest.mark.parametrize(
    "name, value, sentence",
    [
        ("epochs", 0, "Epochs must be a whole number between 1 and 200"),
        ("batch_size", -3, "Batch size must be a whole number"),
        ("validation_split", 1.0, "Validation split must be between 0 and 0.5"),
        ("learning_rate", 1e9, "Learning rate must be between 0.000001 and 100"),
        ("momentum", 1.0, "SGD momentum must be at least 0 and below 1"),
        ("training_examples", 1, "Training examples must be"),
        ("rotation", 90.0, "Rotation must be"),
    ],
)
def test_a_value_beyond_its_limits_gives_an_error(app, name, value, sentence):
    unfold(app)
    control(app, "number_input", name).set_value(value).run()
    assert config(app) is None and sentence in app.error[0].value


def test_pixels_from_0_to_255_add_a_first_layer(app):
    unfold(app)
    control(app, "selectbox", "pixels").set_value("0 to 255").run()
    assert config(app).layers == (Rescaling(255.0), *FIRST.layers)
    app.button(key=f"{layer_key(app, 0)}.close").click().run()
    assert config(app) == FIRST
    unfold(app)
    assert control(app, "selectbox", "pixels").value == "0 to 1"
    control(app, "selectbox", "pixels").set_value("0 to 255").run()
    unfold(app)
    control(app, "selectbox", "pixels").set_value("0 to 1").run()
    assert config(app) == FIRST


def test_bfloat16_can_be_selected_if_the_processor_supports_it(app):
    unfold(app)
    assert control(app, "selectbox", "dtype").disabled and "does not support bfloat16" in texts(app)
    app.session_state.engine.bfloat16 = True
    unfold(app)
    control(app, "selectbox", "dtype").set_value("mixed_bfloat16").run()
    assert config(app).dtype == "mixed_bfloat16"


def test_the_steps_of_an_epoch_follow_from_the_data_set(app, monkeypatch):
    app.session_state.begin = TrainingConfig(batch_size=40, epochs=3, validation_split=0.1, synthetic_examples=50)
    app.run()  # 500 digits to learn from
    assert "Trains on **450** digits and 50 pen digits; 50 are kept for validation" in texts(app)
    assert "Each epoch takes **13** steps of 40: 39 steps in 3 epochs" in texts(app)
    first = replace(datasets.load(), is_complete=False)  # synthetic digits, while the rest is drawn
    monkeypatch.setattr(dataset_loader, "available", lambda name="mnist": first)
    app.run()
    assert "Trains on **13,500** digits and 50 pen digits; 1,500 are kept for validation" in texts(app)
    assert "Training begins once all of these synthetic digits are drawn." in texts(app)


# --- presets, links, the URL ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fills_the_form_and_has_its_own_link(app, name):
    app.run()
    app.selectbox[0].set_value(name).run()
    assert config(app) == PRESETS[name].config and PRESETS[name].note in texts(app)
    assert "".join(app.query_params.get("preset", "")) in (name, "")
    assert f"](?preset={name})" in texts(app)

    visitor = AppTest.from_function(page, default_timeout=TIMEOUT_SECONDS)
    visitor.session_state.engine = SimpleNamespace(bfloat16=False, runs=app.session_state.engine.runs)
    visitor.query_params["preset"] = name
    visitor.run()
    assert config(visitor) == PRESETS[name].config and visitor.selectbox[0].value == name
    assert visitor.button(key="undo").disabled


def test_a_link_opens_a_whole_configuration_and_other_parameters_stay(app):
    asked = replace(PRESETS["best_cnn"].config, seed=3)
    app.query_params["config"] = asked.to_link()
    app.query_params["run"] = "some-run"
    app.run()
    assert config(app) == asked and link(app) == asked
    unfold(app)
    control(app, "number_input", "seed").set_value(0).run()
    assert {name: "".join(value) for name, value in app.query_params.items()} == {
        "preset": "best_cnn",
        "run": "some-run",
    }


@pytest.mark.parametrize(
    "name, text",
    [
        ("config", "abc"),
        ("config", ""),
        ("config", FIRST.to_link()[:-4]),
        ("config", "A" * 5000),
        ("preset", "tutorial_z"),
        ("preset", "../../etc"),
    ],
)
def test_a_damaged_link_gives_an_error_above_a_working_form(app, name, text):
    app.query_params[name] = text
    app.run()
    assert config(app) == FIRST and app.error[0].value.endswith(".")
    app.run()
    assert app.error
    control(app, "number_input", "epochs").set_value(3).run()
    assert not app.error and link(app) == replace(FIRST, epochs=3)


def test_back_undoes_an_edit(app, monkeypatch):
    app.run()
    app.selectbox[0].set_value("tutorial_b").run()
    control(app, "number_input", "epochs").set_value(3).run()
    edited = app.query_params.pop("config")
    app.query_params["preset"] = "tutorial_b"
    app.run()  # a slow browser still sends the old URL: nothing is lost
    assert config(app).epochs == 3 and app.query_params["config"] == edited
    app.query_params.pop("config")
    app.query_params["preset"] = "tutorial_b"
    monkeypatch.setattr("ui.train.link.SETTLE_SECONDS", -1.0)  # long after the edit
    app.run()
    assert config(app) == PRESETS["tutorial_b"].config


def test_a_suggestion_is_loaded_marked_and_undone(app):
    app.session_state.suggested = replace(
        FIRST, learning_rate=0.1, l2=0.001, layers=(Flatten(), Dense(9), Dropout(0.2))
    )
    app.run()
    app.button[-1].click().run()
    assert config(app) == app.session_state.suggested == link(app)
    assert "**Changed:** 2 layers, learning rate 0\\.01 to 0\\.1, L2 0 to 0\\.001" in texts(app)
    draft = app.session_state.draft
    assert draft.marked == {"learning_rate", "l2", draft.layers[1][0], draft.layers[2][0]}
    assert control(app, "number_input", "l2").value == 0.001  # what was folded away is unfolded
    control(app, "number_input", "epochs").set_value(3).run()
    assert not draft.marked and "Changed" not in texts(app)  # until the next edit
    app.button(key="undo").click().run()
    app.button(key="undo").click().run()
    assert config(app) == FIRST
