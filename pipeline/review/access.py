"""Who may have anything: readers with the token of this run, on this machine, from the page itself.

The token stands in the link that the terminal shows. Whoever opens it gets a session: a cookie that scripts cannot
read and other sites cannot send, of which only the hash is kept. Names of hosts other than the loopback's are refused,
so that no foreign name can be pointed here (DNS rebinding); so is any request that another origin makes.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pipeline.review.store import LabelStore

_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?")
_NOTHING = "Nothing here. Open the link that `impress review` shows in the terminal."

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Content security policy of what is no page."""


class Access:
    """Sessions, and the token that begins one.

    Args:
        store: keeps the hashes of sessions, so that readers go on after a restart.
        token: of this run; made up if left out.
    """

    def __init__(self, store: LabelStore, token: str | None = None) -> None:
        self.token = token or secrets.token_urlsafe(24)
        self._store = store
        self.cookie = f"impress_review_{hashlib.sha256(str(store.path.resolve()).encode()).hexdigest()[:8]}"

    def begin(self, token: str) -> Response | None:
        """Return the answer that begins a session and leads to the page; ``None`` for a wrong token."""
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return None
        session = secrets.token_urlsafe(32)
        self._store.sign_in(_digest(session))
        # A redirect would be part of the other site's navigation and go without the cookie; this page's own does not.
        page = '<!doctype html><html lang="en"><title>Review</title><meta http-equiv="refresh" content="0; url=/">'
        answer = Response(page, media_type="text/html")
        answer.set_cookie(self.cookie, session, httponly=True, samesite="strict", path="/", max_age=30 * 86400)
        return answer

    def reader(self, request: Request) -> str | None:
        """Return who asks: empty for a session without a name yet, ``None`` for no session."""
        session = request.cookies.get(self.cookie)
        return None if session is None else self._store.reader_of(_digest(session))

    def name(self, request: Request, reader: str) -> None:
        """Give the session of a request its reader."""
        self._store.sign_in(_digest(request.cookies[self.cookie]), reader)


class Guard:
    """Lets through what readers ask from the page; everybody else gets nothing.

    Args:
        app: what stands behind it.
        access: knows sessions.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        answer = self._turned_away(scope)
        await (answer or self._app)(scope, receive, _with_headers(send))

    def _turned_away(self, scope: Scope) -> Response | None:
        """Return the answer to a request that does not come from the page; ``None`` if it does."""
        headers, request = Headers(scope=scope), Request(scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not _LOOPBACK.fullmatch(host) or (origin is not None and origin != f"http://{host}"):
            return PlainTextResponse(_NOTHING, status_code=403)
        token = request.query_params.get("token")
        if request.method == "GET" and request.url.path == "/" and token is not None:
            return self._access.begin(token) or PlainTextResponse(_NOTHING, status_code=403)
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return PlainTextResponse(_NOTHING, status_code=403)
        reader = self._access.reader(request)
        if reader is None:
            return PlainTextResponse(_NOTHING, status_code=403)
        scope.setdefault("state", {})["reader"] = reader
        return None


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Content-Security-Policy", CLOSED)
        await send(message)

    return sending


def _digest(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()
