"""Scenarios over MCP by streamable HTTP, on this machine alone: a bearer token is a sitting of one scenario.

The protocol of 2026-07-28 has no sessions that a state could belong to, so the state belongs to the token: each has an
MCP server of its own behind the one address, and whoever holds another token cannot reach it.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from pipeline.evaluation.mcp_server import Session

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

HOST = "127.0.0.1"
PATH = "/mcp"
_LOCAL = TransportSecuritySettings(  # no page of another site reaches it by a name that points here
    enable_dns_rebinding_protection=True, allowed_hosts=[f"{HOST}:*"], allowed_origins=[f"http://{HOST}:*"]
)


class Gate:
    """Hands a request to the server of its token; without a token that is known there is nothing here."""

    def __init__(self, sittings: Mapping[str, StreamableHTTPSessionManager]) -> None:
        self._sittings = sittings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        kind, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        known = [one for one in self._sittings if secrets.compare_digest(given.encode(), one.encode())]
        if kind == "Bearer" and known:
            await self._sittings[known[0]].handle_request(scope, receive, send)
            return
        refused = PlainTextResponse("no such token", status_code=401, headers={"WWW-Authenticate": "Bearer"})
        await refused(scope, receive, send)


def app_of(sessions: Mapping[str, Session]) -> Starlette:
    """Return the application that serves each session to the holder of its token."""
    managers = {
        token: StreamableHTTPSessionManager(session.server(), security_settings=_LOCAL)
        for token, session in sessions.items()
    }

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for manager in managers.values():
                await stack.enter_async_context(manager.run())
            yield

    return Starlette(routes=[Route(PATH, endpoint=Gate(managers))], lifespan=lifespan)


def new_tokens(number: int) -> list[str]:
    """Return so many tokens that nobody guesses."""
    return [secrets.token_urlsafe(24) for _ in range(number)]


def bound(port: int) -> tuple[socket.socket, str]:
    """Return a listening socket of the loopback interface at a port, 0 for any free one, and the address for clients.

    Raises:
        OSError: if the port is taken.
    """
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((HOST, port))
        taken.listen()
    except OSError:
        taken.close()
        raise
    return taken, f"http://{HOST}:{taken.getsockname()[1]}{PATH}"


async def serve_http(sessions: Sequence[Session], tokens: Sequence[str], at: socket.socket) -> None:
    """Serve each session to the holder of the token in the same place, until interrupted."""
    import uvicorn

    app = app_of(dict(zip(tokens, sessions, strict=True)))
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    await uvicorn.Server(config).serve(sockets=[at])
