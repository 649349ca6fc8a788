"""What the app adds to Streamlit's web server: the owner's cookie, redirects, no metrics for strangers, many files."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import runtime

from trainer import UserError
from trainer.classroom.classrooms import Classrooms
from ui import entry
from ui.owner_cookie import OwnerCookie, is_page_request

STREAMLIT_FOLDERS = {"_stcore", "component", "media", "static"}  # what Streamlit serves besides pages
METRICS = "/_stcore/metrics"  # of every session, with its memory; Streamlit has no setting that closes it
RELEASE_SECONDS = 10.0  # between two looks for departed sessions
PURGE_SECONDS = 3600.0  # between two looks for classes that have expired
COLLECT_SECONDS = 60.0  # between two collections of what they left: each stops everybody for 0.2 s
MAX_OPEN_FILES = 65_536  # a session keeps 4: its websocket and its event loop

_log = logging.getLogger(__name__)


class NoMetrics:
    """ASGI middleware: Streamlit's metrics are not found."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].rstrip("/").endswith(METRICS):
            await PlainTextResponse("Not Found", 404)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class UnknownPages:
    """ASGI middleware: an address without a page leads to Draw with the same query, and so does "/draw".

    Streamlit serves the first page only at "/". At every other unknown address it shows it under a dialog, "Page not
    found", which takes the first stroke.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_page_request(scope) and not _is_known(scope["path"]):
            # Relative, since a proxy may serve the app in a folder.
            folder = "../" * (scope["path"].count("/") - 1) or "./"
            query = scope["query_string"].decode("latin-1")
            await RedirectResponse(f"{folder}?{query}" if query else folder)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _is_known(path: str) -> bool:
    """Tell whether Streamlit shows a page at a path or serves something else there."""
    base = st.get_option("server.baseUrlPath").strip("/")
    first, *rest = path.removeprefix(f"/{base}").strip("/").split("/")
    if first in STREAMLIT_FOLDERS or "." in (rest or [first])[-1]:
        return True
    return not rest and first in {"", *(page.name for page in entry.PAGES)} - {entry.HOME}


MIDDLEWARE = (Middleware(NoMetrics), Middleware(UnknownPages), Middleware(OwnerCookie))


def raise_open_file_limit() -> None:
    """Raise the number of files that this process may open from the usual 1,024, which 250 sessions exhaust."""
    if sys.platform == "win32":
        return  # it has no such limit
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(OSError, ValueError):  # macOS has a lower limit that it does not report
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Release the memory of departed sessions, and delete expired classes, while the server runs."""
    tasks = [asyncio.create_task(work()) for work in (_release_departed_sessions, _purge_classes)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def _purge_classes() -> None:
    classrooms = Classrooms(run_root())
    while True:
        try:
            await asyncio.to_thread(classrooms.purge)
        except UserError as error:
            _log.warning("expired classes could not be deleted: %s", error)
        await asyncio.sleep(PURGE_SECONDS)


def run_root() -> Path:
    """Return the run folder."""
    return Path(os.environ.get("DIGITLAB_RUNS") or Path(__file__).parents[1] / "runs").absolute()


async def _release_departed_sessions() -> None:
    """Release sessions whose browsers did not return in time; Streamlit itself waits until another one departs."""
    stored = runtime.get_instance()._session_mgr._session_storage._cache
    pause = min(RELEASE_SECONDS, max(1, st.get_option("server.disconnectedSessionTTL") / 2))
    departed: set[str] = set()
    collected = -math.inf
    while True:
        await asyncio.sleep(pause)
        stored.expire()
        if time.monotonic() - collected >= COLLECT_SECONDS and departed != (departed := set(stored)):
            gc.collect()  # a session refers to itself: those of a class that reloads would pile up
            collected = time.monotonic()
