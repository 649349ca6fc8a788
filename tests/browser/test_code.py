"""The code panel in a browser: the Keras program of a configuration, shown and downloaded."""

import ast
import json

from playwright.sync_api import expect

from harness.browser import choose_preset
from trainer.config.presets import PRESETS
from trainer.sharing import keras_program


def test_the_code_of_the_form_is_shown_and_can_be_downloaded(server, page):
    page.goto(f"{server.train}?preset=perceptron")
    panel = page.locator(".st-key-code")
    expect(panel).to_have_count(1)
    panel.locator("summary").click()
    code = panel.get_by_test_id("stCode")
    expect(code).to_contain_text("batch_size=32")
    choose_preset(page, "Small CNN")
    expect(code).to_contain_text("layers.Conv2D(16, 5")
    wanted = keras_program.script(PRESETS["small_cnn"].config)
    with page.expect_download() as script:
        panel.get_by_role("button", name="Script").click()
    assert script.value.suggested_filename == "digit_lab.py"
    assert script.value.path().read_text(encoding="utf-8") == wanted
    with page.expect_download() as notebook:
        panel.get_by_role("button", name="Notebook").click()
    assert notebook.value.suggested_filename == "digit_lab.ipynb"
    cells = json.loads(notebook.value.path().read_text(encoding="utf-8"))["cells"]
    source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert ast.dump(ast.parse(source)) == ast.dump(ast.Module(ast.parse(wanted).body[1:], []))


def test_on_a_phone_the_code_scrolls_and_not_the_page(server, page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{server.train}?preset=best_cnn")
    panel = page.locator(".st-key-code")
    expect(panel).to_have_count(1)
    panel.locator("summary").click()
    expect(panel.get_by_test_id("stCode")).to_contain_text("class Augmentation")
    expect(panel.get_by_role("button", name="Pen digits")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
