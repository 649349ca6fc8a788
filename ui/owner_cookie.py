"""The cookie with a visitor's token, set by the server: scripts on a page cannot read it.

A page of a new browser sets a cookie with a name and a token of its own. The websocket that the page then opens sends
all cookies, and the server settles on one token for this browser. One cookie with one name would not do: of two tabs
that open at the same moment, each would get a token, and the second would replace the first, which already owns a run.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterable
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trainer.runs.owner import is_token, new_token, owner_hash

COOKIE = "digit_lab_owner"
CANDIDATE = "digit_lab_candidate_"  # prefix of a new browser's cookies, until one token is settled
LIFETIME_SECONDS = 365 * 24 * 3600
MAX_SETTLED = 10_000  # tokens in memory; they matter for the seconds in which a new browser's tabs open

LINK, REPLACE = "owner", "replace"  # query parameters of a recovery link


def replacement_proof(current: str, token: str) -> str:
    """Return the value of REPLACE with which a link replaces this owner: only the browser that it is for can know it.

    Without it, a link from somebody else would take away a visitor's own runs.
    """
    return owner_hash(current + token)


class OwnerCookie:
    """ASGI middleware: gives every browser one owner's token, and accepts recovery links.

    Websockets get the settled token as the cookie COOKIE, or none from a browser that keeps no cookies.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._settled: OrderedDict[str, str] = OrderedDict()  # candidate -> the token of its browser

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_websocket = scope["type"] == "websocket"
        if not is_websocket and not is_page_request(scope):
            await self.app(scope, receive, send)
            return
        cookies = HTTPConnection(scope).cookies
        candidates = {name: token for name, token in cookies.items() if name.startswith(CANDIDATE)}
        owner = self._settle(cookies.get(COOKIE, ""), filter(is_token, candidates.values()))
        if is_websocket:
            scope = _with_owner(scope, owner)
        else:
            owner = _linked_owner(scope, owner) or owner
        if owner:
            new = {COOKIE: owner}
        elif is_websocket:  # no page has been loaded before it, or its cookies have been refused
            new = {}
        else:
            new = {CANDIDATE + secrets.token_hex(4): new_token()}

        async def send_with_cookies(message: Message) -> None:
            if message["type"] in ("websocket.accept", "http.response.start"):
                headers = MutableHeaders(scope=message)
                if not is_websocket:
                    headers["Cache-Control"] = "private, no-cache"  # no proxy may give the cookie to others
                secure = scope["scheme"] in ("https", "wss")
                for name, token in new.items():
                    headers.append("Set-Cookie", _set_cookie(name, token, LIFETIME_SECONDS, secure))
                for name in candidates if owner else ():
                    headers.append("Set-Cookie", _set_cookie(name, "", 0, secure))
            await send(message)

        await self.app(scope, receive, send_with_cookies)

    def _settle(self, owner: str, candidates: Iterable[str]) -> str:
        """Return the one token of a browser with these cookies, or "" if it has none.

        Of a browser's websockets, a later one sends the candidates of the earlier ones as well. So all of them settle
        on the same token, in whatever order they arrive.
        """
        if is_token(owner):
            return owner
        found = list(candidates)
        if not found:
            return ""
        owner = next((self._settled[token] for token in found if token in self._settled), found[0])
        for token in found:
            self._settled[token] = owner
            self._settled.move_to_end(token)
        while len(self._settled) > MAX_SETTLED:
            self._settled.popitem(last=False)
        return owner


def is_page_request(scope: Scope) -> bool:
    """Tell whether a browser asks for a page: pages' own requests and tools do not ask for HTML."""
    return (
        scope["type"] == "http" and scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")
    )


def _linked_owner(scope: Scope, current: str) -> str:
    """Return the token of a recovery link that this browser follows, or ""."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    token, proof = query.get(LINK, [""])[0], query.get(REPLACE, [""])[0]
    if is_token(token) and (not current or secrets.compare_digest(proof.encode(), _proof(current, token))):
        return token
    return ""


def _proof(current: str, token: str) -> bytes:
    return replacement_proof(current, token).encode()


def _with_owner(scope: Scope, owner: str) -> Scope:
    """Return a websocket's scope in which COOKIE is the owner's token, whatever the browser sent."""
    parts = [part for value in Headers(scope=scope).getlist("cookie") for part in value.split(";")]
    kept = [part.strip() for part in parts if part.partition("=")[0].strip() != COOKIE]
    kept += [f"{COOKIE}={owner}"] if owner else []
    headers = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
    return {**scope, "headers": [*headers, (b"cookie", "; ".join(kept).encode("latin-1"))]}


def _set_cookie(name: str, token: str, seconds: int, secure: bool) -> str:
    end = "; Secure" if secure else ""
    return f"{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{end}"
