"""A class in the browser: a teacher and three pupils, who join, follow, are frozen, predict, train, and leave."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address

import psutil
from playwright.sync_api import Browser, Page, expect

from harness.browser import choose_preset, digit_strokes, draw, open_from_menu, settled_page, train
from harness.server import Server
from trainer.classroom.classrooms import Classrooms

SAMPLE_SECONDS = 0.2  # between two looks at the sockets


@contextmanager
def watched_sockets(server: Server) -> Iterator[set[str]]:
    """Give the addresses that the server and its processes are connected to meanwhile."""
    found: set[str] = set()
    end = threading.Event()

    def watch() -> None:
        while not end.wait(SAMPLE_SECONDS):
            with suppress(psutil.Error):
                root = psutil.Process(server.process.pid)
                for process in (root, *root.children(recursive=True)):
                    with suppress(psutil.Error):  # it has just ended
                        found.update(one.raddr.ip for one in process.net_connections("inet") if one.raddr)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        end.set()
        watcher.join()


def join(browser: Browser, server: Server, nickname: str) -> Page:
    """Join the only class by its link, as a new visitor, and return their page."""
    (classroom,) = Classrooms(server.runs).all()
    page = settled_page(browser)
    page.goto(f"{server.url}/classroom?class={classroom.code}")
    page.get_by_role("textbox", name="Nickname").fill(nickname)
    page.get_by_role("button", name="Join", exact=True).click()
    expect(page.get_by_text(f"You are {nickname}, number")).to_be_visible()
    return page


def test_a_teacher_leads_a_class(page: Page, browser: Browser, own_server: Server) -> None:
    with watched_sockets(own_server) as connected:
        lead_a_class(page, browser, own_server)
    assert connected and all(ip_address(address.split("%")[0]).is_loopback for address in connected), (
        "nothing is sent away"
    )


def lead_a_class(page: Page, browser: Browser, own_server: Server) -> None:
    page.goto(f"{own_server.url}/classroom")
    page.get_by_role("button", name="Open a class").click()
    page.get_by_role("textbox", name="Title").fill("6b")
    page.get_by_role("dialog").get_by_role("button", name="Open", exact=True).click()
    expect(page.get_by_text(re.compile("classroom\\?teach="))).to_be_visible()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Nobody has joined yet")).to_be_visible()

    pupil, second, third = (join(browser, own_server, nickname) for nickname in ("Ada", "Bob", "Eve"))
    expect(page.get_by_text("3 have joined")).to_be_visible()
    page.get_by_role("radio", name="Pupils").click()
    expect(page.get_by_text("Nothing yet")).to_have_count(3)

    asked = second.get_by_role("heading", name=re.compile("^Draw an? \\d$"))
    draw(second, digit_strokes(int(asked.inner_text()[-1])))
    second.get_by_role("button", name="Save and next").click()
    expect(page.get_by_text("1 of 10")).to_be_visible()
    page.get_by_role("radio", name="Predict").click()
    page.get_by_role("button", name="Ask for predictions").click()
    second.get_by_role("button", name="Predict", exact=True).click()
    expect(second.get_by_text("You predict 90.0 %")).to_be_visible()
    expect(page.get_by_text("1 of 3 pupils have predicted")).to_be_visible()
    third.get_by_role("button", name="Leave the class").click()
    third.get_by_role("button", name="Leave and delete").click()
    expect(third.get_by_role("heading", name="Join a class")).to_be_visible()
    page.get_by_role("radio", name="Pupils").click()
    expect(page.get_by_text("Nothing yet")).to_have_count(2)
    for left in (second, third):
        left.context.close()

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
