"""What the app adds to Streamlit's web server: the owner's cookie, no metrics for strangers, room for many files."""

from __future__ import annotations

import sys

from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.owner_cookie import OwnerCookie

METRICS = "/_stcore/metrics"  # of every session, with its memory; Streamlit has no setting that closes it
MAX_OPEN_FILES = 65_536  # a session keeps 4: its websocket and its event loop


class NoMetrics:
    """ASGI middleware: Streamlit's metrics are not found."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].rstrip("/").endswith(METRICS):
            await PlainTextResponse("Not Found", 404)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


MIDDLEWARE = (Middleware(NoMetrics), Middleware(OwnerCookie))


def raise_open_file_limit() -> None:
    """Raise the number of files that this process may open from the usual 1,024, which 250 sessions exhaust."""
    if sys.platform == "win32":
        return  # it has no such limit
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
