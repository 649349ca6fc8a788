"""Addresses of the app: those without a page lead to Draw."""

import asyncio
from typing import Any

import pytest

from ui.server import UnknownPages


def redirect(path: str, query: str = "", accept: str = "text/html,*/*") -> str | None:
    """Return where a request is sent, or None if the app answers it."""
    sent: list[Any] = []

    async def app(*_: Any) -> None: ...

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode()}
    scope["headers"] = [(b"accept", accept.encode())]
    asyncio.run(UnknownPages(app)(scope, app, send))
    return dict(sent[0]["headers"])[b"location"].decode() if sent else None


@pytest.mark.parametrize(
    "path, query, location",
    [
        ("/draw", "", "./"),
        ("/draw", "run=20260101-000000-abcdef&present=1", "./?run=20260101-000000-abcdef&present=1"),
        ("/draw/", "term=%C3%A9poque", "../?term=%C3%A9poque"),
        ("/nothing", "", "./"),
        ("/train/nothing", "", "../"),
    ],
)
def test_an_address_without_a_page_leads_to_draw_with_its_query(path: str, query: str, location: str) -> None:
    assert redirect(path, query) == location


@pytest.mark.parametrize("path", ["/", "/train", "/inside/", "/_stcore/health", "/media/network.onnx", "/favicon.png"])
def test_pages_and_what_streamlit_serves_are_left_alone(path: str) -> None:
    assert redirect(path) is None


def test_requests_of_scripts_and_tools_are_left_alone() -> None:
    assert redirect("/draw", accept="*/*") is None
