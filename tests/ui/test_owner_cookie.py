"""The cookie with a visitor's token: one for each browser, whatever the order of its tabs' requests."""

import asyncio
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from trainer.runs.owner import is_token, new_token
from ui.owner_cookie import CANDIDATE, COOKIE, OwnerCookie, replacement_proof

MINE, OTHER = "M" * 32, "O" * 32


class Browser:
    """A browser's cookies, and the requests that it sends to one server."""

    def __init__(self, server: OwnerCookie, jar: dict[str, str] | None = None, keeps: bool = True) -> None:
        self.jar = dict(jar or {})
        self.set_cookies: list[str] = []  # of the last response
        self._server, self._keeps = server, keeps

    def page(self, query: str = "", scheme: str = "http", accept: str = "text/html,*/*") -> None:
        """Load a page."""
        scope = {"type": "http", "method": "GET", "scheme": scheme, "path": "/train", "query_string": query.encode()}
        self._ask(scope, {"type": "http.response.start", "status": 200, "headers": []}, self.jar, accept)

    def socket(self, sent: dict[str, str] | None = None) -> str:
        """Open a websocket that sends these cookies, by default those of now; return the owner that the app gets."""
        scope = {"type": "websocket", "scheme": "ws", "path": "/_stcore/stream", "query_string": b""}
        seen = self._ask(scope, {"type": "websocket.accept", "headers": []}, self.jar if sent is None else sent, "*/*")
        return seen.get(COOKIE, "")

    def _ask(self, scope: dict[str, Any], answer: dict[str, Any], sent: dict[str, str], accept: str) -> dict[str, str]:
        cookie = "; ".join(f"{name}={value}" for name, value in sent.items())
        scope["headers"] = [(b"accept", accept.encode()), *([(b"cookie", cookie.encode())] if cookie else [])]
        seen: dict[str, str] = {}

        async def app(scope: Any, receive: Any, send: Any) -> None:
            text = dict(scope["headers"]).get(b"cookie", b"").decode()
            seen.update(part.split("=", 1) for part in text.split("; ") if part)
            await send(answer)

        async def send(message: Any) -> None:
            self.set_cookies = [value.decode() for name, value in message["headers"] if name == b"set-cookie"]

        async def receive() -> Any:
            raise AssertionError("the request has no body")

        server, server_app = self._server, self._server.app
        server.app = app
        try:
            asyncio.run(server(scope, receive, send))
        finally:
            server.app = server_app
        for line in self.set_cookies if self._keeps else ():
            name, _, value = line.partition(";")[0].partition("=")
            if "Max-Age=0;" in line:
                self.jar.pop(name, None)
            else:
                self.jar[name] = value
        return seen


@pytest.fixture
def server() -> OwnerCookie:
    async def nothing(*_: Any) -> None: ...

    return OwnerCookie(nothing)


def test_a_new_browser_gets_a_token_that_stays(server: OwnerCookie) -> None:
    browser, other = Browser(server), Browser(server)
    browser.page()
    other.page()
    token = browser.socket()
    assert is_token(token) and token != other.socket()
    assert browser.jar == {COOKIE: token}
    browser.page()
    assert browser.socket() == token


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_tabs_that_open_at_the_same_moment_have_one_owner(server: OwnerCookie, order: Sequence[int]) -> None:
    """Each tab's socket sends the cookies that had arrived by then, and the server gets the sockets in any order."""
    browser, sent = Browser(server), []
    for number in range(3):
        tab = Browser(server)  # asks for its page before the others' cookies have arrived
        tab.page()
        browser.jar |= tab.jar
        if number:  # the first two pages arrived together
            sent.append(dict(browser.jar))
    sent.append({name: browser.jar[name] for name in list(browser.jar)[:1]})
    owners = {browser.socket(sent[place]) for place in order}
    assert len(owners) == 1 and browser.jar == {COOKIE: owners.pop()}


def test_a_handshake_whose_cookies_are_ignored_is_made_up_for_by_the_next_page(server: OwnerCookie) -> None:
    browser = Browser(server)
    browser.page()
    owner = Browser(server, browser.jar, keeps=False).socket()
    browser.page()
    assert browser.jar == {COOKIE: owner} and browser.socket() == owner


def test_the_cookie_of_an_earlier_version_stays_valid_and_is_hidden_from_scripts(server: OwnerCookie) -> None:
    browser = Browser(server, {COOKIE: MINE, "other": "1"})
    browser.page()
    (line,) = browser.set_cookies
    assert line == f"{COOKIE}={MINE}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"
    assert browser.socket() == MINE
    browser.page(scheme="https")
    assert browser.set_cookies[0].endswith("; Secure")


def test_requests_of_a_page_set_no_cookie(server: OwnerCookie) -> None:
    browser = Browser(server)
    browser.page(accept="*/*")
    assert not browser.set_cookies and browser.socket() == ""


@pytest.mark.parametrize("forged", ["", "x", "../" * 10 + "aa", "A" * 4000, '"' + MINE + '"'])
def test_a_forged_cookie_is_no_owner(server: OwnerCookie, forged: str) -> None:
    browser = Browser(server, {COOKIE: forged, CANDIDATE + "x": forged})
    assert browser.socket() in ("", MINE)  # a quoted token is one
    browser.page()
    assert is_token(browser.socket())


def test_a_recovery_link_makes_a_new_browser_the_owner_and_replaces_no_other(server: OwnerCookie) -> None:
    new, own = Browser(server), Browser(server, {COOKIE: OTHER})
    new.page(f"run=1&owner={MINE}")
    own.page(f"owner={MINE}")
    assert (new.socket(), own.socket()) == (MINE, OTHER)
    own.page(f"owner={MINE}&replace={replacement_proof(new_token(), MINE)}")
    assert own.socket() == OTHER
    own.page(f"owner={MINE}&replace={replacement_proof(OTHER, MINE)}")
    assert own.socket() == MINE
    new.page("owner=../etc")
    assert new.socket() == MINE
