"""Ownership of runs: tabs of a first visit, browsers without cookies, and the recovery link."""

from playwright.sync_api import Browser, Page, expect

from harness.browser import settled_page
from harness.server import Server


def recovery_link(page: Page) -> str:
    page.locator(".st-key-frame").get_by_role("button", name="Show my recovery link").click()
    code = page.get_by_role("dialog").get_by_test_id("stCode")
    expect(code).to_contain_text("owner=")
    return code.inner_text().strip()


def token(page: Page) -> str:
    return recovery_link(page).partition("owner=")[2]


def test_two_tabs_of_a_first_visit_have_one_owner_that_another_browser_can_become(
    browser: Browser, server: Server
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    tabs = [context.new_page() for _ in range(2)]
    for tab, address in zip(tabs, (server.url, server.train), strict=True):
        tab.evaluate("url => void setTimeout(() => location.assign(url))", address)  # both before either answers
    links = [recovery_link(tab) for tab in tabs]
    owner = links[0].partition("owner=")[2]
    assert links[1].partition("owner=")[2] == owner and links[1].startswith(server.train)
    (cookie,) = [one for one in context.cookies() if one["name"].startswith("digit_lab")]
    assert (cookie["name"], cookie["value"]) == ("digit_lab_owner", owner)
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    context.close()

    other = settled_page(browser)
    other.goto(links[1])
    expect(other.get_by_text("are now yours in this browser")).to_be_visible()
    other.wait_for_url(lambda url: "owner=" not in url)
    other.goto(server.url)
    assert token(other) == owner
    other.close()


def test_a_link_of_another_owner_replaces_nobody_without_being_asked(page: Page, server: Server) -> None:
    page.goto(server.url)
    own, linked = token(page), "L" * 32
    page.goto(f"{server.url}/runs?owner={linked}")
    use = page.get_by_role("link", name="Use the link")
    expect(use).to_be_visible()
    page.wait_for_url(lambda url: "owner=" not in url)
    assert token(page) == own
    with page.context.expect_page() as opened:
        page.get_by_role("dialog").get_by_role("button", name="Close").click()
        use.click()
    expect(opened.value.get_by_text("are now yours in this browser")).to_be_visible()
    assert token(opened.value) == linked


def test_in_a_frame_of_another_site_the_page_says_that_no_cookie_is_kept(page: Page, server: Server) -> None:
    page.goto(f"{server.url.replace('127.0.0.1', 'localhost')}/_stcore/health")  # for a browser, another site
    page.set_content(f'<iframe src="{server.url}/runs" width="1200" height="900"></iframe>')
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("This browser keeps no cookie for Digit Lab")).to_be_visible()
    frame.get_by_role("button", name="Show my recovery link").last.click()
    link = frame.get_by_role("dialog").get_by_test_id("stCode")
    expect(link).to_contain_text("owner=")
    owner = link.inner_text().strip().partition("owner=")[2]
    page.goto(f"{server.url}/runs?owner={owner}")  # in a tab of its own, this browser keeps cookies
    expect(page.get_by_text("are now yours in this browser")).to_be_visible()
    assert token(page) == owner
