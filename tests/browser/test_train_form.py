"""The form of the Train page in a browser: the URL, the clipboard, the keyboard and a phone."""

import re

from playwright.sync_api import Page, expect

from harness.browser import choose_preset, config_of, settled_page, train
from harness.waiting import wait_for
from trainer.config.presets import PRESETS
from trainer.runs.store import RunStore


def fill(page: Page, name: str, value: str) -> None:
    field = page.get_by_role("spinbutton", name=name)
    field.fill(value)
    field.press("Enter")


def names(page: Page) -> list[str]:
    """Return the names of the layers in the list."""
    return page.locator("[class*=st-key-layer-row] button strong:visible").all_inner_texts()


def test_an_edit_survives_a_reload_and_back_undoes_it(server, page):
    page.goto(f"{server.train}?preset=small_cnn")
    epochs = page.get_by_role("spinbutton", name="Epochs")
    expect(epochs).to_have_value("5")
    fill(page, "Epochs", "7")
    page.wait_for_url("**config=*")
    assert config_of(page.url).epochs == 7
    page.reload()
    expect(epochs).to_have_value("7")
    page.go_back()
    expect(epochs).to_have_value("5")
    assert page.url.endswith("?preset=small_cnn")


def test_an_edit_just_before_train_is_included(server, page):
    page.goto(server.train)
    choose_preset(page, "Tutorial B")
    page.get_by_role("spinbutton", name="Epochs").fill("1")
    run_id = train(page)  # the click itself ends the edit
    assert RunStore(server.runs).get(run_id).config.epochs == 1
    wait_for(lambda: "config=" in page.url)
    assert config_of(page.url).epochs == 1


def test_a_link_copied_by_keyboard_opens_the_same_form(server, page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    page.goto(server.train)
    choose_preset(page, "Small CNN", epochs=3)
    page.wait_for_url("**config=*")
    page.get_by_role("button", name="Copy link").press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(server.url) and len(link) < 2_000
    assert config_of(link).layers == PRESETS["small_cnn"].config.layers and config_of(link).epochs == 3
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_role("spinbutton", name="Epochs")).to_have_value("3")


def test_without_a_clipboard_the_link_is_copied_from_a_selection(server, page):
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(server.train)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()


def test_layers_can_be_moved_removed_and_added_by_keyboard(server, page):
    def press(name: str) -> None:
        button = page.get_by_role("button", name=name)
        expect(button).to_have_count(1)  # while a script runs, the old rows are still there
        button.press("Enter")

    def focused(name: str, exact: bool = False) -> None:
        button = page.get_by_role("button", name=name, exact=exact)
        expect(button).to_have_count(1)
        expect(button).to_be_focused()

    page.goto(server.train)
    press("dense_2 784 relu")
    press("Move dense_2 down")
    focused("Move dense_3 up")  # it is the last one now
    page.keyboard.press("Enter")
    focused("Move dense_2 up")
    press("Remove dense_2")
    focused("dense_2 32 relu", exact=True)
    press("Add layer")
    page.get_by_role("menuitem", name=re.compile("^Dropout")).press("Enter")
    focused("dropout_3 30 %", exact=True)
    assert names(page) == ["flatten_1", "dense_2", "dropout_3"]


def test_a_long_list_fits_a_phone(server, browser):
    page = settled_page(browser, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page.goto(f"{server.train}?preset=best_cnn")
    page.get_by_role("button", name="dropout_14 30 %").tap()
    last = page.get_by_role("button", name="Remove dropout_14")
    last.tap()
    expect(last).to_have_count(0)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    for button in page.locator("[class*=st-key-layer-row] button:visible").all():
        box = button.bounding_box()
        assert box["width"] >= 24 and box["height"] >= 24 and box["x"] + box["width"] <= 390
    page.close()
