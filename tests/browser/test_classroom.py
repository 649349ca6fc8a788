"""A class in the browser: a teacher opens it, a pupil joins, follows, is frozen, trains, and stands on the board."""

import re

from playwright.sync_api import Browser, Page, expect

from harness.browser import choose_preset, open_from_menu, settled_page, train
from harness.server import Server
from trainer.classroom.classrooms import Classrooms
from trainer.runs.owner import owner_hash
from ui.classroom import membership


def join(page: Page, server: Server, nickname: str) -> None:
    """Let the browser of a page join the only class, as its page does."""
    (classroom,) = Classrooms(server.runs).all()
    (owner,) = [one["value"] for one in page.context.cookies() if one["name"] == "digit_lab_owner"]
    classroom.join(owner_hash(owner), nickname)
    folder = server.runs / "drawings" / owner_hash(owner)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / membership.FILE).write_text(classroom.code)


def test_a_teacher_leads_a_class(page: Page, browser: Browser, own_server: Server) -> None:
    page.goto(f"{own_server.url}/classroom")
    page.get_by_role("button", name="Open a class").click()
    page.get_by_role("textbox", name="Title").fill("6b")
    page.get_by_role("dialog").get_by_role("button", name="Open", exact=True).click()
    expect(page.get_by_text(re.compile("classroom\\?teach="))).to_be_visible()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Nobody has joined yet")).to_be_visible()

    pupil = settled_page(browser)
    pupil.goto(f"{own_server.url}/data")
    expect(pupil.get_by_role("heading", level=1)).to_be_visible()
    join(pupil, own_server, "Ada")
    pupil.reload()
    expect(page.get_by_text("1 has joined")).to_be_visible()
    page.get_by_role("radio", name="Pupils").click()
    expect(page.get_by_text("Nothing yet")).to_be_visible()

    page.get_by_role("button", name="Freeze training").click()
    expect(pupil.get_by_text("Training is frozen")).to_be_visible()
    page.get_by_role("button", name="Unfreeze training").click()
    expect(pupil.get_by_text("Training is frozen")).to_be_hidden()

    page.get_by_role("combobox", name="Open this on every screen").fill("Tutorial B")
    page.get_by_role("option", name="Train: Tutorial B").click()
    page.get_by_role("button", name="Open on every screen").click()
    pupil.wait_for_url(re.compile("/train\\?preset="))

    choose_preset(pupil, "Tutorial B", epochs=1)
    train(pupil)
    expect(page.get_by_text(re.compile("^✓ Finished: "))).to_be_visible()
    page.get_by_role("radio", name="Board").click()
    expect(page.get_by_role("cell", name="Ada")).to_be_visible()
    expect(page.get_by_role("cell", name="7,960")).to_be_visible()
    open_from_menu(page, "Data")
    expect(page.get_by_role("heading", level=1)).not_to_have_text("6b")
    pupil.context.close()
